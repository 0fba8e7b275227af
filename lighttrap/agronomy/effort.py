"""Lamp time and catch: which nights count, and what the catch would have been had the lamp burned as planned.

A night with less than half of the planned lamp time is lost: its catch is NaN, never zero and never filled in. The
same shares stand in SQL as `night_state`.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from lighttrap.agronomy.defaults import EffortSettings
from lighttrap.agronomy.valid import Bools, Floats, Nights

_DEFAULT = EffortSettings()


def coverage(lamp_s: npt.ArrayLike, nominal_s: npt.ArrayLike) -> Floats:
    """Effort over nominal, at most 1; seconds in, shapes broadcast. A definition of ours."""
    return np.minimum(np.asarray(lamp_s, np.float64) / np.asarray(nominal_s, np.float64), 1.0)


def is_valid(lamp_s: npt.ArrayLike, nominal_s: npt.ArrayLike, settings: EffortSettings = _DEFAULT) -> Bools:
    """Whether a night's catch counts: lamp_s ≥ 50 % of nominal_s (assumed, editable)."""
    return np.asarray(lamp_s, np.float64) >= settings.valid_share * np.asarray(nominal_s, np.float64)


def is_partial(lamp_s: npt.ArrayLike, nominal_s: npt.ArrayLike, settings: EffortSettings = _DEFAULT) -> Bools:
    """Whether a night counts but is to be flagged: 50 to 80 % of the planned lamp time (assumed, editable)."""
    short = np.asarray(lamp_s, np.float64) < settings.complete_share * np.asarray(nominal_s, np.float64)
    return is_valid(lamp_s, nominal_s, settings) & short


def normalised_catch(
    count: npt.ArrayLike,
    lamp_s: npt.ArrayLike,
    nominal_s: npt.ArrayLike,
    nights: npt.ArrayLike = 1,
    settings: EffortSettings = _DEFAULT,
) -> Floats:
    """Insects per trap per night, repaired for short lamp faults. Shapes broadcast.

    c = count / nights · max(1, nominal_s · nights / lamp_s), NaN where lamp_s < 50 % of nominal_s · nights, so the
    factor is at most 2 (assumed). `count` is NaN when unread or pending; `nights` is above 1 for one count of several
    nights, whose `lamp_s` is their sum (Spensa's rule). Most hoppers fly in the first hours: the factor repairs a
    short fault and never turns a 3-hour protocol into an 11-hour one.
    """
    per_night = np.asarray(lamp_s, np.float64) / np.asarray(nights, np.float64)
    nominal = np.asarray(nominal_s, np.float64)
    good = is_valid(per_night, nominal, settings) & (per_night > 0)
    factor = np.maximum(nominal / np.where(good, per_night, nominal), 1.0)
    return np.where(good, np.asarray(count, np.float64) / np.asarray(nights, np.float64) * factor, np.nan)


def datable(catch: Floats, nights: npt.ArrayLike) -> Floats:
    """The catch with accumulated nights (`nights` > 1) taken out: they may be averaged, but never date a peak."""
    return np.where(np.asarray(nights) > 1, np.nan, catch)


def spread(nights: Nights, catch: npt.ArrayLike, over: npt.ArrayLike) -> tuple[Nights, Floats]:
    """Counts of several nights laid on each of their nights; `night` is the last of `over`, `catch` is per night.

    For averages and normals, such as weekly totals of old records; never to date a peak.
    """
    number = np.asarray(over, np.int64)
    last = np.repeat(np.asarray(nights, "datetime64[D]"), number)
    back = np.concatenate([np.arange(n)[::-1] for n in number]) if number.size else np.zeros(0, np.int64)
    return last - back.astype("timedelta64[D]"), np.repeat(np.asarray(catch, np.float64), number)


def on_axis(nights: Nights, values: npt.ArrayLike, first: date, last: date) -> Floats:
    """Values put on the complete axis first … last (both in it), NaN where none is given; shape (last - first + 1,).

    `nights` need not be in order; nights outside are left out. Raises ValueError when a night is given twice.
    """
    place = (np.asarray(nights, "datetime64[D]") - np.datetime64(first)).astype(np.int64)
    axis = np.full((last - first).days + 1, np.nan)
    inside = (place >= 0) & (place < axis.size)
    if np.unique(place).size != place.size:
        raise ValueError("a night is given twice")
    axis[place[inside]] = np.asarray(values, np.float64)[inside]
    return axis
