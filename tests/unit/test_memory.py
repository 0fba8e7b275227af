"""What is remembered: the answer to the same question, as much as there is room for, and no other."""

from __future__ import annotations

import numpy as np
import pytest

from lighttrap.memory import Memory, digest


def never() -> str:
    raise AssertionError("it was known")


def test_known_answer_is_not_made_again():
    memory: Memory[str] = Memory(2)
    assert memory.recall(b"a", lambda: "made") == "made"
    assert memory.recall(b"a", never) == "made"


def test_what_was_not_asked_for_longest_goes_first():
    memory: Memory[str] = Memory(2)
    for key in (b"a", b"b", b"a", b"c"):
        memory.recall(key, lambda: "first")
    assert memory.recall(b"a", never) == "first"
    assert memory.recall(b"b", lambda: "again") == "again"


def test_answers_weigh_what_their_weight_says():
    memory: Memory[str] = Memory(10, len)
    memory.recall(b"a", lambda: "six...")
    memory.recall(b"b", lambda: "five.")
    assert memory.recall(b"b", never) == "five."
    assert memory.recall(b"a", lambda: "anew") == "anew"
    assert memory.recall(b"c", lambda: "longer than all of it") == "longer than all of it"
    assert memory.recall(b"a", lambda: "gone") == "gone"


def test_failure_is_not_remembered():
    memory: Memory[str] = Memory(2)
    with pytest.raises(AssertionError):
        memory.recall(b"a", never)
    assert memory.recall(b"a", lambda: "made") == "made"


def test_digest_tells_values_apart():
    nights = np.arange(6.0)
    told = [
        digest(*one)
        for one in (
            (nights, 1), (nights.reshape(2, 3), 1), (nights, 2), (nights + 1e-9, 1), (nights.astype(np.int64), 1),
            ("a", "bc"), ("ab", "c"), (None,), (0,), (False,), (),
        )
    ]  # fmt: skip
    assert len(set(told)) == len(told)
    assert digest(nights.copy(), 1) == told[0]
