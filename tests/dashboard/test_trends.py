from __future__ import annotations

import pytest

from lighttrap.model import Role
from lighttrap.notify.catalogue import LANGUAGES
from lighttrap.store import pool
from tests import showcase
from tests.dashboard.test_frame import shown
from tests.fix_dashboard import OpenPage, Province


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_field_is_told_in_a_sentence_and_drawn(open_page: OpenPage, province: Province, language: str):
    page = open_page(province, "screens/trends.py", Role.VIEWER, lang=language, field="ruong-04")
    assert not page.exception
    # The field's chart and one for each of its traps.
    assert len(page.get("vega_lite_chart")) == 1 + showcase.TRAPS_A_FIELD
    assert "Phường Vĩnh Thạnh" in shown(page)


def test_other_fields_and_last_year_can_stand_beside_it(open_page: OpenPage, province: Province):
    page = open_page(province, "screens/trends.py", Role.VIEWER, field="ruong-04")
    page.multiselect(key="trend_beside").set_value(["last-year", "ruong-01"]).run()
    assert not page.exception
    assert "11 ngày âm lịch" in shown(page)


def test_recount_is_in_force_at_once_and_can_be_undone(open_page: OpenPage, own_province: Province):
    page = open_page(own_province, "screens/trap.py", Role.AGRONOMIST, trap="bd-010")
    page.number_input(key="correction_count").set_value(77)
    page.text_input(key="correction_reason").set_value("đếm lại trong khay")
    page.button[0].click().run()
    assert not page.exception
    assert _corrections(own_province) == [("bd-010", 77, "đếm lại trong khay", "agronomist@dong-bang", None)]
    [undo] = [button for button in page.button if button.label == "Bỏ sửa, lấy lại số máy"]
    undo.click().run()
    [(*_, ended_by)] = _corrections(own_province)
    assert ended_by == "agronomist@dong-bang"


def test_recount_without_a_reason_is_not_sent(open_page: OpenPage, own_province: Province):
    page = open_page(own_province, "screens/trap.py", Role.AGRONOMIST, trap="bd-010")
    page.number_input(key="correction_count").set_value(77)
    page.button[0].click().run()
    assert [toast.value for toast in page.toast] == ["Hãy ghi số đếm lại và lý do."]
    assert _corrections(own_province) == []


def test_trap_of_the_address_that_is_not_there_gives_another_and_no_traceback(open_page: OpenPage, province: Province):
    page = open_page(province, "screens/trap.py", Role.VIEWER, trap="nowhere")
    assert not page.exception
    assert page.selectbox(key="choose_trap").value == "bd-001"
    assert page.get("form") == []


def _corrections(province: Province) -> list[tuple[object, ...]]:
    with pool.connect(province.dsn) as conn:
        return conn.execute("SELECT trap_id, count, reason, author, ended_by FROM correction").fetchall()
