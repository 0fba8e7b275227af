"""The night rule stands twice, in Python and in SQL; here the two are held together."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lighttrap import night
from lighttrap.store.pool import Connection

# With half-hour and quarter-hour offsets, clock changes of one hour and of half an hour, in both hemispheres, at
# midnight and at night. The years are past: a zone's future is a matter of which time-zone data one has.
ZONES = (
    "Asia/Ho_Chi_Minh", "Asia/Phnom_Penh", "Asia/Kathmandu", "Asia/Kolkata", "Europe/Berlin", "Europe/London",
    "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Australia/Adelaide", "Pacific/Auckland",
    "Pacific/Chatham", "Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC",
)  # fmt: skip
zones = st.sampled_from(ZONES)
instants = st.datetimes(datetime(2000, 1, 1), datetime(2024, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - naive bounds are what it takes
evenings = st.dates(date(2000, 1, 1), date(2024, 12, 30))
lengths = st.timedeltas(timedelta(microseconds=1), timedelta(hours=24))


@st.composite
def near_noon(draw: st.DrawFn) -> tuple[datetime, str]:
    """An instant within seconds of some local noon, and its zone."""
    zone = draw(zones)
    begin, _ = night.night_bounds(draw(evenings), zone)
    off = draw(st.timedeltas(timedelta(seconds=-2), timedelta(seconds=2)))
    return begin.astimezone(UTC) + off, zone


places = st.lists(st.tuples(instants, zones) | near_noon(), min_size=1, max_size=50)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=places)
@example(places=[(datetime(2024, 3, 31, 1, tzinfo=UTC), "Europe/Berlin")])
def test_sql_and_python_name_the_same_night(conn: Connection, places: list[tuple[datetime, str]]):
    rows = conn.execute(
        "SELECT night_of(at, zone) FROM unnest(%s::timestamptz[], %s::text[]) WITH ORDINALITY AS t (at, zone, place)"
        " ORDER BY place",
        [[at for at, _ in places], [zone for _, zone in places]],
    ).fetchall()
    assert [found for (found,) in rows] == [night.night_of(at, zone) for at, zone in places]


@given(st.tuples(instants, zones) | near_noon())
def test_instant_lies_within_the_bounds_of_its_night(place: tuple[datetime, str]):
    at, zone = place
    begin, end = night.night_bounds(night.night_of(at, zone), zone)
    assert begin <= at < end


@given(evenings, zones)
def test_nights_follow_each_other_without_a_hole(evening: date, zone: str):
    begin, end = night.night_bounds(evening, zone)
    assert end == night.night_bounds(evening + timedelta(days=1), zone)[0]
    assert night.night_of(begin, zone) == evening
    assert night.night_of(end.astimezone(UTC) - timedelta(microseconds=1), zone) == evening


@given(instants, instants, zones)
def test_later_instant_never_lies_in_an_earlier_night(one: datetime, other: datetime, zone: str):
    first, second = sorted((one, other))
    assert night.night_of(first, zone) <= night.night_of(second, zone)


@given(instants, lengths, zones)
def test_night_of_the_middle_holds_most_of_the_interval(start: datetime, length: timedelta, zone: str):
    end = start + length
    begin, close = night.night_bounds(night.night_of(night.middle(start, end), zone), zone)
    inside = min(end, close.astimezone(UTC)) - max(start, begin.astimezone(UTC))
    assert inside >= length / 2 - timedelta(microseconds=1)
