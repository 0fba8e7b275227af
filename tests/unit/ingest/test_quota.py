from __future__ import annotations

import pytest

from ingest import quota
from ingest.broker import Message
from ingest.quota import Quota

READINGS = "lighttrap/v1/soc-trang/st-014/reading"
STATUS = "lighttrap/v1/soc-trang/st-014/status"


class Clock:
    """Seconds of a clock that a test sets."""

    def __init__(self) -> None:
        self.now_s = 6000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def sent(number: int, topic: str = READINGS, received_s: float = 1_790_000_040.0) -> list[Message]:
    return [Message(1, 1, 1, topic.encode(), b"{}", received_s) for _ in range(number)]


def passing(made: Quota, messages: list[Message]) -> int:
    return sum(not one.over_quota for one in made.judge(messages))


def test_trap_that_was_away_may_send_its_ring_at_once_and_no_more():
    made = Quota(60, 5000)
    assert passing(made, sent(4320)) == 4320
    assert passing(made, sent(1000)) == 680
    assert passing(made, sent(1000)) == 0


def test_flood_passes_in_one_piece_a_minute(clock: Clock):
    made = Quota(60, 100, clock)
    assert passing(made, sent(100)) == 100
    for minute in range(1, 5):
        judged = []
        for second in range(60):
            clock.now_s = 6000 + 60 * minute + second
            judged += made.judge(sent(10))
        assert [one.over_quota for one in judged] == [False] * 60 + [True] * 540


def test_quiet_trap_gets_all_back_and_not_more(clock: Clock):
    made = Quota(60, 100, clock)
    assert passing(made, sent(100)) == 100
    clock.now_s += 86_400
    assert passing(made, sent(300)) == 100


def test_traps_do_not_use_up_each_others_quota():
    made = Quota(60, 100)
    assert passing(made, sent(1000)) == 100
    assert passing(made, sent(100, READINGS.replace("014", "015"))) == 100
    assert passing(made, sent(100, STATUS)) == 100


def test_other_topics_hold_less_than_a_ring():
    assert passing(Quota(60, 5000), sent(1000, STATUS)) == quota.OTHERS_AT_ONCE


def test_what_we_ask_for_is_lent():
    made = Quota(60, 100)
    assert passing(made, sent(101)) == 100
    made.lend(READINGS, 50)
    assert passing(made, sent(101)) == 50


def test_loan_is_paid_back_so_asking_is_no_way_around_the_quota(clock: Clock):
    made = Quota(60, 1000, clock)
    passed = 0
    for _ in range(60):
        for _ in range(100):
            made.lend(READINGS, 200)
        passed += passing(made, sent(5000))
        clock.now_s += 60
    assert passed <= 2 * 1000 + 60 * 60


def test_time_of_day_that_jumps_ahead_and_back_starves_no_trap(clock: Clock):
    made = Quota(60, 100, clock)
    now_s = 1_790_000_040.0
    assert passing(made, sent(150, received_s=now_s)) == 100
    clock.now_s += 60
    assert passing(made, sent(150, received_s=now_s + 86_400)) == 60
    clock.now_s += 60
    assert passing(made, sent(150, received_s=now_s + 120)) == 60


def test_no_limit_lets_all_pass():
    assert passing(Quota(0, 1), sent(10_000)) == 10_000


def test_topics_made_up_fill_no_memory(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(quota, "BUCKETS", 1000)
    made = Quota(60, 100)
    for number in range(5000):
        made.judge(sent(1, f"lighttrap/v1/x/made-up-{number}/reading"))
        made.judge(sent(1, "x" * 200 + str(number)))
    assert len(made._buckets) <= 1000


def test_whoever_used_up_its_bucket_is_remembered_when_idle_ones_are_forgotten(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(quota, "BUCKETS", 1000)
    made = Quota(60, 1000, clock)
    assert passing(made, sent(2000)) == 1000
    clock.now_s += 60
    for number in range(999):
        made.judge(sent(1, f"lighttrap/v1/x/idle-{number}/reading"))
    clock.now_s += 120
    made.judge(sent(1, "lighttrap/v1/x/one-more/reading"))
    assert passing(made, sent(2000)) == 180
