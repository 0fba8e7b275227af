"""Levels as colour, shape and word, always all three; and every colour there is. No other module names one.

The levels are those of `lighttrap.notify.palette`, so that page, message and farmer's telephone show the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from lighttrap.agronomy.level import Level
from lighttrap.notify import palette


@dataclass(frozen=True, slots=True)
class Look:
    """How a level looks: its key in our style, fill, text on the fill, sign in text, and shape in charts."""

    key: str
    fill: str
    on_fill: str
    sign: str
    shape: str


CROSS: Final = "M-.7,-.7L.7,.7M.7,-.7L-.7,.7"
"""Vega's own "cross" is a plus."""
_SHAPES: Final = {
    Level.NONE: "circle",
    Level.WATCH: "diamond",
    Level.WARNING: "triangle-up",
    Level.ALARM: "square",
    Level.UNKNOWN: CROSS,
}


def _look(level: Level) -> Look:
    one = palette.LOOKS[level]
    is_known = level is not Level.UNKNOWN
    # A cross has no face to be white: it is drawn in the colour of what is not known.
    fill, on_fill = (one.fill, one.on_fill) if is_known else (palette.NO_DATA, palette.PAPER)
    return Look(level.name.lower(), fill, on_fill, one.shape, _SHAPES[level])


LOOKS: Final = {level: _look(level) for level in palette.LOOKS}


@dataclass(frozen=True, slots=True)
class Ink:
    """The colours of everything that is not a level, on a light or a dark page."""

    text: str
    quiet: str
    line: str
    outline: str
    paper: str
    card: str
    accent: str
    band: str
    unknown: str


LIGHT: Final = Ink(
    text="#1b1f24", quiet="#4b5563", line="#d4d8de", outline="#222222", paper="#ffffff", card="#f6f7f9",
    accent="#0b5394", band="#cfd8e3", unknown="#6b7280",
)  # fmt: skip
DARK: Final = Ink(
    text="#f3f4f6", quiet="#c3c8d0", line="#3a4250", outline="#fafafa", paper="#0e1117", card="#1a1f29",
    accent="#8ab8ec", band="#334155", unknown="#9ca3af",
)  # fmt: skip
FONT: Final = '"Source Sans", "Noto Sans Khmer", sans-serif'
_KHMER: Final = [
    {"family": "Noto Sans Khmer", "url": f"app/static/noto-sans-khmer-{weight}.woff2", "weight": weight}
    for weight in (400, 700)
]


def ink(*, dark: bool) -> Ink:
    """The colours of a light or a dark page."""
    return DARK if dark else LIGHT


def look(level: int | None) -> Look:
    """How a level looks; unknown for None."""
    return LOOKS[Level.UNKNOWN if level is None else Level(level)]


def theme() -> dict[str, Any]:
    """Streamlit's theme, under the names of its command line."""
    shared = {"theme_font": FONT, "theme_fontFaces": _KHMER, "theme_baseFontSize": 16}
    for name, one in (("light", LIGHT), ("dark", DARK)):
        shared |= {
            f"theme_{name}_primaryColor": one.accent,
            f"theme_{name}_backgroundColor": one.paper,
            f"theme_{name}_secondaryBackgroundColor": one.card,
            f"theme_{name}_textColor": one.text,
            f"theme_{name}_borderColor": one.line,
        }
    return shared
