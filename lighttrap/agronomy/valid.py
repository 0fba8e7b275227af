"""Statistics over the valid values of the last axis: NaN is unknown, and too few known values give NaN, not a guess.

numpy's own nan-functions warn when all is NaN and do not know "at least n"; these sort once, which puts NaN last.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Nights = npt.NDArray[np.datetime64]
"""Dates of evenings, `datetime64[D]`; a complete axis, without a hole."""


def count(values: Floats) -> Ints:
    """How many values of the last axis are known, shape (...)."""
    return np.asarray(np.count_nonzero(~np.isnan(values), axis=-1), np.int64)


def mean(values: Floats, at_least: int = 1) -> Floats:
    """Mean of the known values, shape (...); NaN where fewer than `at_least` (1 or more) are known."""
    known = count(values)
    total = np.where(np.isnan(values), 0.0, values).sum(axis=-1)
    return np.where(known >= max(at_least, 1), total / np.maximum(known, 1), np.nan)


def median(values: Floats, at_least: int = 1) -> Floats:
    """Median of the known values, shape (...); NaN where fewer than `at_least` are known."""
    return quantile(values, 0.5, at_least)


def quantile(values: Floats, q: float, at_least: int = 1) -> Floats:
    """Quantile `q` (0 to 1) of the known values, linear as numpy's default, shape (...).

    NaN where fewer than `at_least` (1 or more) are known. With n values in order it is the one at place q(n - 1),
    counted from 0, between its neighbours in proportion.
    """
    if values.shape[-1] == 0:
        return np.full(values.shape[:-1], np.nan)
    ordered = np.sort(values, axis=-1)
    known = count(values)
    place = q * np.maximum(known - 1, 0)
    lower = np.floor(place).astype(np.int64)
    upper = np.minimum(lower + 1, np.maximum(known - 1, 0))
    below, above = _at(ordered, lower), _at(ordered, upper)
    share = place - lower
    # Weighing from the nearer neighbour keeps the quantile between the two, as numpy does.
    between = np.where(share < 0.5, below + (above - below) * share, above - (above - below) * (1 - share))
    return np.where(known >= max(at_least, 1), between, np.nan)


def _at(ordered: Floats, place: Ints) -> Floats:
    return np.take_along_axis(ordered, np.asarray(place)[..., None], axis=-1)[..., 0]
