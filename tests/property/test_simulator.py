from __future__ import annotations

import random
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from lighttrap import night, wire
from simulator.config import lamp_hours
from simulator.device import Device, Manners
from simulator.faults import Faults, Mishaps
from simulator.patience import Patience
from simulator.split import NightPlan, split
from tests.simulated import DAY_S, NOON_S, TRAP, StandIn, a_device

RATES = st.sampled_from([0.0, 0.05, 0.3])


def finish(device: Device, server: StandIn, mishaps: Mishaps, now_s: float, dice: random.Random) -> int:
    """Plays until every reading taken by now is stored; returns how many there are."""
    for step in range(4_000):
        tick = step * 5.0
        for message in device.poll(now_s, tick, dice.randint(1, 60)):
            for carried in mishaps.carry(message, tick):
                server.take(carried.topic, carried.payload)
        for late in mishaps.overdue(tick):
            server.take(late.topic, late.payload)
        if dice.random() < 0.6:
            device.hear(server.stored_packet(TRAP), tick)
        if device.missing(now_s) == 0:
            return server.number
    raise AssertionError(f"{device.missing(now_s)} readings never got through")


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32),
    faults=st.builds(
        Faults, drop=RATES, duplicate=RATES, reorder=RATES, delay=RATES, corrupt=RATES,
        reboot=RATES, silent=RATES, outage=st.just(0.0),
    ),
)  # fmt: skip
def test_whatever_goes_wrong_every_reading_is_stored_once_with_the_same_bytes(seed: int, faults: Faults):
    device, server = a_device(chosen=faults, patience=Patience(20, 120)), StandIn()
    device.connected(NOON_S, 0)
    finish(device, server, Mishaps(faults, seed), NOON_S + 6 * DAY_S, random.Random(seed))
    assert server.conflicts == 0
    for (_, _), kept in server.stored.items():
        assert sorted(kept) == list(range(1, len(kept) + 1))


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), crash_after=st.integers(0, 300), saved_after=st.integers(0, 300))
def test_a_crash_at_any_moment_repeats_and_loses_nothing(seed: int, crash_after: int, saved_after: int):
    faults, server, dice = Faults(reboot=0.4), StandIn(), random.Random(seed)
    device = a_device(chosen=faults)
    device.connected(NOON_S, 0)
    state = device.state()
    for number in range(crash_after):
        now_s = NOON_S + number * DAY_S / 100
        server.take_all(device.poll(now_s, number * 5, 3))
        if dice.random() < 0.3:
            device.hear(server.stored_packet(TRAP), number * 5)
        if number == saved_after:
            state = device.state()
    revived = a_device(chosen=faults)
    revived.restore(state)
    revived.connected(NOON_S + 4 * DAY_S, 0)
    finish(revived, server, Mishaps(Faults(), 1), NOON_S + 4 * DAY_S, dice)
    untouched = StandIn()
    other = a_device(chosen=faults)
    other.connected(NOON_S + 4 * DAY_S, 0)
    finish(other, untouched, Mishaps(Faults(), 1), NOON_S + 4 * DAY_S, dice)
    assert server.conflicts == 0
    assert server.stored == untouched.stored


@settings(max_examples=30)
@given(
    rhythm=st.lists(st.tuples(st.integers(1, 40), st.sampled_from([60, 300, 600, 1800, 3600])), max_size=5),
    seed=st.integers(0, 50),
)
def test_a_change_of_rhythm_neither_makes_nor_loses_insects(rhythm: list[tuple[int, int]], seed: int):
    steady, changing = a_device(seed=seed), a_device(seed=seed)
    at_s = float(NOON_S)
    for hours, interval_s in rhythm:
        at_s += hours * 3_600
        changing.set_rhythm(at_s, interval_s)
    totals = []
    for device in (steady, changing):
        server = StandIn()
        device.set_manners(Manners(100_000), Patience(20, 300))
        device.connected(at_s + 3 * DAY_S, 0)
        server.take_all(device.poll(at_s + 3 * DAY_S, 0, 1_000_000))
        lit = [one for one in server.readings(TRAP) if one.end.timestamp() <= at_s + 2 * DAY_S // 3_600 * 3_600]
        totals.append([sum(one.counts[key] for one in lit) for key in lit[0].counts])
    assert totals[0] == totals[1]


@settings(max_examples=30)
@given(hours=st.lists(st.floats(0.1, 30), max_size=4), drift=st.floats(-40e-6, 40e-6))
def test_a_rhythm_set_to_what_it_is_changes_no_byte(hours: list[float], drift: float):
    steady, touched = a_device(drift=drift), a_device(drift=drift)
    at_s = float(NOON_S)
    for more in hours:
        at_s += more * 3_600
        touched.set_rhythm(at_s)
    sent = []
    for device in (steady, touched):
        device.set_manners(Manners(100_000), Patience(20, 300))
        device.connected(at_s + DAY_S, 0)
        sent.append([one.payload for one in device.poll(at_s + DAY_S, 0, 1_000_000) if one.topic.endswith("reading")])
    assert sent[0] == sent[1]


@given(
    count=st.integers(0, 1_000_000),
    weights=st.lists(st.integers(0, 100), min_size=1, max_size=48).filter(any),
    name=st.text(max_size=9),
)
def test_a_split_sums_exactly_and_is_the_same_again(count: int, weights: list[int], name: str):
    parts = split(count, weights, name)
    assert sum(parts) == count
    assert all(part >= 0 for part in parts)
    assert parts == split(count, weights, name)


@given(
    evening=st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    from_m=st.integers(720, 1439),
    length_m=st.integers(1, 600),
    interval_m=st.integers(1, 1440),
)
def test_replayed_readings_cover_their_lamp_hours_within_their_night(
    evening: date, from_m: int, length_m: int, interval_m: int
):
    to_m = (from_m + length_m) % 1440
    hours = lamp_hours(f"{from_m // 60:02d}:{from_m % 60:02d}-{to_m // 60:02d}:{to_m % 60:02d}")
    plan = NightPlan("demo", hours, interval_m, night.DEFAULT_ZONE)
    made = plan.packets("a-trap", evening, {"nilaparvata-lugens": 500})
    readings = [one for one in made if isinstance(one, wire.ReadingPacket)]
    assert sum(one.lamp_s for one in readings) == length_m * 60
    assert sum(one.counts["nilaparvata-lugens"] for one in readings) == 500
    assert {night.night_of(night.middle(one.start, one.end)) for one in readings} == {evening}
    assert [one.seq for one in readings] == list(range(1, len(readings) + 1))
