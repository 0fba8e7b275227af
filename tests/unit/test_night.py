from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from lighttrap import night

EVENING = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 5, tzinfo=UTC)
"""12:00 of 22 November in Sóc Trăng."""


def test_night_begins_at_local_noon_to_the_microsecond():
    assert night.night_of(NOON) == EVENING
    assert night.night_of(NOON - timedelta(microseconds=1)) == date(2026, 11, 21)


def test_reading_of_the_trace_belongs_to_its_evening():
    assert night.night_of(datetime(2026, 11, 22, 13, 40, tzinfo=UTC)) == EVENING


def test_hours_after_midnight_belong_to_the_evening_before():
    assert night.night_of(datetime(2026, 11, 22, 20, tzinfo=UTC)) == EVENING  # 03:00 of the 23rd


def test_night_is_that_of_the_field_and_not_of_the_server():
    at = datetime(2026, 11, 22, 11, 30, tzinfo=UTC)
    assert night.night_of(at, "Europe/Berlin") == EVENING
    assert night.night_of(at, "Europe/London") == date(2026, 11, 21)


def test_naive_instant_is_refused():
    with pytest.raises(ValueError, match="aware"):
        night.night_of(datetime(2026, 11, 22, 20))  # noqa: DTZ001


def test_bounds_are_the_noons():
    assert night.night_bounds(EVENING) == (NOON, NOON + timedelta(days=1))


@pytest.mark.parametrize(("evening", "hours"), [(date(2026, 3, 28), 23), (date(2026, 10, 24), 25)])
def test_night_of_a_clock_change_is_an_hour_shorter_or_longer(evening: date, hours: int):
    begin, end = night.night_bounds(evening, "Europe/Berlin")
    assert end.astimezone(UTC) - begin.astimezone(UTC) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("start", "end", "evening"),
    [
        ("18:00 22", "06:00 23", 22),  # a bag hung in the evening and emptied in the morning
        ("11:50 22", "12:00 22", 21),  # ten minutes that end at noon sharp
        ("12:00 22", "12:00 23", 22),  # a logger's noon to noon
        ("11:55 22", "12:05 22", 22),  # half and half: the night that begins
        ("11:54 22", "12:04 22", 21),
        ("00:00 22", "23:59 22", 21),  # a calendar day: most of it lies before noon by half a minute
    ],
)
def test_reading_belongs_to_the_night_of_its_middle(start: str, end: str, evening: int):
    ict = "+07:00"
    first, last = (
        datetime.fromisoformat(f"2026-11-{day}T{time}:00{ict}") for time, day in (start.split(), end.split())
    )
    assert night.night_of(night.middle(first, last)) == date(2026, 11, evening)
