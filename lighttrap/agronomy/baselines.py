"""Two plain ways of naming the next peak, for a forecast to be measured against.

- The last interval repeated: the newest confirmed peak plus the gap before it, repeated until it lies ahead.
- The calendar mean: the mean time to the next peak on this date in the earlier years of this trap; in its first year
  the newest confirmed peak plus the mean gap of all traps so far, repeated until it lies ahead.

Before there is a gap, 24 days stand for it. Neither knows the future.
"""

from __future__ import annotations

import itertools

import numpy as np

from lighttrap.agronomy.forecast import NEVER, Forecasts
from lighttrap.agronomy.forecast_settings import ForecastSettings
from lighttrap.agronomy.valid import Floats, Ints

GAP_DAYS = 24.0
"""A generation of planthoppers, where no gap is known (handbook of the field, section 4)."""


def points(made: Forecasts, last_peak: Ints, settings: ForecastSettings) -> tuple[Floats, Floats]:
    """The nights the two baselines name when a forecast is made: last interval repeated, and calendar mean."""
    step, year = settings.scales.step_days, 365.2425 / settings.scales.step_days
    horizon = settings.steps(settings.horizon_days)
    starts = _confirmed(last_peak, settings.peak.radius)
    gaps = sorted((on, peak - before) for trap in starts for (_, before), (on, peak) in itertools.pairwise(trap))
    gap_on, gap = np.array([on for on, _ in gaps]), np.array([size for _, size in gaps], np.float64)
    repeated, calendar = np.zeros(len(made.trap)), np.zeros(len(made.trap))
    for one, (trap, night) in enumerate(zip(made.trap, made.night, strict=True)):
        past = [peak for on, peak in starts[trap] if on <= night]
        last = past[-1] if past else 0
        own = past[-1] - past[-2] if len(past) > 1 else GAP_DAYS / step
        common = gap[gap_on <= night] if len(gap) else gap
        earliest = night - settings.steps(settings.passed_days)
        repeated[one] = _ahead(last, own, earliest)
        waits = _waits(past, night, earliest - night, horizon, year)
        mean_gap = float(common.mean()) if len(common) >= 5 else GAP_DAYS / step
        calendar[one] = night + np.mean(waits) if waits else _ahead(last, mean_gap, earliest)
    return repeated, calendar


def _confirmed(last_peak: Ints, radius: int) -> list[list[tuple[int, int]]]:
    """Of each trap, the peaks in order with the night each was confirmed; one that moved keeps its last place."""
    starts: list[list[tuple[int, int]]] = []
    for row in last_peak:
        mine: list[tuple[int, int]] = []
        for night in np.flatnonzero(np.diff(row, prepend=-1) != 0):
            if mine and row[night] <= mine[-1][1] + radius:
                continue
            mine.append((int(night), int(row[night])))
        starts.append(mine)
    return starts


def _ahead(last: float, gap: float, earliest: float) -> float:
    """The last peak plus as many gaps as reach the earliest night, at least one."""
    return last + gap * max(1.0, float(np.ceil((earliest - last) / gap)))


def _waits(past: list[int], night: int, earliest: int, horizon: int, year: float) -> list[float]:
    """Steps from this date to the next peak in each earlier year that had one within the horizon."""
    waits = []
    for back in range(1, int(night / year) + 1):
        date = night - back * year
        later = [peak - date for peak in past if earliest <= peak - date <= horizon]
        waits += later[:1]
    return waits


def own_half(point: Floats, made: Forecasts, came: Ints, settings: ForecastSettings) -> Floats:
    """Half of a baseline's own 80 % window: the 80 % quantile of its errors that were known when it spoke.

    A forecast without a peak has an error beyond any window. Before 10 outcomes half the horizon stands.
    """
    error = np.where(came < NEVER, np.abs(came - point), np.inf)
    horizon = settings.steps(settings.horizon_days)
    ripe = np.where(came < NEVER, came, made.night + horizon) + settings.peak.radius
    half = np.full(len(point), horizon / 2)
    for one, night in enumerate(made.night):
        known = np.sort(error[ripe <= night])
        if len(known) >= 10:
            place = min(len(known) - 1, int(np.ceil(settings.chance * (len(known) + 1))) - 1)
            half[one] = min(known[place], float(horizon))
    return half
