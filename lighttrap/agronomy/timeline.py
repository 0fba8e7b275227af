"""What follows an adult peak: hatch, the time to look for young nymphs, the next adults.

Days at about 27 °C. They start from an observed peak, so they stand apart from any forecast of the next peak, and
they are windows for looking in the field: they name no chemical and order no spray.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from lighttrap.agronomy.basis import Basis
from lighttrap.species import SpeciesKey


class Stage(StrEnum):
    """What happens in a window."""

    EGG_LAYING = "egg-laying"
    HATCH = "hatch"
    CONTROL = "control"
    """Second to third instar: the time to look, and to act if the field survey says so."""
    NEXT_ADULTS = "next-adults"


@dataclass(frozen=True, slots=True)
class DaysAfter:
    """A window in days after the peak night: first … last, by default; earliest … latest is the envelope."""

    stage: Stage
    first: int
    last: int
    earliest: int
    latest: int
    basis: Basis
    source: str
    point: int | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The same as dates of evenings; all ends belong to it."""

    stage: Stage
    first: date
    last: date
    earliest: date
    latest: date
    basis: Basis
    source: str
    point: date | None = None


Timeline = tuple[DaysAfter, ...]
"""The windows of one species; a setting per species."""

_D, _V = Basis.DERIVED, Basis.VERIFIED
PLANTHOPPERS: Final[Timeline] = (
    DaysAfter(Stage.EGG_LAYING, 3, 5, 3, 5, _V, "Nguyễn Văn Huỳnh et al.; ducthanhco.vn"),
    DaysAfter(Stage.HATCH, 9, 13, 9, 13, _D, "laying, and egg 6-8 days (ducthanhco.vn)"),
    DaysAfter(Stage.CONTROL, 12, 18, 11, 22, _D, "hatch, and 2-3 days per instar (ducthanhco.vn)"),
    DaysAfter(Stage.NEXT_ADULTS, 22, 26, 21, 27, _D, "hatch, and nymph 12-14 days (ducthanhco.vn, bvtvphutho.vn)", 24),
)
"""For about 27 °C. The life cycle of 22.4 days on Jasmine 85 and peaks 24-25 days apart agree with it."""

YELLOW_STEM_BORER: Final[Timeline] = (
    DaysAfter(Stage.CONTROL, 5, 7, 4, 7, _V, "after the moth flight: 5-7 days (tstcantho.com.vn), 4 (ICRR, Indonesia)"),
)

TIMELINES: Final[dict[SpeciesKey, Timeline]] = {
    "nilaparvata-lugens": PLANTHOPPERS,
    "sogatella-furcifera": PLANTHOPPERS,
    "laodelphax-striatellus": PLANTHOPPERS,
    "scirpophaga-incertulas": YELLOW_STEM_BORER,
}
"""Species that are not here have no timeline: nothing was found to base one on."""


def after(peak: date, timeline: Timeline) -> tuple[Window, ...]:
    """The windows that follow a peak night P: P + days, as dates; in the order of `timeline`.

    `peak` is the position p of a provisional or final peak. No peak, no windows: ask only with one.
    """
    return tuple(_window(peak, days) for days in timeline)


def window_of(stage: Stage, windows: tuple[Window, ...]) -> Window | None:
    """The window of a stage, if the species has one."""
    return next((window for window in windows if window.stage is stage), None)


def _window(peak: date, days: DaysAfter) -> Window:
    first, last, earliest, latest = (
        peak + timedelta(days=number) for number in (days.first, days.last, days.earliest, days.latest)
    )
    point = None if days.point is None else peak + timedelta(days=days.point)
    return Window(days.stage, first, last, earliest, latest, days.basis, days.source, point)
