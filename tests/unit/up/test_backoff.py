from __future__ import annotations

from lighttrap.up import backoff


def test_waits_double_up_to_the_longest():
    after = backoff.Backoff()
    assert [after.after(1.0) for _ in range(7)] == [0.5, 1, 2, 4, 8, 8, 8]


def test_a_settled_life_starts_over():
    after = backoff.Backoff()
    for _ in range(5):
        after.after(0.0)
    assert after.after(backoff.SETTLED_AFTER_S) == backoff.FIRST_S
    assert after.after(0.0) == 2 * backoff.FIRST_S
