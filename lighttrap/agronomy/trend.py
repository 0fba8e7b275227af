"""Where a trap or place is heading: change on last week, and the slope of the last two weeks with its interval.

Neighbouring nights are alike, so the interval is too narrow; ties from zeros pull the slope to 0; and a line through
a peak is flat: then show the state of the peak instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lighttrap.agronomy import smooth, valid
from lighttrap.agronomy.defaults import TrendSettings
from lighttrap.agronomy.valid import Bools, Floats, Ints

_DEFAULT = TrendSettings()


@dataclass(frozen=True, slots=True)
class WeekChange:
    """A week against the one before, each array of shape (...).

    `change_pct` is NaN when no trap has both weeks, or when `is_low`: both typical catches so small that a percent
    would mislead. Typical catches (insects per trap per night) are of the traps present in both weeks.
    """

    traps: Ints
    change_pct: Floats
    typical: Floats
    typical_before: Floats
    is_low: Bools


@dataclass(frozen=True, slots=True)
class Trend:
    """A Theil-Sen line through ln(1 + c), each array of shape (...); NaN below 8 valid nights.

    `slope` per night with its 95 % interval `lower` … `upper`; `level` is the line's value in the last night of the
    axis, ln(1 + insects per trap per night). `doubling_days` is ln 2 / slope, only where the interval leaves out 0;
    negative when the catch halves in that time.
    """

    valid_nights: Ints
    slope: Floats
    lower: Floats
    upper: Floats
    level: Floats
    doubling_days: Floats


def week_change(catch: Floats, settings: TrendSettings = _DEFAULT) -> WeekChange:
    """Change on last week, from normalised catches of shape (..., traps, nights); the last 14 nights count.

    d = mean ln(1+c) this week - mean ln(1+c) last week, for traps with at least 4 valid nights in both; D = median of
    d over traps; change = 100 (e^D - 1) %. Both typical catches below 5: low, no percent (assumed). Raises ValueError
    when the axis is shorter than two weeks.
    """
    week = settings.week_nights
    if catch.shape[-1] < 2 * week:
        raise ValueError(f"two weeks are {2 * week} nights, not {catch.shape[-1]}")
    y = smooth.to_log(catch[..., -2 * week :])
    before, now = valid.mean(y[..., :week], settings.week_min_valid), valid.mean(y[..., week:], settings.week_min_valid)
    both = ~np.isnan(before) & ~np.isnan(now)
    middle = valid.median(np.where(both, now - before, np.nan))
    typical_before, typical = (_typical(part, both) for part in (y[..., :week], y[..., week:]))
    # A comparison with NaN is false: without a trap in both weeks nothing is low.
    is_low = (typical_before < settings.low_typical) & (typical < settings.low_typical)
    change = np.where(is_low, np.nan, 100.0 * np.expm1(middle))
    return WeekChange(np.asarray(np.count_nonzero(both, axis=-1), np.int64), change, typical, typical_before, is_low)


def theil_sen(catch: Floats, settings: TrendSettings = _DEFAULT) -> Trend:
    """Theil-Sen slope of y = ln(1+c) over the last 14 nights, shape (..., nights), at least 8 valid (assumed).

    b = median over i<j of (y_j - y_i)/(t_j - t_i), t the night number and not the row number; level = median(y - b t)
    with t = 0 in the last night. Interval: of the N = n(n-1)/2 slopes in order, those numbered round((N - C)/2) and
    round((N + C)/2) + 1 from 1, clipped, with C = 1.96 sqrt(n(n-1)(2n+5)/18) (Sen 1968). For a field give the series
    of its typical catches.
    """
    y = smooth.to_log(catch[..., -settings.slope_nights :])
    night = np.arange(y.shape[-1], dtype=np.float64) - (y.shape[-1] - 1)
    i, j = np.triu_indices(y.shape[-1], k=1)
    slopes = np.sort((y[..., j] - y[..., i]) / (night[j] - night[i]), axis=-1)
    known = valid.count(y)
    enough = known >= settings.slope_min_valid
    slope = np.where(enough, valid.median(slopes), np.nan)
    lower, upper = _interval(slopes, known, settings.z)
    lower, upper = np.where(enough, lower, np.nan), np.where(enough, upper, np.nan)
    level = valid.median(y - np.asarray(slope)[..., None] * night)
    certain = (lower > 0) | (upper < 0)
    doubling = np.where(certain, np.log(2.0) / np.where(certain, slope, 1.0), np.nan)
    return Trend(known, slope, lower, upper, level, doubling)


def _typical(y: Floats, both: Bools) -> Floats:
    """Typical catch of the trap-nights of the traps that have both weeks."""
    kept = np.where(both[..., None], y, np.nan)
    return smooth.from_log(valid.mean(kept.reshape(*kept.shape[:-2], -1)))


def _interval(slopes: Floats, known: Ints, z: float) -> tuple[Floats, Floats]:
    if slopes.shape[-1] == 0:
        nothing: Floats = np.full(slopes.shape[:-1], np.nan)
        return nothing, nothing
    n = np.asarray(known, np.float64)
    pairs = n * (n - 1) / 2
    half = z * np.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    lower, upper = np.rint((pairs - half) / 2), np.rint((pairs + half) / 2) + 1
    return _numbered(slopes, lower, pairs), _numbered(slopes, upper, pairs)


def _numbered(slopes: Floats, number: npt.NDArray[Any], pairs: npt.NDArray[Any]) -> Floats:
    """The slope of this number, counted from 1, within the pairs there are."""
    place = np.clip(number, 1, np.maximum(pairs, 1)).astype(np.int64) - 1
    return np.take_along_axis(slopes, np.asarray(place)[..., None], axis=-1)[..., 0]
