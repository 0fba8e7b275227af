"""Quiet hours, what is left of several messages that waited, and what follows a try."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lighttrap.notify.channels.channel import OnUnknown
from lighttrap.notify.policy import backoff_s, superseded, tries_again_after_unknown
from lighttrap.notify.quiet import quiet_until
from lighttrap.notify.settings import NotifierSettings

ZONE = "Asia/Ho_Chi_Minh"


def local(hour: int, minute: int = 0, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo(ZONE))


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (local(20, 59), None), (local(21), local(5, 30, 24)), (local(23, 59), local(5, 30, 24)),
        (local(0), local(5, 30)), (local(5, 29), local(5, 30)), (local(5, 30), None), (local(12), None),
    ],
)  # fmt: skip
def test_quiet_hours_past_midnight(now: datetime, until: datetime | None):
    assert quiet_until(now.astimezone(UTC), time(21), time(5, 30), ZONE) == until


@pytest.mark.parametrize(
    ("now", "until"), [(local(11, 59), None), (local(12), local(14)), (local(13, 59), local(14)), (local(14), None)]
)
def test_quiet_hours_within_a_day(now: datetime, until: datetime | None):
    assert quiet_until(now, time(12), time(14), ZONE) == until


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds are naive
    st.times(),
    st.times(),
    st.sampled_from([ZONE, "Europe/Berlin", "America/Los_Angeles"]),
)
def test_what_waits_waits_less_than_a_day_and_may_go_then(now: datetime, begins: time, ends: time, zone: str):
    until = quiet_until(now, begins.replace(fold=0), ends.replace(fold=0), zone)
    if until is not None:
        assert now - timedelta(hours=1) < until <= now + timedelta(hours=26)
    assert quiet_until(now, begins, begins, zone) is None
    assert quiet_until(now, None, None, zone) is None


@pytest.mark.parametrize(
    ("waiting", "left"),
    [
        ([("raised", 1)], [0]),
        ([("raised", 1), ("raised", 2), ("raised", 3)], [2]),
        ([("raised", 3), ("raised", 1)], [0]),
        ([("raised", 1), ("cleared", 1)], [1]),
        ([("cleared", 1)], [0]),
        ([("raised", 2), ("cleared", 2), ("reopened", 2)], [0]),
        ([("cleared", 2), ("reopened", 2)], []),
        ([("reopened", 2)], [0]),
        ([("raised", 1), ("raised", 3), ("corrected", 1)], [0, 2]),
        ([("raised", 2), ("corrected", 0)], [1]),
        ([("corrected", 1), ("corrected", 0)], [1]),
        ([], []),
    ],
)
def test_of_what_waited_together_only_what_still_holds_is_left(waiting: list[tuple[str, int]], left: list[int]):
    numbered = [(number, word, level) for number, (word, level) in enumerate(waiting)]
    assert sorted(set(range(len(waiting))) - superseded(numbered)) == left


@given(st.lists(st.tuples(st.sampled_from(["raised", "cleared", "reopened", "corrected"]), st.integers(0, 3))))
def test_at_most_one_raise_is_left_whatever_waited(waiting: list[tuple[str, int]]):
    gone = superseded([(number, word, level) for number, (word, level) in enumerate(waiting)])
    assert gone <= set(range(len(waiting)))
    assert sum(word == "raised" and number not in gone for number, (word, _) in enumerate(waiting)) <= 1


@pytest.mark.parametrize("word", ["raised", "reopened", "cleared", "corrected"])
@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_only_an_alarm_is_sent_once_more_when_nobody_knows(word: str, level: int):
    is_alarm = word in ("raised", "reopened") and level == 3
    assert tries_again_after_unknown(OnUnknown.ALARM_ONCE_MORE, word, level, 1) is is_alarm
    assert tries_again_after_unknown(OnUnknown.ALARM_ONCE_MORE, word, level, 2) is False
    assert tries_again_after_unknown(OnUnknown.SEND_AGAIN, word, level, 9) is True


@given(st.integers(1, 1000))
def test_waits_grow_to_a_limit_with_a_fifth_of_jitter(number: int):
    settings = NotifierSettings(retry_first_s=30, retry_longest_s=1800)
    plain = min(1800.0, 30 * 4.0 ** (number - 1)) if number < 10 else 1800.0
    assert 0.8 * plain <= backoff_s(number, settings) <= 1.2 * plain
