from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

import pytest

from lighttrap import night, wire
from simulator.device import Device, Manners
from simulator.faults import Faults
from tests.simulated import BPH, DAY_S, EVENING, NOON_S, TRAP, StandIn, a_device, packets


def live_through(device: Device, server: StandIn, days: float, *, step_s: int = 1800, answers: bool = True) -> float:
    """Plays a trap from noon on, with a server that answers after each step; returns the time at the end."""
    device.connected(NOON_S, 0)
    for tick in range(0, int(days * DAY_S) + 1, step_s):
        now_s = NOON_S + tick
        while messages := device.poll(now_s, tick, 100):
            server.take_all(messages)
        if answers:
            device.hear(server.stored_packet(TRAP), tick)
    return NOON_S + days * DAY_S


def settle(device: Device, server: StandIn, now_s: float, tick: float) -> None:
    """Goes on without new readings until the trap has nothing left to say, whatever its patience."""
    for step in count(1):
        tick += 400
        while messages := device.poll(now_s, tick, 100):
            server.take_all(messages)
        device.hear(server.stored_packet(TRAP), tick)
        if device.missing(now_s) == 0:
            return
        assert step < 500, "the trap never got all of its readings through"


def test_every_interval_is_read_once_and_seq_rises_by_one():
    device, server = a_device(), StandIn()
    live_through(device, server, 3)
    readings = server.readings(TRAP)
    assert [one.seq for one in readings] == list(range(1, 3 * 48 + 1))
    assert all(a.end == b.start for a, b in pairwise(readings))


def test_nothing_is_sent_before_its_interval_is_over():
    device = a_device()
    device.connected(NOON_S, 0)
    assert packets(device.poll(NOON_S + 1799, 1799, 100), wire.ReadingPacket) == []
    assert len(packets(device.poll(NOON_S + 1800, 1800, 100), wire.ReadingPacket)) == 1


def test_lamp_burns_its_hours_and_no_insect_comes_outside_them():
    device, server = a_device(), StandIn()
    live_through(device, server, 1)
    lit = [one for one in server.readings(TRAP) if one.lamp_s]
    assert sum(one.lamp_s for one in lit) == 11 * 3600
    assert lit[0].start == datetime(2026, 6, 1, 11, tzinfo=UTC)
    assert all(sum(one.counts.values()) == 0 for one in server.readings(TRAP) if not one.lamp_s)


def test_most_insects_come_in_the_hour_after_seven():
    device, server = a_device(), StandIn()
    live_through(device, server, 40)
    peak = total = 0
    for one in server.readings(TRAP):
        total += one.counts[BPH]
        peak += one.counts[BPH] * (one.start.hour == 12)  # 19:00 in Sóc Trăng
    assert peak > total / 2


def test_summary_of_a_night_agrees_with_its_readings():
    device, server = a_device(), StandIn()
    live_through(device, server, 5)
    assert [packet.night for _, packet in server.summaries] == [EVENING + timedelta(days=n) for n in range(4)]
    for _, summary in server.summaries:
        own = [one for one in server.readings(TRAP) if summary.first_seq <= one.seq <= summary.last_seq]
        assert {night.night_of(night.middle(one.start, one.end)) for one in own} == {summary.night}
        assert summary.totals[BPH] == sum(one.counts[BPH] for one in own)
        assert summary.lamp_s == sum(one.lamp_s for one in own)


def test_lamp_events_frame_each_night():
    device, server = a_device(), StandIn()
    live_through(device, server, 1.9)
    lamp = [(event.event, event.at.hour) for _, event in server.events]
    assert lamp == [("lamp-on", 11), ("lamp-off", 22)] * 2


def test_puback_is_not_storage_and_unconfirmed_readings_are_sent_again_byte_for_byte():
    device = a_device()
    device.connected(NOON_S, 0)
    first = [one for one in device.poll(NOON_S + 7200, 0, 100) if one.topic.endswith("reading")]
    assert device.poll(NOON_S + 7200, 10, 100) == []
    again = device.poll(NOON_S + 7200, 60, 100)
    assert again == first


@pytest.mark.parametrize("room", [1, 2, 3, 7])
def test_little_room_delays_messages_and_loses_none(room: int):
    device, server = a_device(), StandIn()
    device.connected(NOON_S, 0)
    while messages := device.poll(NOON_S + 3 * DAY_S, 0, room):
        assert len(messages) <= room
        server.take_all(messages)
    assert server.watermark(TRAP, device.journal.current.boot) == 3 * 48
    assert (len(server.summaries), len(server.events)) == (2, 6)


def test_confirmed_readings_are_not_sent_again():
    device, server = a_device(), StandIn()
    device.connected(NOON_S, 0)
    server.take_all(device.poll(NOON_S + 7200, 0, 100))
    assert device.hear(server.stored_packet(TRAP), 5) == 4
    assert device.poll(NOON_S + 7200, 1000, 100) == []


def test_readings_of_an_outage_are_kept_and_sent_afterwards():
    device, server = a_device(), StandIn()
    live_through(device, server, 1)
    device.disconnected()
    assert device.poll(NOON_S + 9 * DAY_S, 9 * DAY_S, 1000) == []
    device.connected(NOON_S + 9 * DAY_S, 9 * DAY_S)
    settle(device, server, NOON_S + 9 * DAY_S, 9 * DAY_S)
    assert server.watermark(TRAP, device.journal.current.boot) == 9 * 48
    assert server.conflicts == 0


def test_a_server_that_is_away_for_days_finds_a_bounded_number_of_messages():
    device, server = a_device(manners=Manners(window=100)), StandIn()
    live_through(device, server, 20, answers=False)
    assert 0 < server.number <= 100
    assert server.duplicates < 20 * 24 + 100
    settle(device, server, NOON_S + 20 * DAY_S, 20 * DAY_S)
    assert server.number == 20 * 48


def test_resend_is_answered_with_the_same_bytes():
    device, server = a_device(), StandIn()
    live_through(device, server, 2)
    ask = wire.CommandPacket(v=1, command="resend", boot=device.journal.current.boot, from_seq=5, to_seq=14)
    device.hear(ask, 2 * DAY_S)
    sent = device.poll(NOON_S + 2 * DAY_S, 2 * DAY_S, 100)
    assert [one.seq for one in packets(sent, wire.ReadingPacket)] == list(range(5, 15))
    server.take_all(sent)
    assert server.conflicts == 0


@pytest.mark.parametrize(("first", "last"), [(1, 10), (40, 60)])
def test_resend_of_what_the_ring_has_overwritten_is_answered_with_gone(first: int, last: int):
    device, server = a_device(), StandIn()
    now_s = live_through(device, server, 31)
    boot = device.journal.current.boot
    device.hear(wire.CommandPacket(v=1, command="resend", boot=boot, from_seq=first, to_seq=last), 31 * DAY_S)
    sent = device.poll(now_s, 31 * DAY_S, 100)
    events = packets(sent, wire.EventPacket)
    assert [(one.event, one.from_seq, one.to_seq) for one in events] == [("gone", first, min(last, 48))]
    assert [one.seq for one in packets(sent, wire.ReadingPacket)] == list(range(49, last + 1))


def test_resend_of_an_unknown_boot_is_answered_with_gone():
    device = a_device()
    device.connected(NOON_S, 0)
    device.poll(NOON_S, 0, 10)
    device.hear(wire.CommandPacket(v=1, command="resend", boot=12345, from_seq=1, to_seq=9), 1)
    (event,) = packets(device.poll(NOON_S, 1, 10), wire.EventPacket)
    assert (event.boot, event.from_seq, event.to_seq) == (12345, 1, 9)


def test_unconfirmed_readings_that_leave_the_ring_are_said_to_be_gone_once():
    device, server = a_device(), StandIn()
    device.connected(NOON_S, 0)
    now_s = NOON_S + 32 * DAY_S
    for tick in range(0, 4000, 400):
        server.take_all(device.poll(now_s, tick, 10_000))
        device.hear(server.stored_packet(TRAP), tick)
    gone = [event for _, event in server.events if event.event == "gone"]
    assert [(one.from_seq, one.to_seq) for one in gone] == [(1, 2 * 48)]
    assert device.missing(now_s) == 0


def test_a_watermark_that_falls_makes_the_trap_send_again():
    device, server = a_device(), StandIn()
    now_s = live_through(device, server, 2)
    restored = StandIn()
    restored._at = server._at + timedelta(hours=1)
    restored.stored[TRAP, device.journal.current.boot] = {}
    assert device.hear(restored.stored_packet(TRAP), 2 * DAY_S) == -96
    settle(device, restored, now_s, 2 * DAY_S)
    assert restored.number == 96


def test_an_old_stored_packet_takes_nothing_back():
    device, server = a_device(), StandIn()
    device.connected(NOON_S, 0)
    server.take_all(device.poll(NOON_S + 7200, 0, 100))
    early = server.stored_packet(TRAP).model_copy(
        update={"stored": [wire.Watermark(boot=device.journal.current.boot, seq=1)]}
    )
    device.hear(server.stored_packet(TRAP), 1)
    assert device.hear(early, 2) == 0
    assert device.missing(NOON_S + 7200) == 0


def test_reboot_begins_a_new_boot_that_names_the_old_one():
    device, server = a_device(chosen=Faults(reboot=1.0)), StandIn()
    now_s = live_through(device, server, 3)
    settle(device, server, now_s, 3 * DAY_S)
    boots = list(dict.fromkeys(one.boot for one in server.readings(TRAP)))
    assert len(boots) == 4
    assert {event.event for _, event in server.events} >= {"reboot"}
    for before, after in pairwise(boots):
        first = server.stored[TRAP, after][1]
        assert (first.prev_boot, first.prev_last_seq) == (before, max(server.stored[TRAP, before]))
        assert server.stored[TRAP, after][4].prev_boot is None


def test_a_silent_night_has_no_reading_and_leaves_no_gap_in_seq():
    device, server = a_device(chosen=Faults(silent=0.5)), StandIn()
    live_through(device, server, 30)
    nights = {night.night_of(night.middle(one.start, one.end)) for one in server.readings(TRAP)}
    assert 5 < len(nights) < 25
    assert server.watermark(TRAP, device.journal.current.boot) == server.number


def test_a_night_without_radio_arrives_the_next_day():
    device, server = a_device(chosen=Faults(outage=0.5)), StandIn()
    now_s = live_through(device, server, 30)
    while (back_s := device.journal.radio_out_until(now_s)) is not None:
        now_s = back_s + 1
    settle(device, server, now_s, 60 * DAY_S)
    assert server.watermark(TRAP, device.journal.current.boot) == server.number >= 30 * 48


def test_a_wrong_clock_is_set_right_the_next_noon():
    device, server = a_device(chosen=Faults(wrong_clock=0.3)), StandIn()
    now_s = live_through(device, server, 20)
    settle(device, server, now_s, 20 * DAY_S)
    right = [one for one in server.readings(TRAP) if EVENING <= one.start.date() <= EVENING + timedelta(days=21)]
    assert 5 * 48 < len(right) < 20 * 48
    assert "clock-set" in {event.event for _, event in server.events}


def test_drift_stays_within_seconds_for_clocks_are_set():
    device, server = a_device(drift=40e-6), StandIn()
    for day in range(60):
        live_through(device, server, day + 1, step_s=DAY_S)
        now_s = NOON_S + (day + 1) * DAY_S
        assert abs(device.journal.current.off_by(now_s)) < 15
    assert "clock-set" in {event.event for _, event in server.events}


def test_set_changes_rhythm_and_lamp_hours_without_a_gap():
    device, server = a_device(), StandIn()
    live_through(device, server, 1)
    device.hear(wire.CommandPacket(v=1, command="set", interval_s=600, lamp_from="19:00", lamp_to="22:00"), DAY_S)
    for tick in range(DAY_S, 2 * DAY_S + 1, 600):
        server.take_all(device.poll(NOON_S + tick, tick, 100))
        device.hear(server.stored_packet(TRAP), tick)
    readings = server.readings(TRAP)
    assert all(a.end == b.start for a, b in pairwise(readings))
    assert sum(one.lamp_s for one in readings[48:]) == 3 * 3600
    assert {(one.end - one.start).seconds for one in readings[48:]} == {600}


def test_a_restart_goes_on_with_the_same_boot_and_the_same_bytes():
    device, server = a_device(), StandIn()
    device.connected(NOON_S, 0)
    server.take_all(device.poll(NOON_S + 2 * DAY_S, 0, 1000))
    device.hear(server.stored_packet(TRAP), 1)
    state = device.state()
    server.take_all(device.poll(NOON_S + 3 * DAY_S, 2, 1000))
    revived = a_device()
    revived.restore(state)
    revived.connected(NOON_S + 4 * DAY_S, 0)
    settle(revived, server, NOON_S + 4 * DAY_S, 0)
    assert [one.seq for one in server.readings(TRAP)] == list(range(1, 4 * 48 + 1))
    assert (server.conflicts, server.duplicates) == (0, 48)


def test_a_restart_within_a_night_still_sums_the_whole_night():
    device, server = a_device(), StandIn()
    device.connected(NOON_S, 0)
    server.take_all(device.poll(NOON_S + DAY_S // 2, 0, 1000))
    device.hear(server.stored_packet(TRAP), 1)
    revived = a_device()
    revived.restore(device.state())
    revived.connected(NOON_S + DAY_S + 3600, 0)
    server.take_all(revived.poll(NOON_S + DAY_S + 3600, 0, 1000))
    ((_, summary),) = server.summaries
    assert (summary.first_seq, summary.last_seq, summary.lamp_s) == (1, 48, 39_600)


def test_fast_motion_never_outruns_the_ring():
    device, server = a_device(manners=Manners(window=10_000, in_fast_motion=True)), StandIn()
    device.connected(NOON_S, 0)
    far_s = NOON_S + 365 * DAY_S
    server.take_all(device.poll(far_s, 0, 100_000))
    assert server.number <= 29 * 48
    for tick in range(1, 60):
        device.hear(server.stored_packet(TRAP), tick)
        server.take_all(device.poll(far_s, tick, 100_000))
    assert server.number == 365 * 48
    assert not [event for _, event in server.events if event.event == "gone"]


def test_status_is_retained_and_says_boot_and_last_seq():
    device = a_device()
    device.connected(NOON_S + 7200, 0)
    message = next(one for one in device.poll(NOON_S + 7200, 0, 10) if one.topic.endswith("status"))
    (packet,) = packets([message], wire.StatusPacket)
    assert message.retain
    assert (packet.online, packet.boot) == (True, device.journal.current.boot)


def test_last_will_says_offline_and_no_time():
    (packet,) = packets([a_device().last_will()], wire.StatusPacket)
    assert (packet.online, packet.at) == (False, None)
