"""How a level looks: always colour, shape and word together, the same on every page.

The fills borrow the order of Vietnam's disaster-risk colours. A fill is never text, and every mark has an outline:
three of the four fills have less contrast with white than a mark needs (3:1).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from lighttrap.agronomy.level import Level


class Look(NamedTuple):
    """Shape and colours of a level."""

    shape: str
    fill: str
    on_fill: str
    """Of text on the fill; 4.5:1 at least."""


OUTLINE: Final = "#222222"
PAPER: Final = "#ffffff"
NO_DATA: Final = "#6b7280"
LOOKS: Final[dict[Level, Look]] = {
    Level.NONE: Look("●", "#8ecae6", "#111111"),
    Level.WATCH: Look("◆", "#f9dc5c", "#111111"),
    Level.WARNING: Look("▲", "#f28c28", "#111111"),
    Level.ALARM: Look("■", "#c1121f", "#ffffff"),
    Level.UNKNOWN: Look("✕", PAPER, "#111111"),
}
