"""How early and how well peaks and forecasts would have come, had nobody known the future; beside two baselines.

The truth is the final peaks of the whole series. A forecast made on night o is scored against the first of them that
was not confirmed on o, if it falls within the horizon; forecasts too near the end of the series to have shown their
outcome are left out. Both baselines speak on the same nights, of the same peaks, with windows of the same width.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lighttrap.agronomy import baselines, forecast, peaks
from lighttrap.agronomy.forecast import NEVER, Answer, Forecasts, Occasion
from lighttrap.agronomy.forecast_settings import ForecastSettings
from lighttrap.agronomy.peaks import Peaks, Walk
from lighttrap.agronomy.valid import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Score:
    """How one way of forecasting did. Shares are NaN where nothing was scored.

    `hit_rate`: the peak fell in the likely week (`window_days` wide). `coverage_80`: it fell in the 80 % window;
    `hit_rate_80` the same for a window as wide as our 80 % window. No peak within the horizon is a miss in all three.
    `mae_days`: mean |peak - point| of the forecasts that had a peak. `window_80_days`: mean width of the 80 % windows.
    """

    forecasts: int
    without_peak: int
    hit_rate: float
    mae_days: float
    false_alarms_per_trap_year: float
    coverage_80: float
    hit_rate_80: float
    window_days: int
    window_80_days: float


@dataclass(frozen=True, slots=True)
class Scored:
    """The forecasts that are scored, and what became of them; arrays of shape (forecasts,).

    `came` is the night of the peak, NEVER without one; `last_interval` and `calendar` are the baselines' points and
    `*_half` half of their own 80 % windows, in steps.
    """

    made: Forecasts
    came: Ints
    last_interval: Floats
    last_interval_half: Floats
    calendar: Floats
    calendar_half: Floats


@dataclass(frozen=True, slots=True)
class Backtest:
    """What a backtest found. `days_to_confirm` is the median from a final peak to the night it was first spoken of.

    `announced`: share of the final peaks (of nights that could be) within a standing 80 % window made before they
    came; `lead_days`: the median time from the first such forecast to the peak.
    """

    peaks: Peaks
    seen: Walk
    looks: Forecasts
    scored: Scored
    trap_years: float
    days_to_confirm: float
    announced: float
    lead_days: float
    ours: Score
    baselines: Mapping[str, Score]


def run(catch: Floats, settings: ForecastSettings) -> Backtest:
    """Walks through the nights as if each were today, and scores what was said.

    `catch` is the normalised catch of one species, shape (traps, nights), NaN where unknown, on a complete axis.
    """
    found, seen = peaks.find(catch, settings.peak), peaks.walk(catch, settings.peak)
    looks = forecast.run(catch, settings, seen)
    scored = _scored(looks, found, seen, settings, catch.shape[-1])
    years = _trap_years(catch, settings)
    ours, others = scores(scored, settings, years)
    announced, lead = _announced(scored.made, found, settings, catch.shape[-1])
    confirm = _days_to_confirm(found, seen, settings)
    return Backtest(found, seen, looks, scored, years, confirm, announced, lead, ours, others)


def scores(scored: Scored, settings: ForecastSettings, trap_years: float) -> tuple[Score, dict[str, Score]]:
    """Our score and that of each baseline over the same forecasts."""
    made, step = scored.made, settings.scales.step_days
    width = settings.steps(settings.likely_days)
    wide = (made.last - made.first + 1).astype(np.float64)
    likely = (made.likely_first, made.likely_first + width - 1)
    ours = _score(scored, made.point, likely, (made.first, made.last), (made.first, made.last), width, step, trap_years)
    others = {}
    for name, point, half in (
        ("last_interval", scored.last_interval, scored.last_interval_half),
        ("calendar_mean", scored.calendar, scored.calendar_half),
    ):
        own = (np.ceil(point - half), np.floor(point + half))
        same = _around(point, wide)
        others[name] = _score(scored, point, _around(point, width), own, same, width, step, trap_years)
    return ours, others


def part(scored: Scored, chosen: Bools) -> Scored:
    """Some of the scored forecasts."""
    arrays = (getattr(scored, name)[chosen] for name in Scored.__slots__[1:])
    return Scored(scored.made.where(chosen), *arrays)


def refusals(looks: Forecasts) -> dict[str, int]:
    """How often a look gave no forecast, by why."""
    return {answer.name.lower(): int((looks.answer == answer).sum()) for answer in Answer if answer != Answer.FORECAST}


def by_occasion(
    scored: Scored, settings: ForecastSettings, trap_years: float
) -> dict[str, tuple[Score, dict[str, Score]]]:
    """Scores of the forecasts made when a peak was confirmed, when a trap rose, and weekly."""
    return {
        occasion.name.lower(): scores(part(scored, scored.made.occasion == occasion), settings, trap_years)
        for occasion in Occasion
    }


def by_trap(
    scored: Scored, settings: ForecastSettings, traps: int, trap_years: float
) -> list[tuple[Score, dict[str, Score]]]:
    """Scores of each trap's forecasts."""
    each = trap_years / max(traps, 1)
    return [scores(part(scored, scored.made.trap == trap), settings, each) for trap in range(traps)]


Window = tuple[Floats | Ints, Floats | Ints]


def _score(
    scored: Scored,
    point: Floats | Ints,
    week: Window,
    window: Window,
    same: Window,
    width: int,
    step: int,
    trap_years: float,
) -> Score:
    came = scored.came
    there = came < NEVER
    alarms = _false_alarms(scored, same)
    return Score(
        forecasts=len(came),
        without_peak=int((~there).sum()),
        hit_rate=_share(_within(came, week)),
        mae_days=float(np.abs(came - point)[there].mean() * step) if there.any() else float("nan"),
        false_alarms_per_trap_year=alarms / trap_years if trap_years > 0 else float("nan"),
        coverage_80=_share(_within(came, window)),
        hit_rate_80=_share(_within(came, same)),
        window_days=width * step,
        window_80_days=float(np.mean(window[1] - window[0] + 1) * step) if len(came) else float("nan"),
    )


def _within(came: Ints, window: Window) -> Bools:
    inside: Bools = (came >= window[0]) & (came <= window[1])
    return inside


def _share(held: Bools) -> float:
    return float(held.mean()) if len(held) else float("nan")


def _around(point: Floats, width: Floats | int) -> Window:
    """A window of whole steps around a point."""
    first = np.round(point - (width - 1) / 2)
    return first, first + width - 1


def _false_alarms(scored: Scored, window: Window) -> int:
    """Alarms without a peak. Forecasts of one trap whose windows touch are one alarm, ended by a window beyond."""
    false = 0
    for trap in np.unique(scored.made.trap):
        mine = np.flatnonzero(scored.made.trap == trap)
        mine = mine[np.argsort(window[0][mine], kind="stable")]
        end, held = -np.inf, True
        for one in mine:
            if window[0][one] > end + 1:
                false += not held
                held = False
            held = held or bool(window[0][one] <= scored.came[one] <= window[1][one])
            end = max(end, window[1][one])
        false += not held
    return false


def _scored(looks: Forecasts, found: Peaks, seen: Walk, settings: ForecastSettings, nights: int) -> Scored:
    horizon = settings.steps(settings.horizon_days)
    made = looks.where(looks.answer == Answer.FORECAST)
    truth = forecast.Known(
        [found.night[found.final & (found.trap == trap)] for trap in range(seen.newest.shape[0])],
        [found.night[found.final & (found.trap == trap)] for trap in range(seen.newest.shape[0])],
    )
    last_peak = np.maximum.accumulate(seen.newest, axis=-1)
    earliest = settings.earliest_next(last_peak[made.trap, made.night], made.night)
    came = truth.next_peak(made.trap, earliest, NEVER)
    came = np.where(came <= made.night + horizon, came, NEVER)
    repeated, calendar = baselines.points(made, last_peak, settings)
    halves = [baselines.own_half(point, made, came, settings) for point in (repeated, calendar)]
    ripe = made.night + horizon + settings.peak.radius <= nights - 1
    whole = Scored(made, came, repeated, halves[0], calendar, halves[1])
    return part(whole, ripe)


def _trap_years(catch: Floats, settings: ForecastSettings) -> float:
    """Trap-years in which a forecast could be made and scored."""
    first = settings.steps(settings.first_days)
    end = catch.shape[-1] - settings.steps(settings.horizon_days) - settings.peak.radius
    steps = int((~np.isnan(catch[:, first : max(end, first)])).sum())
    return steps * settings.scales.step_days / 365.2425


def _announced(made: Forecasts, found: Peaks, settings: ForecastSettings, nights: int) -> tuple[float, float]:
    first, end = settings.steps(settings.first_days), nights - settings.steps(settings.horizon_days)
    leads, number = [], 0
    for trap, peak in zip(found.trap[found.final], found.night[found.final], strict=True):
        if not first < peak < end:
            continue
        number += 1
        held = (made.trap == trap) & (made.night < peak) & (made.first <= peak) & (made.last >= peak)
        if held.any():
            leads.append(float(peak - made.night[held][0]) * settings.scales.step_days)
    return (len(leads) / number if number else float("nan")), (float(np.median(leads)) if leads else float("nan"))


def _days_to_confirm(found: Peaks, seen: Walk, settings: ForecastSettings) -> float:
    """Median days from a final peak to the night a peak within 2 steps of it was first known."""
    near = 2 if settings.scales.step_days == 1 else 0
    waits = []
    for trap, peak in zip(found.trap[found.final], found.night[found.final], strict=True):
        known = np.flatnonzero((seen.newest[trap] >= 0) & (np.abs(seen.newest[trap] - peak) <= near))
        if len(known):
            waits.append(int(known[0] - peak) * settings.scales.step_days)
    return float(np.median(waits)) if waits else float("nan")
