"""Seven nights as bars: where each lies in the picture, and what it looks like. Pure; the template draws it.

Lengths are units of the picture, `WIDTH` by `HEIGHT`. A zero is a line on the axis, a night without data a cross.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from api.farmer.standing import SHOWN, Standing, is_known, may_tell, threshold
from lighttrap.agronomy.level import Level
from lighttrap.notify.palette import LOOKS, PAPER
from lighttrap.store.farmer import Night

WIDTH: Final = 360
HEIGHT: Final = 192
_TOP: Final = 46
"""Room for a mark and a number above the highest bar."""
FOOT: Final = 160
"""Where the axis lies; dates stand below."""
_LEFT: Final = 6
RIGHT: Final = 292
"""Beyond it stands the number of the threshold."""
_GAP: Final = 10


@dataclass(frozen=True, slots=True)
class Bar:
    """A night. `value` is None without data; `shape` is empty where the level is low or may not be told."""

    night: date
    value: float | None
    left: float
    width: float
    top: float
    fill: str
    shape: str
    is_open: bool
    """The night goes on, or its level may not be told: hatched."""
    shows_number: bool
    """The newest and the highest night have their number above them."""

    @property
    def middle(self) -> float:
        """Its axis of symmetry."""
        return self.left + self.width / 2

    @property
    def height(self) -> float:
        """Down to the axis; a night without insects is a line."""
        return max(FOOT - self.top, 2.0)


@dataclass(frozen=True, slots=True)
class Chart:
    """The nights, the oldest first, and the line of a level."""

    bars: tuple[Bar, ...]
    line: float | None
    """Height of the threshold's line; None when there is no threshold to draw."""
    threshold: float | None
    level: Level
    """Of the threshold."""

    @property
    def has_cross(self) -> bool:
        """Whether some night has no data."""
        return any(bar.value is None for bar in self.bars)

    @property
    def has_open(self) -> bool:
        """Whether some bar is hatched."""
        return any(bar.is_open for bar in self.bars)


def chart(standing: Standing) -> Chart:
    """The last seven nights of a field and pest: up to tonight, when something is known of it."""
    one = standing.watched
    known = {night.night: night for night in one.nights if is_known(night)}
    last = one.tonight if one.tonight in known else one.tonight - timedelta(days=1)
    nights = [last - timedelta(days=back) for back in reversed(range(SHOWN))]
    level = max(standing.level, Level.WATCH)
    bar = threshold(one, level) if standing.level > Level.NONE else one.watch
    values = {night: known[night].value or 0.0 for night in nights if night in known}
    scale = (FOOT - _TOP) / max([*values.values(), bar or 0.0, 1.0])
    numbered = _numbered(nights, values)
    bars = tuple(
        _bar(standing, place, night, known.get(night), scale, shows_number=night in numbered)
        for place, night in enumerate(nights)
    )
    return Chart(bars, FOOT - bar * scale if bar else None, bar, level)


def _numbered(nights: list[date], values: dict[date, float]) -> set[date]:
    """The newest and the highest night, unless their numbers would touch."""
    if not values:
        return set()
    newest, highest = max(values), max(values, key=lambda night: (values[night], night))
    beside = any(pair == (highest, newest) for pair in pairwise(nights))
    return {highest} if beside else {newest, highest}


def _bar(standing: Standing, place: int, night: date, known: Night | None, scale: float, *, shows_number: bool) -> Bar:
    step = (RIGHT - _LEFT) / SHOWN
    left, width = _LEFT + place * step + _GAP / 2, step - _GAP
    if known is None or known.value is None:
        return Bar(night, None, left, width, FOOT, PAPER, "", is_open=False, shows_number=False)
    tells = may_tell(standing.watched, known.level)
    look = LOOKS[Level(known.level)]
    return Bar(
        night, known.value, left, width, FOOT - known.value * scale, look.fill if tells else PAPER,
        look.shape if tells and known.level > Level.NONE else "", is_open=not (tells and known.is_final),
        shows_number=shows_number,
    )  # fmt: skip
