from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulator.voice import Voice
from tests.simulated import ORG, TRAP, some_senses

GOLDEN = Path(__file__).parents[2] / "data" / "packets"
BOOT = 3_021_994_417


@pytest.fixture
def voice() -> Voice:
    return Voice(ORG, TRAP, some_senses())


def golden(name: str) -> bytes:
    return (GOLDEN / name).read_bytes().rstrip(b"\n")


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def test_last_will_is_the_golden_one(voice: Voice):
    assert voice.last_will().payload == golden("status-will.json")


def test_goodbye_is_the_golden_one(voice: Voice):
    assert voice.goodbye(at("2026-11-22T22:05:00"), BOOT, 862).payload == golden("status-sleep.json")


def test_gone_is_the_golden_one(voice: Voice):
    assert voice.gone(BOOT, 120, 133, at("2026-11-22T13:41:10")).payload == golden("event-gone.json")


def test_only_status_is_retained(voice: Voice):
    assert voice.last_will().retain
    assert not voice.gone(BOOT, 1, 2, 0.0).retain
