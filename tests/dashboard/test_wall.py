"""The wall: a screen that nobody logs in at, and what it may show."""

from __future__ import annotations

import pytest

from lighttrap.model import Role
from lighttrap.store import pool
from tests import showcase
from tests.dashboard.test_frame import shown
from tests.fix_api import a_token
from tests.fix_dashboard import OpenPage, Province


def a_key(where: Province, role: Role) -> str:
    """A token of an org's role, as it stands in an address."""
    with pool.connect(where.dsn) as conn:
        return a_token(conn, showcase.ORG, role)["Authorization"].removeprefix("Bearer ")


def test_token_of_a_viewer_opens_the_wall(open_page: OpenPage, province: Province):
    page = open_page(province, "screens/wall.py", role=None, key=a_key(province, Role.VIEWER))
    assert not page.exception
    assert not page.get("link_button")
    text = shown(page)
    assert "wall-clock" in text
    assert "Số liệu mới nhất" in text
    assert text.count("<tr") == 8
    assert len(page.get("vega_lite_chart")) == 2


def test_token_in_the_address_opens_no_other_page(open_page: OpenPage, province: Province):
    page = open_page(province, role=None, key=a_key(province, Role.VIEWER))
    assert page.get("link_button")


@pytest.mark.parametrize("role", [Role.ADMIN, Role.TECHNICIAN])
def test_token_that_may_change_something_is_refused(open_page: OpenPage, province: Province, role: Role):
    page = open_page(province, "screens/wall.py", role=None, key=a_key(province, role))
    assert page.get("link_button")
    assert "wall-counts" not in shown(page)


def test_token_that_nobody_gave_is_refused(open_page: OpenPage, province: Province):
    page = open_page(province, "screens/wall.py", role=None, key="lt_" + "x" * 43)
    assert page.get("link_button")
    assert not page.exception


@pytest.mark.parametrize("language", ["vi", "km", "en"])
def test_person_who_has_logged_in_sees_the_wall_too(open_page: OpenPage, province: Province, language: str):
    page = open_page(province, "screens/wall.py", Role.VIEWER, lang=language)
    assert not page.exception
    assert "wall-counts" in shown(page)


def test_old_data_turn_the_frame_grey(open_page: OpenPage, own_province: Province):
    with pool.connect(own_province.dsn) as conn:
        conn.execute("UPDATE trap_night SET first_at = first_at - interval '30 hours', last_at = last_at - interval"
                     " '30 hours'")  # fmt: skip
    text = shown(open_page(own_province, "screens/wall.py", Role.VIEWER))
    assert "grayscale(1)" in text
    assert "wall-age wall-old" in text


def test_fresh_data_keep_their_colours(open_page: OpenPage, province: Province):
    assert "grayscale(1)" not in shown(open_page(province, "screens/wall.py", Role.VIEWER))
