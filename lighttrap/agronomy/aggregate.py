"""The value of a field or commune in one night, and of a week. No arithmetic mean: one night of 250,000 swamps all.

Peaks are found per trap, never on such a value: within one province they lie 10 to 12 days apart
(Nguyễn Văn Huỳnh et al.).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lighttrap.agronomy import smooth, valid
from lighttrap.agronomy.defaults import AggregateSettings
from lighttrap.agronomy.valid import Bools, Floats, Ints

_DEFAULT = AggregateSettings()


@dataclass(frozen=True, slots=True)
class PlaceNights:
    """A place's nights, each array of shape (..., nights); catches in insects per trap per night.

    `median` and `typical` are NaN below 2 reporting traps. `highest_trap` is the row of the trap with the highest
    catch (the first of equals), -1 when no trap reported; `coverage` is reporting over in service, NaN when none was.
    """

    reporting: Ints
    in_service: Ints
    coverage: Floats
    median: Floats
    typical: Floats
    highest: Floats
    highest_trap: Ints


@dataclass(frozen=True, slots=True)
class WeekRange:
    """A week of a place: "phổ biến" from P25 to P75 of its valid trap-nights, "cao nhất" with row and column."""

    trap_nights: int
    common_low: float
    common_high: float
    highest: float
    highest_trap: int
    highest_night: int


def refuse_mixed(nominal_s: npt.ArrayLike) -> None:
    """Raises ValueError when traps of different planned lamp seconds are put together; their catches differ."""
    different = np.unique(np.asarray(nominal_s))
    if different.size > 1:
        raise ValueError(f"traps of different protocols cannot be put together: {different.tolist()} lamp seconds")


def place_nights(
    catch: Floats, nominal_s: npt.ArrayLike, in_service: Bools | None = None, settings: AggregateSettings = _DEFAULT
) -> PlaceNights:
    """The value of a place per night, from its traps' normalised catches of shape (..., traps, nights).

    median and typical = expm1(mean(log1p(c))) over the traps with a valid night, at least 2 (assumed). `nominal_s` is
    each trap's planned lamp time; `in_service` (same shape as `catch`) says which traps stood there. Raises
    ValueError for traps of different protocols.
    """
    refuse_mixed(nominal_s)
    by_night = np.swapaxes(catch, -1, -2)
    served = np.ones(catch.shape, np.bool_) if in_service is None else in_service
    by_night = np.where(np.swapaxes(served, -1, -2), by_night, np.nan)
    stood = np.asarray(np.count_nonzero(served, axis=-2), np.int64)
    reporting = valid.count(by_night)
    share = np.where(stood > 0, reporting / np.maximum(stood, 1), np.nan)
    filled = np.where(np.isnan(by_night), -np.inf, by_night)
    highest = filled.max(axis=-1, initial=-np.inf)
    trap = filled.argmax(axis=-1) if by_night.shape[-1] else np.zeros(reporting.shape, np.int64)
    return PlaceNights(
        reporting=reporting,
        in_service=stood,
        coverage=share,
        median=valid.median(by_night, settings.min_traps),
        typical=smooth.typical(by_night, settings.min_traps),
        highest=np.where(reporting > 0, highest, np.nan),
        highest_trap=np.where(reporting > 0, trap, -1),
    )


def week_range(catch: Floats, nominal_s: npt.ArrayLike) -> WeekRange | None:
    """What a weekly note says of a place: from its traps' catches of the week, shape (traps, nights).

    "Phổ biến a-b" is P25-P75 of all valid trap-nights (assumed), "cao nhất" the highest with its trap and night, the
    first of equals. None when no night is valid. Raises ValueError for traps of different protocols.
    """
    refuse_mixed(nominal_s)
    flat = catch.reshape(-1)
    known = int(valid.count(flat))
    if known == 0:
        return None
    place = int(np.nanargmax(flat))
    trap, night = divmod(place, catch.shape[-1])
    low, high = float(valid.quantile(flat, 0.25)), float(valid.quantile(flat, 0.75))
    return WeekRange(known, low, high, float(flat[place]), trap, night)
