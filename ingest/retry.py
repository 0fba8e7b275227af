"""Trying again: how long to wait, and how to find the message that spoils a batch. Pure but for the calls it makes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from lighttrap.errors import StoreRejected

T = TypeVar("T")
R = TypeVar("R")


def delays(first_s: float = 0.25, longest_s: float = 15.0) -> Iterator[float]:
    """Seconds to wait before each further try: doubling, with jitter of a fifth either way, for ever."""
    delay_s = first_s
    while True:
        yield delay_s * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret
        delay_s = min(longest_s, delay_s * 2)


def store_bisecting(
    items: Sequence[T], store: Callable[[Sequence[T]], R], refuse: Callable[[T, StoreRejected], R]
) -> Iterator[tuple[Sequence[T], R]]:
    """Stores all items, in order, in as few calls as the bad ones among them allow.

    `store` either takes a sequence whole or raises StoreRejected and leaves nothing behind; a single item that it
    rejects goes to `refuse`. Yields each part as it is done. k bad items among n cost about 2 k log2 n calls.
    """
    try:
        yield items, store(items)
    except StoreRejected as fault:
        if len(items) == 1:
            yield items, refuse(items[0], fault)
            return
        half = len(items) // 2
        yield from store_bisecting(items[:half], store, refuse)
        yield from store_bisecting(items[half:], store, refuse)
