"""The normal year: how a five-day period compares with the same period of the past ten years.

After Japan's pest forecasting: the normal (平年) is the past 10 years by five-day period, and five classes put the 40 %
of cases around it at "normal", the next 20 % on each side at "somewhat", the outer 10 % at "many" and "few"
(Hokkaido, Shiga, Kyoto). Sowing calendars shift between years, the moon differs, and a new lamp starts a new history.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
import numpy.typing as npt

from lighttrap.agronomy import smooth, valid
from lighttrap.agronomy.defaults import NormalSettings
from lighttrap.agronomy.valid import Floats, Ints, Nights

_DEFAULT = NormalSettings()
FIVE_DAY_BINS = 72
STANDARD_WEEKS = 52
BAND = (0.10, 0.30, 0.50, 0.70, 0.90)
"""Quantiles of the band that is drawn."""


class SeasonClass(IntEnum):
    """How this year's period stands among the same period of past years."""

    UNKNOWN = -9
    """Too few years, or no value this year."""
    FEW = -2
    SOMEWHAT_FEW = -1
    NORMAL = 0
    SOMEWHAT_MANY = 1
    MANY = 2


class Standing(StrEnum):
    """How much history stands behind a normal."""

    NONE = "none"
    """Fewer than 5 years: no band, no class; compare with last week and last year."""
    PROVISIONAL = "provisional"
    """5 to 9 years."""
    NORMAL = "normal"
    """10 years."""


class Timing(IntEnum):
    """When a peak came, against the mean date of past years."""

    EARLY = -2
    SOMEWHAT_EARLY = -1
    NORMAL = 0
    SOMEWHAT_LATE = 1
    LATE = 2


@dataclass(frozen=True, slots=True)
class YearValues:
    """h = mean ln(1 + c) of each year and period; `values` has shape (..., years, bins), `years` runs unbroken."""

    years: Ints
    values: Floats

    def history(self, year: int, settings: NormalSettings = _DEFAULT) -> Floats:
        """The values of the 10 years before `year`, shape (..., up to 10, bins)."""
        past = (self.years < year) & (self.years >= year - settings.years)
        return self.values[..., past, :]

    def of_year(self, year: int) -> Floats:
        """The values of one year, shape (..., bins), NaN when it is outside: last year's for a CKNT comparison."""
        at = np.flatnonzero(self.years == year)
        return self.values[..., at[0], :] if at.size else np.full_like(self.values[..., 0, :], np.nan)


@dataclass(frozen=True, slots=True)
class SeasonSoFar:
    """How each night's five-day period stands up to that night; arrays of shape (..., nights).

    `classes` holds `SeasonClass` values; `typical` is this year's typical catch so far and `high` P90 of the past
    years' (insects per trap per night); `years` is how many of them have a value.
    """

    classes: Ints
    typical: Floats
    high: Floats
    years: Ints


def five_day_bin(nights: Nights) -> Ints:
    """Five-day period of the month, 0 … 71: 6 (month - 1) + min((day - 1) // 5, 5); the sixth has 3 to 6 days."""
    months = nights.astype("datetime64[M]")
    day: Ints = (nights.astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64)
    month: Ints = months.astype(np.int64) % 12
    return month * 6 + np.minimum(day // 5, 5)


def standard_week(nights: Nights) -> Ints:
    """Standard week less one, 0 … 51: seven days from 1 January (assumed); the last takes 31 December and leap days."""
    return np.minimum(_day_of_year(nights).astype(np.int64) // 7, STANDARD_WEEKS - 1)


def year_values(
    catch: Floats, nights: Nights, bins: Ints | None = None, count: int = FIVE_DAY_BINS, at_least: int | None = None
) -> YearValues:
    """The h of each year and period, from normalised catches of shape (..., nights).

    h = mean of ln(1+c) over the valid nights of the period, at least 3 (assumed). `bins` gives each night's period
    (five-day periods when left out) and `count` how many there are; a weekly series has one value a period, so give
    it `at_least=1`.
    """
    place = five_day_bin(nights) if bins is None else bins
    least = _DEFAULT.bin_min_valid if at_least is None else at_least
    year = nights.astype("datetime64[Y]").astype(np.int64) + 1970
    years = np.arange(year.min(), year.max() + 1) if year.size else np.zeros(0, np.int64)
    cell = (year - (years[0] if years.size else 0)) * count + place
    y = smooth.to_log(catch)
    by_night = np.moveaxis(y, -1, 0)
    total = np.zeros((years.size * count, *catch.shape[:-1]))
    known = np.zeros_like(total)
    np.add.at(total, cell, np.where(np.isnan(by_night), 0.0, by_night))
    np.add.at(known, cell, ~np.isnan(by_night))
    h = np.moveaxis(np.where(known >= least, total / np.maximum(known, 1), np.nan), 0, -1)
    return YearValues(years, h.reshape(*catch.shape[:-1], years.size, count))


def standing(years: int, settings: NormalSettings = _DEFAULT) -> Standing:
    """What so many years of history allow to be said."""
    if years >= settings.years:
        return Standing.NORMAL
    return Standing.PROVISIONAL if years >= settings.provisional_years else Standing.NONE


def band(history: Floats, settings: NormalSettings = _DEFAULT) -> Floats:
    """P10, P30, P50, P70, P90 of the past years, in insects per trap per night; shape (5, ..., bins).

    `history` is h of shape (..., years, bins); quantiles are linear, taken in logs. NaN below 5 years with a value.
    """
    by_bin = np.swapaxes(history, -1, -2)
    return np.stack([smooth.from_log(valid.quantile(by_bin, q, settings.provisional_years)) for q in BAND])


def season_class(x: npt.ArrayLike, history: Floats, settings: NormalSettings = _DEFAULT) -> Ints:
    """The `SeasonClass` of this year's h among past years'; `history` of shape (..., years), `x` of shape (...).

    With n years and a = 2 #(h < x) + #(h = x): 10a < 2n few; < 6n somewhat few; ≤ 14n normal; ≤ 18n somewhat many;
    else many. In whole numbers, for 0.3 n is not exact. UNKNOWN below 5 years or without x.
    """
    now = np.asarray(x, np.float64)
    years = valid.count(history)
    below = np.count_nonzero(history < now[..., None], axis=-1)
    equal = np.count_nonzero(history == now[..., None], axis=-1)
    a = 10 * (2 * below + equal)
    classes = np.select(
        [a < 2 * years, a < 6 * years, a <= 14 * years, a <= 18 * years],
        [SeasonClass.FEW, SeasonClass.SOMEWHAT_FEW, SeasonClass.NORMAL, SeasonClass.SOMEWHAT_MANY],
        SeasonClass.MANY,
    )
    known = (years >= settings.provisional_years) & ~np.isnan(now)
    return np.where(known, classes, SeasonClass.UNKNOWN).astype(np.int64)


def season_so_far(catch: Floats, nights: Nights, settings: NormalSettings = _DEFAULT) -> SeasonSoFar:
    """For each night the class of its five-day period up to and with that night, from catches of shape (..., nights).

    x = mean ln(1+c) over this year's valid nights of the period so far, at least 3; history = the same period of the
    10 years before, whole. It knows no future, so it may feed an alert. UNKNOWN where there is no normal yet; `high`
    is NaN there.
    """
    h = year_values(catch, nights, at_least=settings.bin_min_valid)
    place = five_day_bin(nights)
    year = nights.astype("datetime64[Y]").astype(np.int64) + 1970
    x = _mean_so_far(smooth.to_log(catch), (year * FIVE_DAY_BINS + place), settings.bin_min_valid)
    classes = np.full(catch.shape, SeasonClass.UNKNOWN, np.int64)
    high, years = np.full(catch.shape, np.nan), np.zeros(catch.shape, np.int64)
    for one in h.years:
        here = year == one
        by_bin = np.swapaxes(h.history(int(one), settings), -1, -2)
        classes[..., here] = season_class(x[..., here], by_bin[..., place[here], :], settings)
        high[..., here] = valid.quantile(by_bin, BAND[-1], settings.provisional_years)[..., place[here]]
        years[..., here] = valid.count(by_bin)[..., place[here]]
    return SeasonSoFar(classes, smooth.from_log(x), smooth.from_log(high), years)


def timing(peak: np.datetime64, past: Nights, settings: NormalSettings = _DEFAULT) -> tuple[Timing, float] | None:
    """Class of a peak's date, and its days after the mean date of past years' (negative: before).

    Within 2 days normal, 3 to 5 somewhat, from 6 on early or late, in whole days. Dates are compared over the turn of
    the year, within half a year of the peak's own. None below 5 past years (assumed, as for the band).
    """
    if np.unique(past.astype("datetime64[Y]")).size < settings.provisional_years:
        return None
    away = _day_of_year(np.asarray(peak, "datetime64[D]")) - _day_of_year(past)
    late = float(np.mean((away + 182.5) % 365.0 - 182.5))
    days = round(abs(late))
    size = 0 if days <= settings.timing_normal_days else 1 if days <= settings.timing_somewhat_days else 2
    return Timing(size if late > 0 else -size), late


def _day_of_year(nights: Nights) -> Floats:
    start = nights.astype("datetime64[Y]").astype("datetime64[D]")
    days: Floats = (nights.astype("datetime64[D]") - start).astype(np.float64)
    return days


def _mean_so_far(y: Floats, group: Ints, at_least: int) -> Floats:
    """Running mean within unbroken runs of equal `group`, NaN until `at_least` values are known."""
    starts = np.flatnonzero(np.diff(group, prepend=group[:1] - 1))
    run = np.searchsorted(starts, np.arange(group.size), side="right") - 1
    total = np.cumsum(np.where(np.isnan(y), 0.0, y), axis=-1)
    known = np.cumsum(~np.isnan(y), axis=-1)
    before = [np.concatenate([np.zeros_like(s[..., :1]), s], axis=-1)[..., starts[run]] for s in (total, known)]
    seen = known - before[1]
    return np.where(seen >= at_least, (total - before[0]) / np.maximum(seen, 1), np.nan)
