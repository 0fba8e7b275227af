from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import islice

import pytest

from ingest import retry
from lighttrap.errors import StoreMismatch, StoreRejected, StoreUnavailable


class Shelf:
    """A store that takes a sequence whole, or rejects it for the bad items in it."""

    def __init__(self, bad: set[int]) -> None:
        self.bad = bad
        self.stored: list[int] = []
        self.refused: list[int] = []
        self.calls = 0

    def store(self, items: Sequence[int]) -> str:
        self.calls += 1
        if self.bad & set(items):
            raise StoreRejected(f"one of {len(items)}")
        self.stored.extend(items)
        return "stored"

    def refuse(self, item: int, fault: StoreRejected) -> str:
        assert str(fault) == "one of 1"
        self.refused.append(item)
        return "refused"


def bisect(number: int, bad: set[int]) -> tuple[Shelf, list[tuple[Sequence[int], str]]]:
    shelf = Shelf(bad)
    return shelf, list(retry.store_bisecting(list(range(number)), shelf.store, shelf.refuse))


def test_good_batch_is_one_call():
    shelf, parts = bisect(1000, set())
    assert shelf.calls == 1
    assert parts == [(list(range(1000)), "stored")]


@pytest.mark.parametrize("place", [0, 1, 499, 500, 998, 999])
def test_one_bad_item_in_a_thousand_costs_twenty_one_calls_at_most(place: int):
    shelf, _ = bisect(1000, {place})
    assert shelf.calls <= 21
    assert shelf.refused == [place]
    assert shelf.stored == [n for n in range(1000) if n != place]


@pytest.mark.parametrize("seed", range(30))
def test_every_item_is_stored_or_refused_once_in_order_and_in_few_calls(seed: int):
    chance = random.Random(seed)
    number = chance.randint(1, 300)
    bad = set(chance.sample(range(number), chance.randint(0, min(number, 20))))
    shelf, parts = bisect(number, bad)
    assert [item for items, _ in parts for item in items] == list(range(number))
    assert shelf.refused == sorted(bad)
    assert shelf.stored == [n for n in range(number) if n not in bad]
    assert shelf.calls <= 1 + 2 * len(bad) * math.ceil(math.log2(number))


def test_batch_of_bad_items_only_is_refused_whole():
    shelf, parts = bisect(8, set(range(8)))
    assert shelf.stored == []
    assert [result for _, result in parts] == ["refused"] * 8


def test_part_is_reported_before_the_next_is_tried():
    shelf = Shelf({3})
    parts = retry.store_bisecting([0, 1, 2, 3], shelf.store, shelf.refuse)
    assert next(parts) == ([0, 1], "stored")
    assert shelf.stored == [0, 1]


@pytest.mark.parametrize("fault", [StoreUnavailable(), StoreMismatch(), ValueError("ours")])
def test_fault_that_is_not_of_the_rows_condemns_none(fault: Exception):
    def store(items: Sequence[int]) -> str:
        raise fault

    with pytest.raises(type(fault)):
        list(retry.store_bisecting([1, 2, 3], store, lambda item, _: pytest.fail(f"refused {item}")))


def test_delays_double_with_jitter_up_to_the_longest():
    for _ in range(20):
        waits = list(islice(retry.delays(0.25, 15.0), 12))
        for wait_s, plain_s in zip(waits, [0.25, 0.5, 1, 2, 4, 8, *[15] * 6], strict=True):
            assert 0.8 * plain_s <= wait_s <= 1.2 * plain_s
    assert len({next(retry.delays()) for _ in range(20)}) > 1
