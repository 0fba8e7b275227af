from __future__ import annotations

import random
from collections import Counter

import pytest

from lighttrap import topics, wire
from lighttrap.errors import ConfigError, PacketError
from simulator.faults import FLOOD_COPIES, Faults, Message, Mishaps, corrupted, fate_of, parse
from tests.simulated import NOON_S, TRAP, a_device


def messages(number: int) -> list[Message]:
    return [Message(TRAP, "a/topic", str(one).encode()) for one in range(number)]


def carried(faults: Faults, number: int = 4_000) -> list[bytes]:
    mishaps = Mishaps(faults, seed=1)
    out = [one for tick, message in enumerate(messages(number)) for one in mishaps.carry(message, tick / 100)]
    return [one.payload for one in out + mishaps.overdue(1e9)]


def test_faults_are_read_from_text():
    assert parse("drop=0.01, wrong-clock=1") == Faults(drop=0.01, wrong_clock=1.0)
    assert parse("") == Faults()


@pytest.mark.parametrize("text", ["drop", "drop=2", "drop=-1", "drop=x", "nonsense=0.1", "drop=nan"])
def test_faults_that_cannot_be_are_refused(text: str):
    with pytest.raises(ConfigError):
        parse(text)


def test_without_faults_every_message_passes_once_and_in_order():
    assert carried(Faults()) == [one.payload for one in messages(4_000)]


def test_drop_loses_its_share():
    assert 300 < 4_000 - len(carried(Faults(drop=0.1))) < 500


def test_duplicate_and_flood_send_again():
    assert Counter(Counter(carried(Faults(duplicate=0.1))).values())[2] > 300
    assert FLOOD_COPIES in Counter(carried(Faults(flood=0.01))).values()


@pytest.mark.parametrize("faults", [Faults(delay=0.1), Faults(reorder=0.1)])
def test_delay_and_reorder_lose_nothing(faults: Faults):
    out = carried(faults)
    assert sorted(out, key=int) == [one.payload for one in messages(4_000)]
    assert out != sorted(out, key=int)


def test_the_same_seed_makes_the_same_mishaps():
    faults = Faults(drop=0.1, duplicate=0.1, delay=0.1, corrupt=0.1)
    assert carried(faults) == carried(faults)


def test_corrupted_bytes_are_never_a_packet():
    device = a_device()
    device.connected(NOON_S, 0)
    sent = [one for one in device.poll(NOON_S + 86_400, 0, 60) if one.topic.endswith("reading")]
    dice = random.Random(1)
    for message in sent * 20:
        with pytest.raises(PacketError):
            wire.decode(topics.Kind.READING, corrupted(message.payload, dice))


def test_fates_come_at_their_rate_and_stay():
    faults = Faults(silent=0.2, reboot=0.1, wrong_clock=0.1)
    fates = [fate_of(faults, 1, TRAP, noon_s) for noon_s in range(2_000)]
    assert fates == [fate_of(faults, 1, TRAP, noon_s) for noon_s in range(2_000)]
    assert 320 < sum(fate.silent for fate in fates) < 480
    assert 140 < sum(fate.reboot_after_s is not None for fate in fates) < 260
    assert len({fate.clock_off_s for fate in fates}) > 5
