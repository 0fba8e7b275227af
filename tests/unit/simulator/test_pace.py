from __future__ import annotations

from simulator.pace import FIRST, LEAST, MOST, Pace
from simulator.patience import Patience


def after(rate: float, seconds: int = 60) -> int:
    """The window once readings have been confirmed at a steady rate for a while, in lumps of 5 s."""
    pace = Pace()
    for tick in range(seconds):
        pace.learn(int(tick // 5 * 5 * rate), float(tick))
    return pace.window


def test_the_window_begins_moderate_and_follows_the_rate():
    assert Pace().window == FIRST
    assert after(1.0) == LEAST
    assert 8_000 < after(1_000) < 16_000
    assert after(50_000) == MOST


def test_a_server_that_stops_leaves_little_under_way():
    pace = Pace()
    for tick in range(120):
        pace.learn(min(tick, 60) * 2_000, float(tick))
    assert pace.window == LEAST


def test_patience_follows_what_confirmations_take():
    patience = Patience(20, 300)
    assert 20 <= patience.wait_s(0, "a") <= 30
    for _ in range(40):
        patience.learn(60)
    assert 60 <= patience.wait_s(0, "a") <= 95


def test_patience_doubles_up_to_its_limit_and_differs_between_traps():
    patience = Patience(20, 300)
    waits = [patience.wait_s(tries, "a") for tries in range(12)]
    assert waits[1] > waits[0]
    assert max(waits) <= 450
    assert len({patience.wait_s(0, trap) for trap in range(50)}) == 50
