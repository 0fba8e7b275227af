"""Counts as they are stored, laid on one unbroken axis of nights. A night is a day number here, days since 1970.

Every series keeps its place on the calendar: what is lost, silent or not known yet is NaN, and no row is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from lighttrap.agronomy import effort
from lighttrap.agronomy.valid import Bools, Floats, Ints, Nights

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of one trap and species, arrays of shape (counts,).

    `count` insects in `over` nights, the last being `night`, while the lamp burned `lamp_s` seconds in all;
    `nominal_s` is the planned time of one night. `machine_count` is what the trap itself counted; `correction_id` is 0
    where nobody recounted.
    """

    night: Ints
    count: Ints
    machine_count: Ints
    correction_id: Ints
    over: Ints
    lamp_s: Ints
    nominal_s: Ints
    is_manual: Bools

    def where(self, chosen: Bools) -> Counts:
        """Some of them."""
        return Counts(*(getattr(self, name)[chosen] for name in self.__slots__))


def nothing() -> Counts:
    """No counts at all."""
    none = np.zeros(0, np.int64)
    return Counts(none, none, none, none, none, none, none, np.zeros(0, np.bool_))


def day_number(night: date) -> int:
    """Days since 1970."""
    return (night - _EPOCH).days


def night(day: int) -> date:
    """Back from `day_number`."""
    return date.fromordinal(_EPOCH.toordinal() + int(day))


def axis(first: int, last: int) -> Nights:
    """The nights from `first` to `last`, both in it, as dates."""
    return np.arange(first, last + 1).astype("datetime64[D]")


def dated(traps: Sequence[Counts], first: int, last: int) -> Floats:
    """Normalised catches of the nights `first` to `last`, shape (traps, nights): what peaks may be searched in.

    Counts of several nights are left out: they date no peak.
    """
    return _laid([one.where(one.over == 1) for one in traps], first, last)


def averaged(traps: Sequence[Counts], first: int, last: int) -> Floats:
    """The same with counts of several nights laid on each of their nights: for normals, never for peaks."""
    return _laid([_spread(one) if (one.over > 1).any() else one for one in traps], first, last)


def ended(catch: Floats, last: Ints) -> Floats:
    """Each trap's nights moved so that its own last one, at place `last`, stands last; NaN before its first."""
    places = np.arange(catch.shape[-1]) - (catch.shape[-1] - 1 - last)[:, None]
    moved = np.take_along_axis(catch, np.maximum(places, 0), axis=-1)
    return np.where(places >= 0, moved, np.nan)


def _laid(traps: Sequence[Counts], first: int, last: int) -> Floats:
    catch = np.full((len(traps), max(last - first + 1, 0)), np.nan)
    if not traps:
        return catch
    trap = np.repeat(np.arange(len(traps)), [len(one.night) for one in traps])
    day, count, lamp_s, nominal_s, over = (
        np.concatenate([getattr(one, name) for one in traps])
        for name in ("night", "count", "lamp_s", "nominal_s", "over")
    )
    value = effort.normalised_catch(count, lamp_s, nominal_s, over)
    inside = (day >= first) & (day <= last)
    catch[trap[inside], day[inside] - first] = value[inside]
    return catch


def _spread(counts: Counts) -> Counts:
    """Each count of several nights repeated on each of them; it still says of how many nights it is."""
    row = np.repeat(np.arange(len(counts.night)), counts.over)
    nights, _ = effort.spread(counts.night.astype("datetime64[D]"), counts.count, counts.over)
    repeated = counts.where(row)  # type: ignore[arg-type]  # places in place of a mask
    return Counts(nights.astype(np.int64), *(getattr(repeated, name) for name in Counts.__slots__[1:]))
