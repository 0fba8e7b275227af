"""Windows of nights that hold a wanted chance of an event, from the chance of each night."""

from __future__ import annotations

import numpy as np

from lighttrap.agronomy.valid import Floats, Ints

_NONE = 1_000_000


def shortest_window(chances: Floats, wanted: float) -> tuple[Ints, Ints]:
    """First and last step of the shortest window that holds the wanted chance, -1 where none does; the earliest wins.

    `chances` has shape (n, steps).
    """
    n, steps = chances.shape
    total = np.concatenate([np.zeros((n, 1)), np.cumsum(chances, axis=-1)], axis=-1)
    enough = total[:, None, 1:] - total[:, :-1, None] >= wanted - 1e-12
    last = np.where(enough.any(axis=-1), enough.argmax(axis=-1), _NONE)
    first = (last - np.arange(steps)).argmin(axis=-1)
    end = last[np.arange(n), first]
    return np.where(end < _NONE, first, -1), np.where(end < _NONE, end, -1)


def middle(chances: Floats) -> Ints:
    """Median step, given that the peak comes within the steps: the point of least mean absolute error."""
    total = np.cumsum(chances, axis=-1)
    half: Ints = (total >= 0.5 * total[:, -1:]).argmax(axis=-1)
    return half


def likely(chances: Floats, width: int) -> Ints:
    """First step of the `width` steps in a row that hold the highest chance."""
    width = min(width, chances.shape[-1])
    held = np.lib.stride_tricks.sliding_window_view(chances, width, axis=-1).sum(axis=-1)
    best: Ints = held.argmax(axis=-1)
    return best
