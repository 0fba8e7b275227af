"""The Vietnamese lunar day, shown beside a night. No count is ever corrected for moonlight.

Hoppers, leafhoppers, gall midge and black bug are reported to come most on moonlit nights, armyworm and cutworm near
new moon; the rule for moths is the opposite. Only the black-bug report is a paper. So the day is shown, a night is
compared with the same lunar day one cycle earlier, and beside a comparison with last year stands that the same date
lies about 11 lunar days away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import lunar_vn
import numpy as np

from lighttrap.agronomy import smooth, valid
from lighttrap.agronomy.defaults import MoonSettings
from lighttrap.agronomy.valid import Floats, Ints, Nights

_DEFAULT = MoonSettings()
SYNODIC_DAYS = 29.53
PHASES = 8
"""Eighths of the lunar month: 0 is new moon, 4 full moon."""
LAST_YEAR_LUNAR_DAYS = 11
"""How far the same date last year lies from the same lunar day, about."""


@dataclass(frozen=True, slots=True)
class LunarDate:
    """A date of the Vietnamese calendar (UTC+7); day 1 to 30, day 15 about full moon."""

    day: int
    month: int
    is_leap: bool


@lru_cache(maxsize=4096)
def lunar_date(night: date) -> LunarDate:
    """The lunar date of an evening, 1900 to 2100. Raises ValueError outside.

    Hồ Ngọc Đức's calendar, by the library lunar-vn; its new moons lie within 3.1 minutes of an ephemeris in 2000-2040.
    """
    found = lunar_vn.solar_to_lunar(night)
    return LunarDate(found.day, found.month, bool(found.leap))


def lunar_days(nights: Nights) -> Ints:
    """The lunar day, 1 … 30, of each evening; same shape."""
    once, place = np.unique(nights.astype("datetime64[D]"), return_inverse=True)
    days: Ints = np.array([lunar_date(night.item()).day for night in once], np.int64)
    return np.asarray(days[place].reshape(nights.shape), np.int64)


def phase_bin(lunar_day: Ints) -> Ints:
    """Eighth of the lunar month, floor(8 (L - 0.5)/29.53 + 0.5) mod 8; 0 new, 4 full. Ours."""
    eighth: Ints = np.floor(PHASES * (lunar_day - 0.5) / SYNODIC_DAYS + 0.5).astype(np.int64) % PHASES
    return eighth


def one_cycle_before(nights: Nights, place: int) -> list[int]:
    """Places on the axis whose lunar day is that of night `place`, within 1, one cycle earlier; nearest day first.

    Empty when the axis does not reach back so far.
    """
    days = lunar_days(nights)
    near = [at for at in range(max(0, place - 32), max(0, place - 26)) if _apart(int(days[at]), int(days[place])) <= 1]
    return sorted(near, key=lambda at: (_apart(int(days[at]), int(days[place])), abs(place - at - SYNODIC_DAYS)))


def relative_catch(catch: Floats, settings: MoonSettings = _DEFAULT) -> Floats:
    """RC_t = c_t / mean of the trap's valid c in t-15 … t+15, at least 8 valid; after Nowinszky. Shape (..., nights).

    It knows the future, so it describes and never alerts. NaN where the mean is 0.
    """
    mean = valid.mean(_around(catch, settings), settings.min_valid)
    return np.where(mean > 0, catch / np.where(mean > 0, mean, 1.0), np.nan)


def relative_log_catch(catch: Floats, settings: MoonSettings = _DEFAULT) -> Floats:
    """r_t = log10(1 + c_t) - mean of log10(1 + c) in t-15 … t+15, at least 8 valid. Shape (..., nights)."""
    y = smooth.to_log10(catch)
    return y - valid.mean(_around(y, settings), settings.min_valid)


def by_phase(relative: Floats, nights: Nights, settings: MoonSettings = _DEFAULT) -> tuple[Floats, Ints]:
    """Mean relative catch and number of trap-nights in each eighth of the lunar month, over all traps; shape (8,).

    `relative` has shape (..., nights). Eighths with fewer than 10 trap-nights are NaN (assumed). One year is weak
    evidence: an insect cycle of 25 days can look like a moon of 29.5.
    """
    place = np.broadcast_to(phase_bin(lunar_days(nights)), relative.shape)
    known = ~np.isnan(relative)
    number = np.bincount(place[known], minlength=PHASES).astype(np.int64)
    total = np.bincount(place[known], weights=relative[known], minlength=PHASES)
    return np.where(number >= settings.min_per_bin, total / np.maximum(number, 1), np.nan), number


def _around(values: Floats, settings: MoonSettings) -> Floats:
    return smooth.windows(values, settings.half_width_nights, settings.half_width_nights)


def _apart(one: int, other: int) -> int:
    """Lunar days between two days of the month, around its end."""
    gap = abs(one - other)
    return min(gap, 30 - gap)
