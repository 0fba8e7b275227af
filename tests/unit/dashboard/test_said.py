from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from dashboard import said, sieve
from lighttrap import views
from tests.unit.dashboard.test_morning import SAY, names

AT = datetime(2026, 11, 24, tzinfo=UTC)


def an_alert(**own: Any) -> views.Alert:  # noqa: ANN401 - of the view
    values: dict[str, Any] = {
        "alert_id": 1, "org_id": "o", "kind": "catch", "rule_id": 1, "species": "nilaparvata-lugens", "field_id": "f1",
        "trap_id": None, "fault": None, "level": 2, "highest": 2, "state": "active", "opened_night": date(2026, 11, 20),
        "cleared_night": None, "raised_at": AT, "cleared_at": None, "acknowledged_at": None, "acknowledged_by": None,
        "assignee": None, "version": 1, "to_approve": 0, "told": 0, "unknown": 0, "dead": 0,
    }  # fmt: skip
    return views.Alert(**{**values, **own})


def an_event(number: int, word: str, level: int, value: float | None, **own: Any) -> views.AlertEvent:  # noqa: ANN401
    values: dict[str, Any] = {
        "event_id": number, "number": number, "word": word, "level": level, "night": date(2026, 11, 20 + number),
        "facts": {"value": value, "threshold": 1000, "rule_version": 3}, "at": AT, "is_late": False, "approval": None,
        "approved_by": None, "approved_at": None, "waiting": 0, "told": 0, "unknown": 0, "dead": 0,
    }  # fmt: skip
    return views.AlertEvent(**{**values, **own})


def test_alert_that_is_over_says_so_before_its_highest():
    events = [an_event(1, "raised", 2, 1240), an_event(2, "cleared", 2, 10)]
    over = an_alert(state="cleared", cleared_night=date(2026, 11, 22))
    case = views.AlertCase(alert=over, events=events, notes=[])
    text = said.sentence(case, None, names(), SAY)
    assert text.startswith("Đã qua từ đêm 22/11. Báo động")
    assert "1.240 con/bẫy" in text


def test_late_event_says_that_nobody_was_told():
    case = views.AlertCase(alert=an_alert(), events=[an_event(1, "raised", 2, 1240, is_late=True)], notes=[])
    [line] = said.time_line(case, None, names(), SAY)
    assert "ngưỡng phiên bản 3; số liệu tới muộn, không báo cho ai" in line.detail


def test_unknown_messages_are_never_among_those_sent():
    assert said.far(an_alert(told=2, unknown=1), 0, SAY) == ["2 tin đã gửi", "1 tin không rõ đã tới chưa"]
    assert said.state_word("unknown", SAY) != said.state_word("sent", SAY)


def test_filters_of_the_address_become_those_of_the_api():
    found = {**sieve.DEFAULTS, "taken": "no", "assignee": "nobody", "approve": "yes", "level": "3"}
    assert sieve.asked(found, "lan") == {
        "order": "worst", "state": "active", "level": "3", "acknowledged": False, "to_approve": True, "assigned": False,
    }  # fmt: skip
    assert sieve.asked({**sieve.DEFAULTS, "state": "cleared", "assignee": "me"}, "lan") == {
        "order": "newest", "state": "cleared", "assignee": "lan",
    }  # fmt: skip
