"""Flight peaks of a trap and its state on each night, as they were known that night.

Peaks are searched on s, the mean of log10(1 + catch) over five nights. Half a generation (R = 10 nights) must lie
between two of them: with R = 7 moon and rain waves count as peaks (71 peaks a median of 21 nights apart in Sóc Trăng
2010, against 65 and 25 nights). What is known on night o rests on the nights up to o alone; the last two values of s
then stand on three and four nights and change as the next nights come, and so may a peak that is not final.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from lighttrap.agronomy import smooth, valid
from lighttrap.agronomy.basis import Basis, setting
from lighttrap.agronomy.valid import Bools, Floats, Ints

_A, _D = Basis.ASSUMED, Basis.DERIVED
_SAME = 1e-9
_PROCESSED = 2_000_000
"""Numbers worked on at once, so that a large fleet fits in memory."""


@dataclass(frozen=True, slots=True)
class PeakSettings:
    """What counts as a peak, and the states of a trap. Nights are steps of the series: weeks in a weekly one."""

    window: int = setting(5, "nights", _A, "s is the mean of log10(1 + c) in t-2 … t+2")
    min_valid: int = setting(3, "nights", _A, "of the window, and walked on each side for the prominence")
    radius: int = setting(10, "nights", _D, "just below half a generation; 7 counts moon and rain waves")
    prominence: float = setting(0.5, "log10 insects", _A, "3.2 times the base beside it")
    floor: float = setting(30.0, "insects/trap/night", _A, "brown planthopper; the typical catch at the peak")
    side: int = setting(20, "nights", _A, "how far the base is looked for on each side")
    confirm: int = setting(3, "nights", _A, "after the peak, before anybody speaks of it")
    state_window: int = setting(21, "nights", _A, "the nights a state rests on")
    state_min_valid: int = setting(13, "nights", _A, "of those, or there is no state")
    peak_age: int = setting(20, "nights", _A, "so long after a peak the state is peak")
    rising_window: int = setting(11, "nights", _A, "tonight is the highest of these")
    high_nights: int = setting(14, "nights", _A, "above the floor without a peak: no clear peak")


DAILY = PeakSettings()
WEEKLY = PeakSettings(
    window=1,
    min_valid=1,
    radius=2,
    side=4,
    confirm=1,
    state_window=4,
    state_min_valid=3,
    peak_age=3,
    rising_window=3,
    high_nights=3,
)
"""A series of weekly totals / 7: two weeks for ten nights, and nothing to smooth. It dates a peak to a week."""


class State(IntEnum):
    """What a trap is doing tonight; the first that holds."""

    NO_DATA = 0
    """Fewer than 13 valid nights among the last 21."""
    PEAK = 1
    """A peak at most 20 nights old."""
    RISING = 2
    """s is above the floor, the highest of 11 nights and 0.5 above their lowest."""
    NO_CLEAR_PEAK = 3
    """s is above the floor on 14 nights or more: hoppers come on and on, as at harvest, and no date is given."""
    LOW = 4
    """None of these."""


@dataclass(frozen=True, slots=True)
class Peaks:
    """Peaks, sorted by trap and night; all arrays of shape (peaks,).

    `trap` and `night` are indices of the catch array; `night` is the middle of the plateau and the P of every date.
    `highest_night` has the highest raw catch within two nights of it ("đêm cao nhất"). `final` peaks have more than R
    nights after them; the others are provisional and may go.
    """

    trap: Ints
    night: Ints
    highest_night: Ints
    height: Floats
    prominence: Floats
    final: Bools

    def where(self, chosen: Bools) -> Peaks:
        """Some of the peaks."""
        return Peaks(*(getattr(self, name)[chosen] for name in self.__slots__))

    def of(self, trap: int) -> Ints:
        """Nights of one trap's peaks, in order."""
        mine: Ints = self.night[self.trap == trap]
        return mine


@dataclass(frozen=True, slots=True)
class Walk:
    """What was known on each night o, arrays of shape (traps, nights).

    `recent` is s of the last 11 nights as known on o, shape (traps, nights, 11), tonight last; `newest` the newest peak
    known on o of any age up to `peak_age` nights, or -1; `state` a `State`.
    """

    recent: Floats
    newest: Ints
    state: Ints


def smoothed(catch: Floats, settings: PeakSettings = DAILY) -> Floats:
    """s_t = mean of the valid log10(1 + c) in t-2 … t+2, cut at the ends, at least 3 valid, else NaN; (..., nights).

    Each window is summed by itself: a running sum would make equal windows differ in their last digits.
    """
    half = settings.window // 2
    return valid.mean(smooth.windows(smooth.to_log10(catch), half, half), settings.min_valid)


def find(catch: Floats, settings: PeakSettings = DAILY) -> Peaks:
    """The peaks of whole series, `catch` of shape (traps, nights), NaN where unknown.

    A plateau [a, e] of equal s is a peak when it is the maximum of a-R … e+R, no equal value lies in a-R … a-1,
    10^s - 1 is at or above the floor, and s is 0.5 or more above the higher of the two bases; a base is the lowest s
    within 20 nights on its side, up to the first that is higher than the peak. Peaks younger than 3 nights are left
    out: they are nobody's business yet. Handbook of the field, section 6.7; the numbers are assumed.
    """
    trap, night, height, prominence = _search(smoothed(catch, settings), settings)
    nights = catch.shape[-1]
    spoken = night + settings.confirm <= nights - 1
    trap, night, height, prominence = (one[spoken] for one in (trap, night, height, prominence))
    half = settings.window // 2
    around = smooth.windows(catch, half, half)[trap, night]
    highest = night - half + np.where(np.isnan(around), -np.inf, around).argmax(axis=-1)
    return Peaks(trap, night, highest, height, prominence, night + settings.radius <= nights - 1)


def walk(catch: Floats, settings: PeakSettings = DAILY, last: int | None = None) -> Walk:
    """What was known on each of the last `last` nights (all when None): as `find` on the nights up to it would say.

    `catch` has shape (traps, nights); nights of peaks are its indices. Looks back far enough for any plateau of up to
    three weeks: only the newest of a fleet's nights costs little.
    """
    nights = catch.shape[-1]
    start = 0 if last is None else max(0, nights - last)
    half, reach = settings.window // 2, reach_of(settings)
    log = smooth.to_log10(catch)
    whole = smooth.windows(smoothed(catch, settings), reach)[:, start:].copy()
    for age in range(half):
        # The windows of the last nights end tonight, so these values are not those of the whole series.
        whole[..., reach - age] = valid.mean(smooth.windows(log, half + age)[:, start:], settings.min_valid)
    newest = np.full(whole.shape[:2], -1, np.int64)
    step = max(1, _PROCESSED // max(1, catch.shape[0] * (reach + 1)))
    for first in range(0, nights - start, step):
        block = whole[:, first : first + step]
        offset = np.arange(first, first + block.shape[1]) + start - reach
        newest[:, first : first + step] = _newest(block, offset, settings)
    recent = whole[..., -settings.rising_window :].copy()
    seen = smooth.windows(catch, settings.state_window - 1)[:, start:]
    return Walk(recent, newest, _states(seen, whole, newest, settings))


def reach_of(settings: PeakSettings) -> int:
    """So many nights before a night all that is known of its peaks rests on."""
    return settings.peak_age + 2 * settings.side + settings.radius


def _newest(known: Floats, offset: Ints, settings: PeakSettings) -> Ints:
    """Newest peak at least 3 nights old in windows of shape (traps, nights, window); -1 when none is within reach."""
    traps, nights, width = known.shape
    row, place, _, _ = _search(known.reshape(-1, width), settings)
    age = width - 1 - place
    fit = (age >= settings.confirm) & (age <= settings.peak_age)
    newest = np.full(traps * nights, -1, np.int64)
    np.maximum.at(newest, row[fit], place[fit])
    newest = newest.reshape(traps, nights)
    return np.where(newest >= 0, newest + offset, -1)


def _search(s: Floats, settings: PeakSettings) -> tuple[Ints, Ints, Floats, Floats]:
    """Row, place, height and prominence of the peaks of each row of `s`, shape (rows, nights), of whatever age."""
    nights = s.shape[-1]
    if nights == 0:
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, np.zeros(0), np.zeros(0)
    filled = np.where(np.isnan(s), -np.inf, s)
    radius = settings.radius
    padded = np.pad(filled, ((0, 0), (radius, radius)), constant_values=-np.inf)
    slid = np.lib.stride_tricks.sliding_window_view(padded, radius, axis=-1)
    before = slid[:, :nights].max(axis=-1)
    after = slid[:, radius + 1 :].max(axis=-1)
    # A plateau begins where s is higher than all of a-R … a-1; nights within it are not higher than their neighbour.
    high = filled >= np.log10(1 + settings.floor) - _SAME
    row, start = np.nonzero(high & (filled > before + _SAME))
    end = start.copy()
    while True:
        on = (end + 1 < nights) & (np.abs(filled[row, np.minimum(end + 1, nights - 1)] - filled[row, end]) < _SAME)
        if not on.any():
            break
        end = end + on
    top = filled[row, start] >= after[row, end] - _SAME
    row, start, end = row[top], start[top], end[top]
    height = filled[row, start]
    base = np.maximum(_base(s, row, start, height, -1, settings), _base(s, row, end, height, 1, settings))
    rise = height - base
    kept = rise >= settings.prominence - _SAME
    return row[kept], ((start + end) // 2)[kept], height[kept], rise[kept]


def _base(s: Floats, row: Ints, edge: Ints, height: Floats, direction: int, settings: PeakSettings) -> Floats:
    """Lowest s walked from the edge of a plateau, up to 20 nights or the first higher value; NaN below 3 valid."""
    places = edge[:, None] + direction * np.arange(1, settings.side + 1)
    there = (places >= 0) & (places < s.shape[-1])
    walked = np.where(there, s[row[:, None], np.clip(places, 0, s.shape[-1] - 1)], np.nan)
    higher = walked > height[:, None] + _SAME
    walked = np.where(np.maximum.accumulate(higher, axis=-1), np.nan, walked)
    known = valid.count(walked)
    lowest = np.where(np.isnan(walked), np.inf, walked).min(axis=-1, initial=np.inf)
    return np.where(known >= settings.min_valid, lowest, np.nan)


def _states(seen: Floats, known: Floats, newest: Ints, settings: PeakSettings) -> Ints:
    """States by `State`, from the catches and the s known on each night, both of shape (traps, nights, window)."""
    tonight = known[..., -1]
    enough = valid.count(seen) >= settings.state_min_valid
    recent = known[..., -settings.rising_window :]
    lowest = valid.quantile(recent, 0.0)
    highest = valid.quantile(recent, 1.0)
    floor = np.log10(1 + settings.floor) - _SAME
    rising = (tonight >= floor) & (tonight >= highest - _SAME) & (tonight - lowest >= settings.prominence - _SAME)
    high = np.count_nonzero(known[..., -settings.state_window :] >= floor, axis=-1) >= settings.high_nights
    return np.select(
        [~enough, newest >= 0, rising, high],
        [State.NO_DATA, State.PEAK, State.RISING, State.NO_CLEAR_PEAK],
        default=State.LOW,
    ).astype(np.int64)
