from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from lighttrap import night, wire
from simulator.config import lamp_hours
from simulator.split import NightPlan, split
from tests.simulated import BPH

PLAN = NightPlan("soc-trang", lamp_hours("18:00-05:00"), 60, night.DEFAULT_ZONE)
EVENING = date(2010, 6, 1)


def readings(plan: NightPlan = PLAN, **counts: int) -> list[wire.ReadingPacket]:
    named = {name.replace("_", "-"): count for name, count in counts.items()} or {BPH: 1_234}
    return [one for one in plan.packets("1047", EVENING, named) if isinstance(one, wire.ReadingPacket)]


def test_parts_sum_to_the_count_exactly():
    for count in (0, 1, 17, 90_000, 1_000_000):
        assert sum(one.counts[BPH] for one in readings(nilaparvata_lugens=count)) == count


def test_lamp_hours_are_covered_whole():
    made = readings()
    assert made[0].start == datetime(2010, 6, 1, 11, tzinfo=UTC)
    assert made[-1].end == datetime(2010, 6, 1, 22, tzinfo=UTC)
    assert sum(one.lamp_s for one in made) == 11 * 3600
    assert all(one.lamp_s == (one.end - one.start).total_seconds() for one in made)


def test_every_reading_belongs_to_its_night_and_lists_every_species():
    for one in readings(nilaparvata_lugens=3, sogatella_furcifera=0):
        assert night.night_of(night.middle(one.start, one.end)) == EVENING
        assert set(one.counts) == {"nilaparvata-lugens", "sogatella-furcifera"}


def test_the_hour_after_seven_has_most():
    counts = [one.counts[BPH] for one in readings(nilaparvata_lugens=10_000)]
    assert counts[1] == max(counts) > 5_000


def test_a_replayed_night_is_the_same_for_ever():
    """These bytes are what databases hold already; another value here would make every old replay a conflict."""
    assert PLAN.boot("1047", EVENING) == 817_071_298_839_498
    assert split(1_000, [8, 60, 12, 6, 4, 3, 2, 1, 1, 1, 2], "a", "name") == [
        88,
        612,
        111,
        58,
        45,
        17,
        20,
        9,
        8,
        10,
        22,
    ]
    assert readings()[1].payload() == (
        b'{"v":1,"boot":817071298839498,"seq":2,"start":"2010-06-01T12:00:00Z","end":"2010-06-01T13:00:00Z",'
        b'"lamp_s":3600,"counts":{"nilaparvata-lugens":729}}'
    )


def test_boots_differ_between_nights_traps_and_orgs():
    boots = {PLAN.boot(trap, EVENING + timedelta(days=day)) for trap in ("1047", "1049") for day in range(500)}
    other = NightPlan("other", PLAN.lamp, 60, PLAN.zone)
    assert len(boots | {other.boot("1047", EVENING)}) == 1_001


def test_an_interval_that_does_not_fit_ends_with_a_shorter_reading():
    plan = NightPlan("soc-trang", PLAN.lamp, 250, PLAN.zone)
    assert [one.lamp_s // 60 for one in readings(plan)] == [250, 250, 160]


def test_summary_closes_the_night():
    summary = PLAN.packets("1047", EVENING, {BPH: 9})[-1]
    assert isinstance(summary, wire.SummaryPacket)
    assert (summary.first_seq, summary.last_seq, summary.lamp_s, summary.totals) == (1, 11, 39_600, {BPH: 9})


@pytest.mark.parametrize("text", ["18:00", "18:00-18:00", "25:00-05:00", "10:00-14:00", "a-b", "18:60-05:00"])
def test_lamp_hours_that_fit_no_night_are_refused(text: str):
    with pytest.raises(ValueError, match="lamp hours"):
        lamp_hours(text)
