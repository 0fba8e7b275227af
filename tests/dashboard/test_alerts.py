from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lighttrap.model import Role
from lighttrap.notify.catalogue import LANGUAGES
from lighttrap.store import pool
from tests.dashboard.test_frame import shown
from tests.fix_dashboard import OpenPage, Province

SCREEN = "screens/alerts.py"


def one(province: Province, sql: str, *values: object) -> Any:  # noqa: ANN401 - whatever the statement asks for
    with pool.connect(province.dsn) as conn:
        row = conn.execute(sql, values).fetchone()
    assert row
    return row[0]


def to_approve(province: Province) -> int:
    return int(one(province, "SELECT min(alert_id) FROM delivery WHERE state = 'queued' AND waited = 'approval'"))


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label.startswith(label)).click().run()


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_inbox_has_the_worst_first(open_page: OpenPage, province: Province, language: str):
    page = open_page(province, SCREEN, Role.VIEWER, lang=language)
    assert not page.exception
    text = shown(page)
    assert 0 <= text.index("level-alarm") < text.index('class="level level-warning"') < text.index('level-watch"')


@pytest.mark.parametrize("role", list(Role))
def test_alert_of_the_address_is_told_to_every_role(open_page: OpenPage, province: Province, role: Role):
    page = open_page(province, SCREEN, role, alert=str(to_approve(province)))
    assert not page.exception
    assert "chờ duyệt" in shown(page)
    may_work = role in (Role.ADMIN, Role.AGRONOMIST, Role.TECHNICIAN)
    assert ("Nhận xử lý" in labels(page)) is may_work
    assert ("Duyệt…" in labels(page)) is (role in (Role.ADMIN, Role.AGRONOMIST))


def test_filters_of_the_address_hold_and_can_be_cleared(open_page: OpenPage, province: Province):
    page = open_page(province, SCREEN, Role.VIEWER, kind="device", taken="yes")
    assert "Không có cảnh báo nào với bộ lọc này: Đang mở, Đã nhận, Thiết bị." in "\n".join(
        one.value for one in page.markdown
    )
    press(page, "Bỏ lọc")
    assert "kind" not in page.query_params
    assert "rầy nâu" in shown(page)


def test_alert_is_taken_given_and_commented(open_page: OpenPage, own_province: Province):
    number = to_approve(own_province)
    page = open_page(own_province, SCREEN, Role.TECHNICIAN, alert=str(number))
    press(page, "Nhận xử lý")
    press(page, "Giao cho tôi")
    page.text_area(key="case_comment").set_value("đã gọi Ông Ba")
    press(page, "Lưu ghi chú")
    assert not page.exception
    assert not {"Nhận xử lý", "Giao cho tôi"} & set(labels(page))
    login = "technician@dong-bang"
    [(taken, assignee)] = _rows(own_province, "SELECT acknowledged_by, assignee FROM alert WHERE alert_id = %s", number)
    assert (taken, assignee) == (login, login)
    assert "đã gọi Ông Ba" in shown(page)


def test_whoever_was_slower_is_told_who_was_faster(open_page: OpenPage, own_province: Province):
    number = to_approve(own_province)
    page = open_page(own_province, SCREEN, Role.ADMIN, alert=str(number))
    with pool.connect(own_province.dsn) as conn:
        conn.execute("UPDATE alert SET version = version + 1, acknowledged_at = now(), acknowledged_by = 'Chị Bảy'"
                     " WHERE alert_id = %s", (number,))  # fmt: skip
        conn.execute("INSERT INTO alert_note (alert_id, kind, text, author) VALUES (%s, 'acknowledged', '', 'Chị Bảy')",
                     (number,))  # fmt: skip
    press(page, "Nhận xử lý")
    assert "Chị Bảy nhanh hơn: nhận xử lý" in shown(page)
    assert "Nhận xử lý" not in labels(page)


def test_approval_takes_a_second_tap_that_names_whom_it_tells(open_page: OpenPage, own_province: Province):
    number = to_approve(own_province)
    page = open_page(own_province, SCREEN, Role.AGRONOMIST, alert=str(number))
    assert "1 nông dân sẽ nhận SMS" in shown(page)
    press(page, "Duyệt…")
    assert _verdicts(own_province, number) == []
    press(page, "Duyệt: 1 nông dân sẽ nhận SMS")
    assert not page.exception
    assert _verdicts(own_province, number) == ["approved"]
    assert "Duyệt…" not in labels(page)


def test_unknown_message_is_sent_again_only_knowing_that_it_may_be_read_twice(
    open_page: OpenPage, own_province: Province
):
    delivery_id, number = _rows(own_province, "SELECT max(delivery_id), max(alert_id) FROM delivery d"
                                " WHERE state = 'unknown' AND NOT EXISTS (SELECT FROM delivery b WHERE"
                                " b.alert_id = d.alert_id AND b.number > d.number)")[0]  # fmt: skip
    page = open_page(own_province, SCREEN, Role.AGRONOMIST, alert=str(number))
    assert "không rõ đã tới chưa" in shown(page)
    press(page, "Gửi lại…")
    press(page, "Gửi lại, Nông dân")
    assert one(own_province, "SELECT state FROM delivery WHERE delivery_id = %s", delivery_id) == "queued"


def test_outbox_that_is_stuck_is_told_to_whoever_can_do_something(open_page: OpenPage, own_province: Province):
    with pool.connect(own_province.dsn) as conn:
        conn.execute(
            "UPDATE delivery SET due_at = now() - interval '3 hours', next_try_at = now() WHERE state = 'queued'"
        )
    assert "Tin nhắn đang kẹt" in shown(open_page(own_province, SCREEN, Role.AGRONOMIST))
    assert "Tin nhắn đang kẹt" not in shown(open_page(own_province, SCREEN, Role.VIEWER))


def _rows(province: Province, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with pool.connect(province.dsn) as conn:
        return conn.execute(sql, values).fetchall()


def _verdicts(province: Province, alert_id: int) -> list[str]:
    return [
        row[0]
        for row in _rows(province, "SELECT verdict FROM approval a JOIN alert_event e USING (event_id)"
                         " WHERE alert_id = %s AND a.author <> 'Chị Lan'", alert_id)
    ]  # fmt: skip
