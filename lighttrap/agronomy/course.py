"""All that is told of a field or trap and one species over some nights: what a chart, a report and the API show.

Pure. What is told "as of" a night rests on the nights up to it; the axis is unbroken, and unknown nights are None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np

from lighttrap.agronomy import aggregate, moon, outlook, prospect, season, series, smooth, trend
from lighttrap.agronomy.outlook import TrapOutlook
from lighttrap.agronomy.prospect import Prospect
from lighttrap.agronomy.record import JudgedNight, TrapRecord, known_until, usable
from lighttrap.agronomy.season import Band, NormalYear, Numbers, SeasonNow, number, numbers
from lighttrap.agronomy.series import Counts
from lighttrap.agronomy.valid import Floats, Ints
from lighttrap.species import SpeciesKey

MANUAL = "manual"
"""State of a night that people read and wrote down."""
_MEDIAN_REACH = 6
"""Nights before the first shown that its moving median rests on."""
_WEEKS = 14


@dataclass(frozen=True, slots=True)
class Slope:
    """The Theil-Sen line through ln(1 + catch) of the last 14 nights; per night, with its 95 % interval."""

    slope: float
    lower: float
    upper: float
    doubling_days: float | None
    valid_nights: int


@dataclass(frozen=True, slots=True)
class Change:
    """A week against the one before, over the traps known in both; no percent where both are low."""

    traps: int
    change_pct: float | None
    typical: float | None
    typical_before: float | None
    is_low: bool


@dataclass(frozen=True, slots=True)
class FieldCourse:
    """A field's nights, all lists as long as the axis; insects per trap and night.

    `value` and `level` are the alert rules' where one judged the night, else the median and None. `state` is final,
    so-far or lost; None where nothing is known. `typical` needs two traps, and none of another protocol.
    """

    value: Numbers
    state: list[str | None]
    level: list[int | None]
    rule_id: list[int | None]
    reporting: list[int]
    in_service: list[int]
    typical: Numbers
    highest: Numbers
    highest_trap_id: list[str | None]
    change: Change | None
    slope: Slope | None


@dataclass(frozen=True, slots=True)
class TrapCourse:
    """A trap's nights, all lists as long as the axis.

    `count` is what was counted, or recounted by people, in lost nights too; `catch` is normalised, None where it says
    nothing.
    `left_out` are counts of another protocol, which are compared with nothing here.
    """

    trap_id: str
    name: str
    nominal_s: int
    count: list[int | None]
    machine_count: list[int | None]
    correction_id: list[int | None]
    lamp_s: list[int | None]
    state: list[str | None]
    catch: Numbers
    trailing_median: Numbers
    centred_median: Numbers
    rain_mm: Numbers
    temperature_min_c: Numbers
    temperature_max_c: Numbers
    left_out: int
    outlook: TrapOutlook | None
    slope: Slope | None
    forecast: Prospect | None


@dataclass(frozen=True, slots=True)
class Course:
    """The whole answer. `as_of` is the last night that is over, or complete already, in one trap at least."""

    nights: list[date]
    lunar_days: list[int]
    as_of: date | None
    heard_at: datetime | None
    is_mixed: bool
    field: FieldCourse
    band: Band | None
    season: SeasonNow | None
    traps: list[TrapCourse]


@dataclass(frozen=True, slots=True)
class _Known:
    """The traps of a place with what may be reckoned with; day numbers. `dated` begins with the day `begin`."""

    traps: Sequence[TrapRecord]
    species: SpeciesKey
    first: int
    last: int
    ends: list[int]
    as_of: int
    counts: list[Counts]
    begin: int
    dated: Floats
    is_mixed: bool

    @property
    def nights(self) -> int:
        """How many nights are shown."""
        return self.last - self.first + 1

    @property
    def has_news(self) -> bool:
        """Whether any night that is shown is known; without, there is nothing to say."""
        return bool(self.traps) and self.as_of >= self.first

    def shown(self, before: int = 0, after: int = 0) -> Floats:
        """The catches of the nights that are shown and so many around them, NaN where nothing is known."""
        width, start = self.nights + before + after, self.first - before - self.begin
        found = np.full((len(self.traps), width), np.nan)
        part = self.dated[:, start : start + width]
        found[:, : part.shape[1]] = part
        return found


def of_place(
    traps: Sequence[TrapRecord],
    judged: Mapping[int, JudgedNight],
    species: SpeciesKey,
    first: int,
    last: int,
    tonight: int,
    *,
    forecasts: bool = True,
) -> Course:
    """The course of the traps of a field, or of one trap, over the nights `first` to `last` (day numbers).

    Nights after `tonight` are cut off. `judged` is what the rules made of the field's nights. Without `forecasts`
    there are none: walking through the seasons of a field takes a second when it was not asked before.
    """
    known = _known(traps, species, first, max(min(last, tonight), first - 1), tonight)
    begin = season.first_day(series.night(first).year)
    value = season.value_of(series.averaged([] if known.is_mixed else known.counts, begin, known.as_of))
    past = season.past_of(value, begin)
    nights = series.axis(first, known.last)
    return Course(
        nights=nights.tolist(),
        lunar_days=moon.lunar_days(nights).tolist(),
        as_of=series.night(known.as_of) if known.has_news else None,
        heard_at=max((one.heard_at for one in traps if one.heard_at), default=None),
        is_mixed=known.is_mixed,
        field=_field(known, judged),
        band=season.along(past, first, known.last),
        season=season.now(past) if known.has_news else None,
        traps=_traps(known, forecasts),
    )


def normal_of_place(traps: Sequence[TrapRecord], last: int, tonight: int) -> tuple[NormalYear, bool]:
    """The normal year of a field or trap for the year of the night `last`, and whether its traps are of two protocols.

    Those are not put together, and have no common normal.
    """
    year = series.night(last).year
    ends = [known_until(one, last, tonight) for one in traps]
    counts = [usable(one.counts, one.nominal_s, end) for one, end in zip(traps, ends, strict=True)]
    is_mixed = len({one.nominal_s for one in traps}) > 1
    begin = season.first_day(year)
    catch = series.averaged([] if is_mixed else counts, begin, max(ends, default=last))
    return season.of_year(season.past_of(season.value_of(catch), begin), year), is_mixed


def _known(traps: Sequence[TrapRecord], species: SpeciesKey, first: int, last: int, tonight: int) -> _Known:
    ends = [known_until(one, last, tonight) for one in traps]
    as_of = max(ends, default=first - 1)
    counts = [usable(one.counts, one.nominal_s, end) for one, end in zip(traps, ends, strict=True)]
    begin = min(prospect.first_day(max(as_of, first)), first - outlook.context_nights(species))
    dated = series.dated(counts, begin, as_of)
    is_mixed = len({one.nominal_s for one in traps}) > 1
    return _Known(traps, species, first, last, ends, as_of, counts, begin, dated, is_mixed)


def _field(known: _Known, judged: Mapping[int, JudgedNight]) -> FieldCourse:
    # Traps of different protocols are not put together; each still has its own numbers.
    shown, recent = known.shown(), known.dated[:, -_WEEKS:]
    together = np.full_like(shown, np.nan) if known.is_mixed else shown
    place = aggregate.place_nights(together, 0)
    median = numbers(season.value_of(together))
    days = range(known.first, known.last + 1)
    nights = [judged.get(day) for day in days]
    is_one = known.has_news and not known.is_mixed
    return FieldCourse(
        value=[_value(one, middle) for one, middle in zip(nights, median, strict=True)],
        state=[_state(one, middle) for one, middle in zip(nights, median, strict=True)],
        level=[_level(one) for one in nights],
        rule_id=[one.rule_id if one else None for one in nights],
        reporting=np.count_nonzero(~np.isnan(shown), axis=0).tolist(),
        in_service=[sum(day in one.nights for one in known.traps) for day in days],
        typical=numbers(place.typical),
        highest=numbers(place.highest),
        highest_trap_id=[known.traps[one].trap_id if one >= 0 else None for one in place.highest_trap.tolist()],
        change=_change(recent) if is_one else None,
        slope=_slope(aggregate.place_nights(recent, 0).typical) if is_one else None,
    )


def _value(judged: JudgedNight | None, median: float | None) -> float | None:
    if judged is None:
        return median
    return None if judged.value is None else number(judged.value)


def _state(judged: JudgedNight | None, median: float | None) -> str | None:
    if judged is None:
        return None if median is None else "final"
    if not judged.is_final:
        return "so-far"
    return "final" if judged.is_valid else "lost"


def _level(judged: JudgedNight | None) -> int | None:
    """A lost night has no level, unless what was counted all the same reached one."""
    if judged is None or (judged.level == 0 and judged.is_final and not judged.is_valid):
        return None
    return judged.level


def _traps(known: _Known, with_forecasts: bool) -> list[TrapCourse]:
    ends, nothing = np.array(known.ends, np.int64), [None] * len(known.traps)
    looks, forecasts = _ahead(known, ends, with_forecasts) if known.has_news else (nothing, nothing)
    around = known.shown(_MEDIAN_REACH, _MEDIAN_REACH)
    shown = slice(_MEDIAN_REACH, _MEDIAN_REACH + known.nights)
    is_known = np.arange(known.first, known.last + 1) <= ends[:, None]
    trailing, centred = (
        np.where(is_known, median(around)[:, shown], np.nan)
        for median in (smooth.trailing_median, smooth.centred_median)
    )
    return [
        _trap(known, at, (around[at, shown], trailing[at], centred[at]), looks[at], forecasts[at])
        for at in range(len(known.traps))
    ]


def _ahead(
    known: _Known, ends: Ints, with_forecasts: bool
) -> tuple[Sequence[TrapOutlook | None], Sequence[Prospect | None]]:
    """What each trap is doing and what is expected of it; None for one of whose shown nights none is known."""
    start = known.first - outlook.context_nights(known.species) - known.begin
    moved = series.ended(known.dated[:, start:], ends - known.begin - start)
    since = series.night(known.first)
    looks = [_since(look, since) for look in outlook.of_traps(moved, ends, known.species)]
    forecasts: Sequence[Prospect | None] = [None] * len(looks)
    if with_forecasts:
        forecasts = prospect.of_traps(known.dated, known.begin, known.species)
    there = ends >= known.first
    return (
        [look if is_there else None for look, is_there in zip(looks, there, strict=True)],
        [one if is_there else None for one, is_there in zip(forecasts, there, strict=True)],
    )


@dataclass(frozen=True, slots=True)
class _Counted:
    """Counts as they are shown, one a night."""

    count: list[int | None]
    machine_count: list[int | None]
    correction_id: list[int | None]
    is_manual: list[bool]


def _trap(
    known: _Known,
    at: int,
    lines: tuple[Floats, Floats, Floats],
    look: TrapOutlook | None,
    forecast: Prospect | None,
) -> TrapCourse:
    trap, end = known.traps[at], known.ends[at]
    nights = [trap.nights.get(day) for day in range(known.first, known.last + 1)]
    counted = _counted(trap.counts, known.first, known.nights)
    catch, trailing, centred = (numbers(one) for one in lines)
    recent = known.dated[at, max(0, end - known.begin - _WEEKS + 1) : max(0, end - known.begin + 1)]
    return TrapCourse(
        trap_id=trap.trap_id,
        name=trap.name,
        nominal_s=trap.nominal_s,
        count=counted.count,
        machine_count=counted.machine_count,
        correction_id=counted.correction_id,
        lamp_s=[one.lamp_s if one else None for one in nights],
        state=[
            MANUAL if by_hand else one.state if one else None
            for one, by_hand in zip(nights, counted.is_manual, strict=True)
        ],
        catch=catch,
        trailing_median=trailing,
        centred_median=centred,
        rain_mm=[one.rain_mm if one else None for one in nights],
        temperature_min_c=[one.temperature_min_c if one else None for one in nights],
        temperature_max_c=[one.temperature_max_c if one else None for one in nights],
        left_out=int(np.count_nonzero(trap.counts.nominal_s != trap.nominal_s)),
        outlook=look,
        slope=_slope(recent) if look else None,
        forecast=forecast,
    )


def _counted(counts: Counts, first: int, nights: int) -> _Counted:
    """What was counted on each night that is shown; counts of several nights are on none."""
    shown = counts.where((counts.over == 1) & (counts.night >= first) & (counts.night < first + nights))
    told = _Counted([None] * nights, [None] * nights, [None] * nights, [False] * nights)
    columns = (shown.night - first, shown.count, shown.machine_count, shown.correction_id, shown.is_manual)
    for place, count, by_machine, correction, by_hand in zip(*(one.tolist() for one in columns), strict=True):
        told.count[place], told.is_manual[place] = count, by_hand
        told.machine_count[place] = None if by_hand else by_machine
        told.correction_id[place] = correction or None
    return told


def _since(look: TrapOutlook, first: date) -> TrapOutlook:
    """The outlook with the peaks from `first` on, and the newest of any age."""
    return replace(look, peaks=[one for one in look.peaks if one.night >= first or one is look.peaks[-1]])


def _change(recent: Floats) -> Change | None:
    found = trend.week_change(recent)
    if not found.traps:
        return None
    return Change(
        int(found.traps), number(float(found.change_pct), 1), number(float(found.typical)),
        number(float(found.typical_before)), bool(found.is_low),
    )  # fmt: skip


def _slope(catch: Floats) -> Slope | None:
    """Of a series of shape (nights,), the last 14 of them; None where too few are known."""
    found = trend.theil_sen(catch)
    if np.isnan(found.slope):
        return None
    return Slope(
        round(float(found.slope), 4), round(float(found.lower), 4), round(float(found.upper), 4),
        number(float(found.doubling_days), 1), int(found.valid_nights),
    )  # fmt: skip
