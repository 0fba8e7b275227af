"""Files of a span of nights: which there are, from where, and that what is not final is called so."""

from __future__ import annotations

from datetime import date, timedelta

import httpx2
import pytest

from dashboard.client import COOKIE
from lighttrap.model import Role
from lighttrap.store import pool
from tests.dashboard.test_frame import shown
from tests.fix_dashboard import OpenPage, Province


def links(page: object) -> list[str]:
    return [one.proto.url for one in page.get("link_button")]  # type: ignore[attr-defined]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.VIEWER])
def test_every_file_of_the_page_is_given_to_whoever_sees_its_button(
    open_page: OpenPage, province: Province, role: Role
):
    page = open_page(province, "screens/report.py", role)
    assert not page.exception
    found = links(page)
    assert {url.split("format=")[1] for url in found} == {"csv", "xlsx", "parquet", "geojson"}
    for url in found:
        if url.endswith(("csv", "geojson")):
            answer = httpx2.get(url, headers={"Cookie": f"{COOKIE}={province.sessions[role]}"}, timeout=30)
            assert answer.status_code == 200, answer.text


def test_span_with_a_night_that_is_not_final_is_called_provisional(open_page: OpenPage, own_province: Province):
    with pool.connect(own_province.dsn) as conn:
        conn.execute("UPDATE judged_night SET is_final = true")
    page = open_page(own_province, "screens/report.py", Role.VIEWER)
    # The last night lasts until noon.
    until = date.fromisoformat(str(page.date_input[1].value)) - timedelta(days=1)
    page.date_input[1].set_value(until).run()
    assert "Tạm tính" not in shown(page)
    with pool.connect(own_province.dsn) as conn:
        conn.execute("UPDATE judged_night SET is_final = false WHERE night = %s", (until,))
    page = open_page(own_province, "screens/report.py", Role.VIEWER)
    page.date_input[1].set_value(until).run()
    assert f"Tạm tính: 1 đêm còn chờ số liệu ({until:%d/%m})" in shown(page)


def test_span_the_wrong_way_round_offers_no_file(open_page: OpenPage, province: Province):
    page = open_page(province, "screens/report.py", Role.VIEWER)
    page.date_input[1].set_value(date.fromisoformat(str(page.date_input[0].value)) - timedelta(days=1)).run()
    assert not links(page)
    assert not page.exception
