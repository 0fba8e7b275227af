"""Degree-days to the end of a stage, for the stages whose constants were read in a source; fixed days otherwise.

Brown planthopper has no constant K, nor has the yellow stem borer: fixed days only. Striped stem borer has one for
north-east China, which is not for the delta and is left out. In the delta, at 26 to 29 °C, degree-days and fixed days
differ by 1 to 2 days. The formula has no upper limit: warn above 36 °C, which kills all eggs of the planthopper.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from lighttrap.agronomy import smooth, valid
from lighttrap.agronomy.basis import Basis, setting
from lighttrap.agronomy.valid import Bools, Floats, Ints
from lighttrap.species import SpeciesKey


@dataclass(frozen=True, slots=True)
class Development:
    """Development of one stage: nothing below `t0_c` (°C), finished after `k` degree-days above it. Verified."""

    t0_c: float
    k: float
    source: str


@dataclass(frozen=True, slots=True)
class DegreeDaySettings:
    """Gaps in the temperature, and heat. The filling is assumed."""

    fill_days: int = setting(2, "days in a row", Basis.ASSUMED, "a longer gap gives no date")
    fill_from_days: int = setting(7, "days", Basis.ASSUMED, "the mean of the week before fills a gap")
    hot_c: float = setting(36.0, "°C", Basis.VERIFIED, "kills all eggs of brown planthopper: IJERD 12(1)")


_PARK = "Park et al. 2013"
_KOREA = "koreascholar"
_AEZ = "Jpn. J. Appl. Entomol. Zool. 15: 207"
DEVELOPMENT: Final[dict[tuple[SpeciesKey, str], Development]] = {
    ("sogatella-furcifera", "egg"): Development(10.2, 122.0, _PARK),
    ("sogatella-furcifera", "nymph"): Development(12.3, 156.3, _PARK),
    ("laodelphax-striatellus", "egg"): Development(10.2, 122.0, f"{_KOREA}; equals the white-back's, perhaps copied"),
    ("laodelphax-striatellus", "nymph"): Development(10.7, 238.1, _KOREA),
    ("cnaphalocrocis-medinalis", "egg"): Development(12.5, 57.1, _AEZ),
    ("cnaphalocrocis-medinalis", "larva"): Development(12.2, 203.7, _AEZ),
    ("cnaphalocrocis-medinalis", "pupa"): Development(14.2, 81.2, _AEZ),
}
"""By species and stage. What is not here is not known."""

_DEFAULT = DegreeDaySettings()


def days_at(development: Development, temperature_c: float) -> float:
    """Days of a stage at constant temperature, K / (T - T0); infinite at or below T0."""
    above = temperature_c - development.t0_c
    return development.k / above if above > 0 else float("inf")


def daily(tmax_c: npt.ArrayLike, tmin_c: npt.ArrayLike, t0_c: float, settings: DegreeDaySettings = _DEFAULT) -> Floats:
    """Degree-days of each day, max(0, (Tmax + Tmin)/2 - T0) (cropwatch.unl.edu); shape (..., days), NaN in long gaps.

    A gap of at most 2 days is filled with the mean of the valid days among the 7 before it (assumed).
    """
    mean_c = (np.asarray(tmax_c, np.float64) + np.asarray(tmin_c, np.float64)) / 2
    return np.maximum(_filled(mean_c, settings) - t0_c, 0.0)


def days_needed(degree_days: Floats, development: Development) -> Ints:
    """On which day after the start event the stage ends: the first with sum ≥ K, counted from 1; shape (...).

    `degree_days` begins with the day after the start event. -1 when K is not reached, or not before a gap that could
    not be filled: then there is no date.
    """
    reached = np.cumsum(degree_days, axis=-1) >= development.k - 1e-9
    return np.where(reached.any(axis=-1), reached.argmax(axis=-1) + 1, -1).astype(np.int64)


def end_of_stage(
    start: date, degree_days: Floats, species: SpeciesKey, stage: str, fixed_days: int
) -> tuple[date | None, bool]:
    """The date a stage ends, and whether degree-days gave it. `degree_days` is one series from the day after `start`.

    Species and stages without verified constants take the fixed days; a stage whose temperatures do not suffice has
    no date.
    """
    development = DEVELOPMENT.get((species, stage))
    if development is None:
        return start + timedelta(days=fixed_days), False
    needed = int(days_needed(degree_days, development))
    return (start + timedelta(days=needed) if needed > 0 else None), True


def is_too_hot(tmax_c: npt.ArrayLike, settings: DegreeDaySettings = _DEFAULT) -> Bools:
    """Whether a day's maximum is above 36 °C, where the linear formula no longer holds; NaN is not."""
    return np.asarray(tmax_c, np.float64) > settings.hot_c


def _filled(mean_c: Floats, settings: DegreeDaySettings) -> Floats:
    """Gaps of at most `fill_days` take the mean of the week before the gap."""
    if mean_c.shape[-1] == 0:
        return mean_c
    gap = np.isnan(mean_c)
    week = valid.mean(smooth.windows(mean_c, settings.fill_from_days - 1))
    day = np.broadcast_to(np.arange(mean_c.shape[-1]), mean_c.shape)
    start = np.maximum.accumulate(np.where(~gap, day, -1), axis=-1)
    after = np.where(~gap, day, mean_c.shape[-1])
    stop = np.flip(np.minimum.accumulate(np.flip(after, -1), axis=-1), -1)
    fillable = gap & (stop - start - 1 <= settings.fill_days) & (start >= 0)
    return np.where(fillable, np.take_along_axis(week, np.maximum(start, 0), axis=-1), mean_c)
