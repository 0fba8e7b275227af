from __future__ import annotations

import pytest

from lighttrap.model import Role, Work
from lighttrap.store import pool
from tests.dashboard.test_frame import shown
from tests.fix_dashboard import OpenPage, Province

SCREEN = "screens/devices.py"


@pytest.mark.parametrize("role", list(Role))
def test_traps_that_need_somebody_come_first(open_page: OpenPage, province: Province, role: Role):
    page = open_page(province, SCREEN, role)
    assert not page.exception
    text = shown(page)
    assert "Mất tín hiệu (2)" in text
    assert text.index("Mất tín hiệu (2)") < text.index("Đã báo tắt (1)")
    assert "Bẫy 036 (bd-036)" in text


def test_visit_is_written_down_with_its_author(open_page: OpenPage, own_province: Province):
    page = open_page(own_province, SCREEN, Role.TECHNICIAN, trap="bd-007")
    page.button_group(key="visit_work").set_value([Work.TRAY_CLEANED])
    page.number_input(key="visit_battery").set_value(12.3)
    page.text_area(key="visit_note").set_value("khay đầy lá")
    page.button[0].click().run()
    assert not page.exception
    with pool.connect(own_province.dsn) as conn:
        rows = conn.execute("SELECT trap_id, author, work, battery_v, note FROM visit").fetchall()
    assert rows == [("bd-007", "technician@dong-bang", ["tray-cleaned"], 12.3, "khay đầy lá")]
    assert "khay đầy lá" in shown(page)


def test_viewer_is_not_offered_what_the_api_would_refuse(open_page: OpenPage, province: Province):
    assert open_page(province, SCREEN, Role.VIEWER).get("form") == []
    assert open_page(province, SCREEN, Role.TECHNICIAN).button
