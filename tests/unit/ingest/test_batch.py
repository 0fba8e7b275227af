from __future__ import annotations

import pytest

from ingest.batch import BatchRule

RULE = BatchRule(messages=500, seconds=0.5, limit=2000)


@pytest.mark.parametrize(("waiting", "age_s"), [(500, 0.0), (501, 0.0), (1, 0.5), (1, 9.0), (499, 0.5)])
def test_batch_is_due_when_it_is_large_or_old(waiting: int, age_s: float):
    assert RULE.wait_s(waiting, age_s) == 0


def test_young_small_batch_waits_for_the_rest_of_its_time():
    assert RULE.wait_s(1, 0.25) == 0.25
    assert RULE.wait_s(499, 0.0) == 0.5


def test_nothing_waiting_is_never_due():
    assert RULE.wait_s(0, 99.0) == RULE.seconds


def test_batch_is_due_when_nothing_came_for_a_while():
    rule = BatchRule(messages=500, seconds=0.5, limit=2000, quiet_s=0.03)
    assert rule.wait_s(100, 0.1, 0.03) == 0
    assert rule.wait_s(100, 0.1, 0.01) == pytest.approx(0.02)
    assert rule.wait_s(100, 0.49, 0.0) == pytest.approx(0.01)
    assert rule.wait_s(0, 99.0, 99.0) == rule.seconds
