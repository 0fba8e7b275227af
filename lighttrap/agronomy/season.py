"""A place's normal year: the band of its past years, and how this year's period stands in it.

The series of a trap is its catch; that of a field the median over its traps, as the alert rules value its nights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np

from lighttrap.agronomy import normal, series, smooth, valid
from lighttrap.agronomy.defaults import NormalSettings
from lighttrap.agronomy.normal import SeasonClass, Standing, YearValues
from lighttrap.agronomy.valid import Floats, Ints, Nights

Numbers = list[float | None]
"""One number a night, or a period; None is unknown."""


@dataclass(frozen=True, slots=True)
class SeasonNow:
    """How the five-day period of `night` stands so far: `typical` this year, `high` P90 of `years` past years."""

    night: date
    period_first: date
    season: SeasonClass
    standing: Standing
    years: int
    typical: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Band:
    """P10 to P90 of past years, insects per trap and night, with how many years have a value; equal lengths."""

    p10: Numbers
    p30: Numbers
    p50: Numbers
    p70: Numbers
    p90: Numbers
    years: list[int]


@dataclass(frozen=True, slots=True)
class Past:
    """A place's one value a night over the years, shape (nights,), and the h of each year and period."""

    value: Floats
    nights: Nights
    known: YearValues


@dataclass(frozen=True, slots=True)
class NormalYear:
    """The 72 five-day periods of a year; `typical` and `typical_before` are this year's and last year's own."""

    year: int
    standing: Standing
    years: list[int]
    period_first: list[date]
    band: Band
    typical: Numbers
    typical_before: Numbers
    now: SeasonNow | None


def first_day(year: int) -> int:
    """The first night that counts for the normal of a year."""
    return series.day_number(date(year - NormalSettings().years, 1, 1))


def value_of(catch: Floats) -> Floats:
    """One value a night of a place, from catches of shape (traps, nights): their median, from one trap on."""
    return valid.median(np.swapaxes(catch, -1, -2)) if catch.size else np.full(catch.shape[-1], np.nan)


def past_of(value: Floats, first: int) -> Past:
    """A series whose first night is day `first`, and which ends with what is known, with its periods worked out."""
    nights = series.axis(first, first + value.size - 1)
    return Past(value, nights, normal.year_values(value, nights))


def now(past: Past) -> SeasonNow | None:
    """How the period of the last night stands: as `normal.season_so_far` has it."""
    if not past.value.size:
        return None
    last = past.nights[-1].item()
    begun = date(last.year, last.month, 1 + 5 * min((last.day - 1) // 5, 5))
    so_far = past.value[past.value.size - 1 - (last - begun).days :]
    x = valid.mean(smooth.to_log(so_far), NormalSettings().bin_min_valid)
    history = past.known.history(last.year)[:, int(normal.five_day_bin(past.nights[-1:])[0])]
    years = int(valid.count(history))
    high = valid.quantile(history, normal.BAND[-1], NormalSettings().provisional_years)
    return SeasonNow(
        last, begun, SeasonClass(int(normal.season_class(x, history))), normal.standing(years), years,
        number(float(smooth.from_log(x))), number(float(smooth.from_log(high))),
    )  # fmt: skip


def along(past: Past, shown: int, last: int) -> Band | None:
    """The band on each night from `shown` to `last`, each in its own year; None when no night has one."""
    wanted = series.axis(shown, last)
    place, year = normal.five_day_bin(wanted), wanted.astype("datetime64[Y]").astype(np.int64) + 1970
    quantiles, years = np.full((5, wanted.size), np.nan), np.zeros(wanted.size, np.int64)
    for one in np.unique(year):
        here = year == one
        history = past.known.history(int(one))
        quantiles[:, here] = normal.band(history)[:, place[here]]
        years[here] = _years(history)[place[here]]
    return None if np.isnan(quantiles).all() else _band(quantiles, years)


def of_year(past: Past, year: int) -> NormalYear:
    """The normal year for a year, from nights up to a night of it."""
    known, history = past.known, past.known.history(year)
    before = known.years[(known.years < year) & (known.years >= year - NormalSettings().years)]
    behind = [int(one) for one, row in zip(before, history, strict=True) if not np.isnan(row).all()]
    return NormalYear(
        year=year,
        standing=normal.standing(len(behind)),
        years=behind,
        period_first=[date(year, month, day) for month in range(1, 13) for day in (1, 6, 11, 16, 21, 26)],
        band=_band(normal.band(history), _years(history)),
        typical=numbers(smooth.from_log(known.of_year(year))),
        typical_before=numbers(smooth.from_log(known.of_year(year - 1))),
        now=now(past) if past.value.size and past.nights[-1].item().year == year else None,
    )


def number(one: float, digits: int = 2) -> float | None:
    """A number as it is told: rounded, None where unknown."""
    return None if math.isnan(one) else round(one, digits)


def numbers(values: Floats, digits: int = 2) -> Numbers:
    """Numbers as they are told."""
    return [None if one != one else one for one in np.round(values, digits).tolist()]


def _years(history: Floats) -> Ints:
    """How many past years have a value, by period."""
    return valid.count(np.swapaxes(history, -1, -2))


def _band(quantiles: Floats, years: Ints) -> Band:
    p10, p30, p50, p70, p90 = (numbers(one) for one in quantiles)
    return Band(p10, p30, p50, p70, p90, years.tolist())
