"""The forecast that stands for each trap of a field, with the trap's own score beside it; or none, and why.

Walking through three seasons of a field takes a second, and its answer changes only with its nights: what was asked of
the same nights before is remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from lighttrap import memory
from lighttrap.agronomy import backtest, forecast, forecast_settings, series
from lighttrap.agronomy.backtest import Backtest
from lighttrap.agronomy.basis import Basis
from lighttrap.agronomy.forecast import Answer, Forecasts, Occasion
from lighttrap.agronomy.forecast_settings import ForecastSettings
from lighttrap.agronomy.valid import Floats
from lighttrap.species import SpeciesKey

YEARS: Final = 3
"""The series begins with the January two years before: so many calendar years are walked through. Assumed."""
ENOUGH: Final = 5
"""Fewer scored forecasts say nothing of a trap: "chưa đánh giá được". Assumed."""
_REMEMBERED: Final = 4096
"""Fields, each with its species, of which the last answer is kept: some kilobytes of each, and not its nights."""


@dataclass(frozen=True, slots=True)
class Skill:
    """How forecasts of one trap did on its own past nights; shares and days as in docs/forecast.md, None where none."""

    forecasts: int
    without_peak: int
    mae_days: float | None
    hit_rate: float | None
    coverage_80: float | None
    window_80_days: float | None


@dataclass(frozen=True, slots=True)
class Prospect:
    """What stands of one trap. The nights are None unless `answer` is FORECAST; `first` … `last` is the 80 % window.

    `peak_chance` is that of any peak within `horizon_days`. With fewer than 5 scored forecasts `is_scored` is false:
    nobody can say what the forecasts of this trap are worth.
    """

    answer: Answer
    made_on: date | None
    occasion: Occasion | None
    point: date | None
    likely_first: date | None
    likely_last: date | None
    first: date | None
    last: date | None
    chance: float
    peak_chance: float | None
    horizon_days: int
    is_scored: bool
    score: Skill
    last_interval: Skill
    calendar_mean: Skill
    basis: Basis = Basis.DERIVED


def first_day(last: int) -> int:
    """Where the series must begin, for nights up to day `last`: a fixed day, so that each night adds and none drops."""
    return series.day_number(date(series.night(last).year - YEARS + 1, 1, 1))


def of_traps(catch: Floats, first: int, species: SpeciesKey) -> Sequence[Prospect]:
    """What stands after the last night of `catch`, shape (traps, nights), whose first night is day `first`."""
    known = np.flatnonzero(~np.isnan(catch).all(axis=0))
    skip = int(known[0]) if known.size else catch.shape[-1]
    kept = np.ascontiguousarray(catch[:, skip:])
    key = memory.digest(kept, first + skip, species)
    return _memory.recall(key, lambda: _of_nights(kept, first + skip, species))


_memory: memory.Memory[tuple[Prospect, ...]] = memory.Memory(_REMEMBERED)


def _of_nights(catch: Floats, first: int, species: SpeciesKey) -> tuple[Prospect, ...]:
    shape = catch.shape
    settings = forecast_settings.for_species(species)
    if not catch.size:
        return tuple(_none(settings) for _ in range(shape[0]))
    tested = backtest.run(catch, settings)
    stands = forecast.newest(tested.looks, shape[1] - 1)
    return tuple(_prospect(trap, stands, tested, first, settings, shape[0]) for trap in range(shape[0]))


def _prospect(
    trap: int, stands: Forecasts, tested: Backtest, first: int, settings: ForecastSettings, traps: int
) -> Prospect:
    place = np.flatnonzero(stands.trap == trap)
    if not place.size:
        return _none(settings)
    at = int(place[0])
    width = settings.steps(settings.likely_days)
    ours, others = backtest.by_trap(tested.scored, settings, traps, tested.trap_years)[trap]

    def night(name: str, later: int = 0) -> date | None:
        found = int(getattr(stands, name)[at])
        return None if found < 0 else series.night(first + found + later)

    return Prospect(
        answer=Answer(int(stands.answer[at])),
        made_on=night("night"),
        occasion=Occasion(int(stands.occasion[at])),
        point=night("point"),
        likely_first=night("likely_first"),
        likely_last=night("likely_first", width - 1),
        first=night("first"),
        last=night("last"),
        chance=settings.chance,
        peak_chance=round(float(stands.peak_chance[at]), 3),
        horizon_days=settings.horizon_days,
        is_scored=ours.forecasts >= ENOUGH,
        score=_skill(ours),
        last_interval=_skill(others["last_interval"]),
        calendar_mean=_skill(others["calendar_mean"]),
    )


def _none(settings: ForecastSettings) -> Prospect:
    """Of a trap that was not looked at yet: a series must show itself first."""
    unknown = Skill(0, 0, None, None, None, None)
    return Prospect(
        Answer.NO_DATA, None, None, None, None, None, None, None, settings.chance, None, settings.horizon_days, False,
        unknown, unknown, unknown,
    )  # fmt: skip


def _skill(score: backtest.Score) -> Skill:
    def known(value: float, digits: int) -> float | None:
        return None if np.isnan(value) else round(value, digits)

    return Skill(
        score.forecasts, score.without_peak, known(score.mae_days, 1), known(score.hit_rate, 2),
        known(score.coverage_80, 2), known(score.window_80_days, 1),
    )  # fmt: skip
