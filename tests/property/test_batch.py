"""When a batch is due, for any rule and any stream of messages."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from ingest.batch import BatchRule

rules = st.builds(
    BatchRule, messages=st.integers(1, 10_000), seconds=st.floats(0.001, 10), limit=st.integers(1, 20_000)
)
small_rules = st.builds(BatchRule, messages=st.integers(1, 9), seconds=st.floats(0.001, 2), limit=st.integers(1, 9))
ages = st.floats(0, 100)


@given(rules, st.integers(0, 20_000), ages)
def test_wait_is_never_negative_and_never_longer_than_the_rule_allows(rule: BatchRule, waiting: int, age_s: float):
    assert 0 <= rule.wait_s(waiting, age_s) <= rule.seconds


@given(rules, st.integers(0, 20_000), st.integers(0, 20_000), ages, ages)
def test_more_or_older_messages_never_wait_longer(rule: BatchRule, few: int, more: int, young_s: float, old_s: float):
    assume(few <= more and young_s <= old_s)
    assert rule.wait_s(more, old_s) <= rule.wait_s(few, young_s)


@given(rules, st.integers(1, 20_000), ages)
def test_after_the_wait_the_batch_is_due(rule: BatchRule, waiting: int, age_s: float):
    later_s = age_s + rule.wait_s(waiting, age_s)
    assert rule.wait_s(waiting, later_s) < 1e-6


@given(small_rules, st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_no_message_of_a_stream_waits_longer_than_the_rule_allows(rule: BatchRule, pauses_s: list[float]):
    """Plays a stream against the rule, as the broker's side does: whoever waits is taken when the wait is over."""
    now_s, waiting = 0.0, list[float]()
    for pause_s in pauses_s:
        arrives_s = now_s + pause_s
        while waiting and (due_s := now_s + rule.wait_s(len(waiting), now_s - waiting[0])) <= arrives_s:
            now_s = due_s
            assert now_s - waiting[0] <= rule.seconds + 1e-6
            del waiting[: rule.limit]
        now_s = arrives_s
        waiting.append(arrives_s)
        while waiting and rule.wait_s(len(waiting), now_s - waiting[0]) == 0:
            del waiting[: rule.limit]
        assert len(waiting) < rule.messages
