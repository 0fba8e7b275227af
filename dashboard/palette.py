"""Levels as colour, shape and word, always all three; and every colour there is. No other module names one.

The order of the fills is that of Vietnam's disaster-risk colours, a familiar convention and no obligation. Fills are
never text: a word stands beside them in the colour of text, and every mark has an outline, because three of the fills
have less contrast to white than a mark needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from lighttrap.agronomy.level import Level


@dataclass(frozen=True, slots=True)
class Look:
    """How a level looks: its key in our words, fill, text on the fill, sign in text, and shape in charts."""

    key: str
    fill: str
    on_fill: str
    sign: str
    shape: str


CROSS: Final = "M-.7,-.7L.7,.7M.7,-.7L-.7,.7"
"""Vega's own "cross" is a plus."""
LOOKS: Final[dict[Level, Look]] = {
    Level.NONE: Look("none", "#8ecae6", "#111111", "●", "circle"),
    Level.WATCH: Look("watch", "#f9dc5c", "#111111", "◆", "diamond"),
    Level.WARNING: Look("warning", "#f28c28", "#111111", "▲", "triangle-up"),
    Level.ALARM: Look("alarm", "#c1121f", "#ffffff", "■", "square"),
    Level.UNKNOWN: Look("unknown", "#6b7280", "#ffffff", "✕", CROSS),
}


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
