"""What a trap is doing, its peaks, what follows the newest, and when to sow: one answer for every reader.

Pure: the same nights give the same answer. A trap is spoken of as of its own last night that is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from lighttrap.agronomy import forecast_settings, moon, peaks, series, sowing, timeline
from lighttrap.agronomy.basis import Basis
from lighttrap.agronomy.peaks import Peaks, PeakSettings, State, Walk
from lighttrap.agronomy.sowing import Note
from lighttrap.agronomy.timeline import Stage, Window
from lighttrap.agronomy.valid import Floats, Ints
from lighttrap.species import SpeciesKey


@dataclass(frozen=True, slots=True)
class Peak:
    """One flight peak; `night` is the P of all dates, `highest_night` has the highest raw catch about it.

    `typical` is the typical catch at the peak, insects per trap and night. A peak that is not final may yet go.
    """

    night: date
    highest_night: date
    typical: float
    is_final: bool


@dataclass(frozen=True, slots=True)
class Day:
    """A day with its Vietnamese lunar date."""

    date: date
    lunar_day: int
    lunar_month: int
    is_leap_month: bool


@dataclass(frozen=True, slots=True)
class Sowing:
    """Days to soak and sow (né rầy), all ends in it: a proposal that an agronomist publishes, or does not.

    From a rising trap only the first days are known, and `is_confirmed` is false: the peak is still to come.
    """

    is_confirmed: bool
    soak_first: Day | None
    soak_last: Day | None
    sow_first: Day | None
    sow_last: Day | None
    rice_age_days: tuple[int, int] | None
    notes: tuple[Note, ...]
    basis: Basis = Basis.ASSUMED


@dataclass(frozen=True, slots=True)
class TrapOutlook:
    """A trap as of the night `as_of`; `after` are the windows after its newest peak, while that is young enough."""

    as_of: date
    state: State
    peaks: list[Peak]
    after: tuple[Window, ...]
    sowing: Sowing | None


def settings_of(species: SpeciesKey) -> PeakSettings:
    """What counts as a peak of a species."""
    return forecast_settings.for_species(species).peak


def context_nights(species: SpeciesKey) -> int:
    """So many nights before the first that is shown a peak there, and when it was known, rest on."""
    settings = settings_of(species)
    return peaks.reach_of(settings) + settings.peak_age + settings.window


def newest_nights(species: SpeciesKey, nights: int) -> int:
    """So many nights suffice for the state of a trap, and its newest peak of the last `nights`."""
    settings = settings_of(species)
    return max(nights + settings.side, peaks.reach_of(settings) + 1) + settings.window


def of_traps(catch: Floats, last: Ints, species: SpeciesKey, *, newest_only: bool = False) -> list[TrapOutlook]:
    """The outlook of each trap, from catches of shape (traps, nights) that each end with its own night `last`.

    `last` holds day numbers. For a whole fleet, `newest_only` leaves out all peaks but the newest, and sowing.
    """
    settings = settings_of(species)
    found = peaks.find(catch, settings)
    if newest_only:
        found = found.where(np.diff(found.trap, append=-1) != 0)
    seen = peaks.walk(catch, settings, last=1 if newest_only else settings.peak_age + 1)
    places = np.searchsorted(found.trap, np.arange(len(catch) + 1))
    sow = is_dodged(species) and not newest_only
    return [
        _outlook(trap, int(last[trap]), catch.shape[-1], found, range(*places[trap : trap + 2]), seen, species, sow)
        for trap in range(len(catch))
    ]


def _outlook(
    trap: int, last: int, nights: int, found: Peaks, mine: range, seen: Walk, species: SpeciesKey, sow: bool
) -> TrapOutlook:
    start = last - nights + 1
    state = State(int(seen.state[trap, -1]))
    after: tuple[Window, ...] = ()
    if state == State.PEAK:
        newest = series.night(start + int(seen.newest[trap, -1]))
        after = timeline.after(newest, timeline.TIMELINES.get(species, ()))
    return TrapOutlook(
        as_of=series.night(last),
        state=state,
        peaks=[_peak(found, one, start) for one in mine],
        after=after,
        sowing=_sowing(seen, trap, start, last, after) if sow else None,
    )


def _peak(found: Peaks, one: int, start: int) -> Peak:
    return Peak(
        night=series.night(start + int(found.night[one])),
        highest_night=series.night(start + int(found.highest_night[one])),
        typical=round(float(10 ** found.height[one] - 1), 1),
        is_final=bool(found.final[one]),
    )


def is_dodged(species: SpeciesKey) -> bool:
    """Whether rice is sown to dodge it: only where the next adults can be dated."""
    return any(days.stage is Stage.NEXT_ADULTS for days in timeline.TIMELINES.get(species, ()))


def _sowing(seen: Walk, trap: int, start: int, last: int, after: Sequence[Window]) -> Sowing | None:
    state = State(int(seen.state[trap, -1]))
    if state == State.RISING:
        soak, sow = sowing.on_rising(series.night(last))
        return Sowing(False, day(soak), None, day(sow), None, None, (Note.RAISE_WATER,))
    if state != State.PEAK:
        return None
    row = seen.newest[trap]
    known = last - len(row) + 1 + int(np.flatnonzero(row == row[-1])[0])
    peak = series.night(start + int(row[-1]))
    adults = timeline.window_of(Stage.NEXT_ADULTS, tuple(after))
    days = sowing.after_peak(peak, series.night(known), next_adults=adults)
    return Sowing(
        True, day(days.soak_first), day(days.soak_last), day(days.sow_first), day(days.sow_last), days.rice_age_days,
        days.notes,
    )  # fmt: skip


def day(one: date | None) -> Day | None:
    """A date with its lunar date beside it."""
    if one is None:
        return None
    lunar = moon.lunar_date(one)
    return Day(one, lunar.day, lunar.month, lunar.is_leap)
