"""Né rầy: a proposal of sowing days that lets the rice escape the hoppers. An agronomist publishes it, or does not.

When many hoppers enter the lamp, soak and incubate the seed, so that it is still in the mud when the migrants land
(khoahocchonhanong.com.vn). A peak is known 3 nights after its night at the earliest (4 at the median of ten traps in
Sóc Trăng, 9 at most), when most of the sowing days P+1 … P+5 are gone: soak when the trap is rising, and let the peak
confirm it or call it off.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from lighttrap.agronomy import timeline
from lighttrap.agronomy.defaults import SowingSettings

_DEFAULT = SowingSettings()


class Note(StrEnum):
    """What must be said beside the dates."""

    LATE = "late"
    """Every sowing day had passed when the peak was known."""
    PARTLY_LATE = "partly-late"
    """Some had."""
    TOO_SOON = "too-soon"
    """The field's rest after its last crop moves the days, or leaves none."""
    RAISE_WATER = "raise-water"
    """Should migrants land after sowing: raise the water to the fork of the plant, chảng ba (Hậu Giang newspaper)."""


@dataclass(frozen=True, slots=True)
class SowingWindow:
    """Days to soak and to sow, both ends in; `sow_first` is None when no day is left.

    `rice_age_days` is how old the rice will be when the next adults come, youngest and oldest, if they were dated.
    """

    soak_first: date | None
    soak_last: date | None
    sow_first: date | None
    sow_last: date | None
    rice_age_days: tuple[int, int] | None
    notes: tuple[Note, ...]


def after_peak(
    peak: date,
    known_on: date,
    last_harvest: date | None = None,
    next_adults: timeline.Window | None = None,
    settings: SowingSettings = _DEFAULT,
) -> SowingWindow:
    """Sowing days after a peak night P: P+1 … P+5, soaking 2 days before (assumed), 20 days after the last harvest.

    `known_on` is the night on which the peak was provisional: of days before it the notes say that they are gone.
    Without a peak, or with "no clear peak", there is no proposal: do not ask.
    """
    first = peak + timedelta(days=settings.sow_start_after_peak_days)
    last = peak + timedelta(days=settings.sow_end_after_peak_days)
    notes = [Note.LATE] if last < known_on else [Note.PARTLY_LATE] if first < known_on else []
    if last_harvest is not None:
        rested = last_harvest + timedelta(days=settings.min_days_between_crops)
        if rested > first:
            notes.append(Note.TOO_SOON)
            first = rested
    if first > last:
        return SowingWindow(None, None, None, None, None, tuple(notes))
    soak = timedelta(days=settings.soak_before_sowing_days)
    age = None if next_adults is None else ((next_adults.first - last).days, (next_adults.last - first).days)
    return SowingWindow(first - soak, last - soak, first, last, age, (*notes, Note.RAISE_WATER))


def on_rising(night: date, settings: SowingSettings = _DEFAULT) -> tuple[date, date]:
    """The day to begin soaking and the first day to sow, when a trap is rising tonight; the peak is still to confirm.

    Soak the day after this night, sow when the seed is ready (assumed: 2 days later).
    """
    soak = night + timedelta(days=1)
    return soak, soak + timedelta(days=settings.soak_before_sowing_days)
