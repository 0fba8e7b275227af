"""How likely the next peak falls on each coming night: a hazard a day, learnt from nights that are past.

log hazard = sum of coefficient times term, for a trap on night o and a target night o + ahead. The chance that the
peak falls on a night is 1 - exp(-hazard times the days of a step), given that it has not come before: a piecewise
exponential model of waiting times, fitted as a Poisson regression (Holford 1980; Laird and Olivier 1981). A ridge
pulls the coefficients to a prior, so that a short file changes little and a long one much.

What is told by a term, and why, stands in `TERMS`. The terms know nothing of the nights after o but their dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from lighttrap.agronomy import smooth, valid
from lighttrap.agronomy.peaks import PeakSettings, Walk
from lighttrap.agronomy.valid import Bools, Floats, Ints

TERMS: Final = (
    ("always", "the hazard of a day far off"),
    ("passed", "1 for nights before tonight: their peak, if any, is not confirmed yet"),
    ("passed_below", "how far s of such a night lies below the highest of 11 nights"),
    ("near", "n = exp(-days ahead / near)"),
    ("near_level", "n times the level tonight"),
    ("near_fall", "n times how far s has fallen from its highest of 11 nights"),
    ("near_slope", "n times the change of s over 3 nights"),
    ("soon", "m = exp(-days ahead / soon)"),
    ("soon_rise", "m times how far s has risen above its lowest of 11 nights"),
    ("soon_fall", "m times the fall"),
    ("level", "level = s - log10(1 + floor), from -1.5 to 2"),
    ("level_squared", "very high flights have their peak behind them"),
    ("busy", "mean level of the last 60 days"),
    ("empty", "share of zeros among the valid nights of the last 14: silence, or not read"),
    ("clock", "log of how often peaks have come so many days after the last in all traps so far, against once a gap"),
    ("calendar", "log of how often this trap had a peak about this date in its earlier years, against once a gap"),
)
"""The terms of the hazard, in the order of the coefficients."""
ALWAYS: Final = slice(0, 1)
PASSED: Final = slice(1, 3)
CLOCK: Final = slice(len(TERMS) - 2, len(TERMS) - 1)
CALENDAR: Final = slice(len(TERMS) - 1, len(TERMS))
"""Where some of them stand."""
_YEAR_DAYS = 365.2425
_LOW, _HIGH = -1.5, 2.0


@dataclass(frozen=True, slots=True)
class Scales:
    """The lengths the terms are measured with, days; `step_days` is 1 for nights, 7 for weeks."""

    step_days: int
    near_days: float
    soon_days: float
    slope_days: int
    busy_days: int
    empty_days: int
    gap_days: float
    """The mean gap between peaks that is assumed before the traps have shown theirs."""
    gap_weight: float
    """So many gaps the assumption is worth."""
    gap_width_days: float
    """A gap seen speaks for gaps so near to it: standard deviation."""
    gap_to_days: int
    date_width_days: float
    """A peak speaks for dates of other years so near to it: standard deviation."""


DAILY: Final = Scales(1, 3.0, 8.0, 3, 60, 14, 30.0, 3.0, 1.5, 120, 8.0)
WEEKLY: Final = Scales(7, 7.0, 21.0, 7, 63, 28, 50.0, 3.0, 5.0, 210, 10.0)


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of each trap on each night, arrays of shape (traps, nights); nothing rests on later nights.

    `recent` is s of the last 11 nights as known then, shape (traps, nights, 11), and `last_peak` the newest peak
    confirmed so far (-1: none). `clock` is the term of that name by night and steps since the last peak, shape (nights,
    steps); `calendar` by trap, whole years that have passed, and date of a year of `year` steps.
    """

    peak: PeakSettings
    scales: Scales
    recent: Floats
    highest: Floats
    level: Floats
    fall: Floats
    rise: Floats
    slope: Floats
    busy: Floats
    empty: Floats
    last_peak: Ints
    clock: Floats
    year: float
    calendar: Floats


def situation(catch: Floats, seen: Walk, peak: PeakSettings, scales: Scales) -> Situation:
    """The situation of each trap and night; `catch` has shape (traps, nights)."""
    recent = seen.recent
    s = recent[..., -1]
    level = np.clip(np.nan_to_num(s - np.log10(1 + peak.floor), nan=_LOW), _LOW, _HIGH)
    back = smooth.windows(s, _steps(scales.slope_days, scales))
    zero = np.where(np.isnan(catch), np.nan, catch == 0)
    last = np.maximum.accumulate(seen.newest, axis=-1)
    year = _YEAR_DAYS / scales.step_days
    return Situation(
        peak=peak,
        scales=scales,
        recent=recent,
        highest=valid.quantile(recent, 1.0),
        level=level,
        fall=_known(valid.quantile(recent, 1.0) - s, 0.0, 2.0),
        rise=_known(s - valid.quantile(recent, 0.0), 0.0, 2.0),
        slope=_known(back[..., -1] - back[..., 0], -1.0, 1.0),
        busy=_mean_level(s, peak, _steps(scales.busy_days, scales)),
        empty=_known(valid.mean(smooth.windows(zero, _steps(scales.empty_days, scales) - 1)), 0.0, 1.0),
        last_peak=last,
        clock=_clock(last, peak, scales),
        year=year,
        calendar=_calendar(seen.newest, peak, scales, year),
    )


def design(at: Situation, trap: Ints, night: Ints, ahead: Ints) -> Floats:
    """The terms for trap, night and steps ahead, each of shape (n,); shape (n, terms)."""
    scales = at.scales
    days = ahead * scales.step_days
    near, soon = (np.exp(-np.maximum(days, 0) / scale) for scale in (scales.near_days, scales.soon_days))
    level, fall, rise = at.level[trap, night], at.fall[trap, night], at.rise[trap, night]
    last = at.last_peak[trap, night]
    age = np.clip(night + ahead - last, 0, at.clock.shape[-1] - 1)
    recent = at.recent
    passed = ahead < 0
    then = recent[trap, night, np.clip(recent.shape[-1] - 1 + ahead, 0, recent.shape[-1] - 1)]
    below = np.clip(np.nan_to_num(at.highest[trap, night] - then), 0.0, 2.0)
    terms: Floats = np.stack(
        [
            np.ones(len(days)),
            passed.astype(np.float64),
            np.where(passed, below, 0.0),
            near,
            near * level,
            near * fall,
            near * at.slope[trap, night],
            soon,
            soon * rise,
            soon * fall,
            level,
            level**2,
            at.busy[trap, night],
            at.empty[trap, night],
            np.where(last >= 0, at.clock[night, age], 0.0),
            at.calendar[trap, (night / at.year).astype(np.int64), np.mod(night + ahead, at.year).astype(np.int64)],
        ],
        axis=-1,
    )
    return terms


def fit(
    terms: Floats, happened: Floats, days: float, weight: float, prior: Floats, pull: Floats, rounds: int = 12
) -> Floats:
    """Coefficients that maximise weight · Σ (happened · log μ - μ) - ½ Σ pull · (b - prior)², μ = days · exp(terms·b).

    By Newton's steps of at most 2, from the prior. `weight` is below 1 since neighbouring nights say much the same.
    """
    b = prior.copy()
    for _ in range(rounds):
        mean = days * np.exp(np.clip(terms @ b, -12.0, 2.0))
        slope = weight * (terms.T @ (happened - mean)) - pull * (b - prior)
        bend = weight * (terms * mean[:, None]).T @ terms + np.diag(pull)
        move = np.linalg.solve(bend, slope)
        size = float(np.abs(move).max())
        b = b + move * min(1.0, 2.0 / max(size, 1e-12))
        if size < 1e-4:
            break
    return b


def distributions(at: Situation, trap: Ints, night: Ints, ahead: Ints, ways: Sequence[Floats]) -> Floats:
    """Chance that the next peak falls `ahead` steps off, by each set of coefficients; shape (ways, n, steps).

    For each trap and night. What is left to 1 is the chance that none comes within the steps. No peak falls within R
    of the last.
    """
    shape = (len(trap), len(ahead))
    row, column = (one.ravel() for one in np.indices(shape))
    who, when, step = trap[row], night[row], ahead[column]
    terms, allowed = design(at, who, when, step), may_fall(at, who, when, step)
    return np.stack([_chances(at, terms, allowed, b, shape) for b in ways])


def _chances(at: Situation, terms: Floats, allowed: Bools, b: Floats, shape: tuple[int, int]) -> Floats:
    mean = at.scales.step_days * np.exp(np.clip(terms @ b, -12.0, 2.0))
    mean = np.where(allowed, mean, 0.0).reshape(shape)
    alive = np.exp(-np.cumsum(mean, axis=-1))
    chance: Floats = np.concatenate([np.ones((shape[0], 1)), alive[:, :-1]], axis=-1) - alive
    return chance


def may_fall(at: Situation, trap: Ints, night: Ints, ahead: Ints) -> Bools:
    """Whether a new peak can fall on a night: more than R after the last one known on `night`."""
    last = at.last_peak[trap, night]
    allowed: Bools = (last < 0) | (night + ahead > last + at.peak.radius)
    return allowed & (night + ahead >= 0)


def _steps(days: int, scales: Scales) -> int:
    return max(1, round(days / scales.step_days))


def _known(values: Floats, low: float, high: float) -> Floats:
    """Clipped, and 0 where unknown: a term that says nothing."""
    return np.clip(np.nan_to_num(values, nan=0.0), low, high)


def _mean_level(s: Floats, peak: PeakSettings, steps: int) -> Floats:
    level = np.clip(s - np.log10(1 + peak.floor), _LOW, _HIGH)
    return np.nan_to_num(valid.mean(smooth.windows(level, steps - 1)), nan=_LOW)


def _clock(last: Ints, peak: PeakSettings, scales: Scales) -> Floats:
    """Log of the hazard of a peak by the steps since the last, over that of one in `gap_days`; shape (nights, steps).

    hazard(a) = (number of gaps of about a + w h) / (number of gaps, ended or still open, of a or more + w), with
    h = step / gap_days and w = `gap_weight`: the Nelson-Aalen estimate, smoothed, and pulled to h. By what was known
    on each night.
    """
    traps, nights = last.shape
    steps = np.arange(scales.gap_to_days // scales.step_days + 1)
    usual = scales.step_days / scales.gap_days
    ended, longer = np.zeros(len(steps)), np.zeros(len(steps))
    newest = np.full(traps, -1, np.int64)
    clock = np.zeros((nights, len(steps)))
    for night in range(nights):
        for trap in np.flatnonzero(last[:, night] > np.where(newest >= 0, newest + peak.radius, -1)):
            if newest[trap] >= 0:
                gap = int(last[trap, night] - newest[trap])
                bell = np.exp(-0.5 * ((steps - gap) * scales.step_days / scales.gap_width_days) ** 2)
                ended += bell / (scales.gap_width_days * np.sqrt(2 * np.pi) / scales.step_days)
                longer += steps <= gap
            newest[trap] = last[trap, night]
        # Of the last nights nobody knows yet whether a peak lies there.
        open_for = np.where(newest >= 0, night - newest - peak.confirm - 1, -1)
        still_open = (open_for[:, None] >= steps).sum(axis=0)
        clock[night] = np.log((ended + scales.gap_weight * usual) / (longer + still_open + scales.gap_weight) / usual)
    return np.clip(clock, -4.0, 4.0)


def _calendar(newest: Ints, peak: PeakSettings, scales: Scales, year: float) -> Floats:
    """Log of the hazard of a peak by date, over that of one in `gap_days`; shape (traps, years, dates of a year).

    hazard(date) = (number of the trap's peaks about this date + w h) / (number of years + w), by its whole years so
    far: [:, 0] is 0, for in the first year nothing is known. The year begins with the series.
    """
    traps, nights = newest.shape
    dates, years = int(np.ceil(year)), int(nights / year) + 1
    usual = scales.step_days / scales.gap_days
    calendar = np.zeros((traps, years, dates))
    width = scales.date_width_days / scales.step_days
    for trap in range(traps):
        for number in range(1, years):
            seen = newest[trap, : int(number * year)]
            old = (seen >= 0) & (np.arange(len(seen)) - seen >= peak.radius)
            at = np.mod(np.unique(seen[old]), year)
            apart = np.abs(np.arange(dates)[:, None] - at)
            apart = np.minimum(apart, year - apart)
            often = np.exp(-0.5 * (apart / width) ** 2).sum(axis=-1) / (width * np.sqrt(2 * np.pi))
            calendar[trap, number] = np.log((often + scales.gap_weight * usual) / (number + scales.gap_weight) / usual)
    return np.clip(calendar, -4.0, 4.0)
