from __future__ import annotations

from datetime import date, timedelta

import pytest

from lighttrap.model import Role
from lighttrap.notify.catalogue import LANGUAGES
from tests.dashboard.test_frame import shown
from tests.fix_dashboard import OpenPage, Province

SCREEN = "screens/map.py"


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_map_shows_every_field_with_a_place(open_page: OpenPage, province: Province, language: str):
    page = open_page(province, SCREEN, Role.VIEWER, lang=language)
    assert not page.exception
    assert len(page.get("vega_lite_chart")) == 1
    assert len(page.dataframe[0].value) == 12


def test_slider_goes_back_through_the_nights(open_page: OpenPage, province: Province):
    page = open_page(province, SCREEN, Role.VIEWER)
    last = page.select_slider[0].value
    assert isinstance(last, date)
    before = last - timedelta(days=5)
    page.select_slider[0].set_value(before).run()
    assert not page.exception
    assert before.isoformat() in page.query_params["night"]
    assert f"đêm {before:%d/%m}" in shown(page)
