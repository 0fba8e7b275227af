from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from dashboard import palette
from lighttrap.agronomy.level import Level

DASHBOARD = Path(palette.__file__).parent


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio (WCAG 2.2)."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("level", list(Level))
def test_text_on_a_level_can_be_read(level: Level):
    look = palette.LOOKS[level]
    assert contrast(look.fill, look.on_fill) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
def test_text_and_outlines_can_be_seen_on_the_page(dark: bool):
    ink = palette.ink(dark=dark)
    for name in ("text", "quiet", "accent"):
        assert contrast(getattr(ink, name), ink.paper) >= 4.5, name
        assert contrast(getattr(ink, name), ink.card) >= 4.5, name
    assert contrast(ink.outline, ink.paper) >= 3
    assert contrast(ink.unknown, ink.paper) >= 3


def test_levels_differ_in_shape_and_sign_and_not_in_colour_alone():
    looks = palette.LOOKS.values()
    assert len({look.shape for look in looks}) == len({look.sign for look in looks}) == len(Level)


def test_levels_can_be_told_apart_in_grey_by_shape_where_not_by_shade():
    shades = sorted(luminance(palette.LOOKS[level].fill) for level in Level if level > Level.UNKNOWN)
    assert all(high - low > 0.02 for low, high in itertools.pairwise(shades))


def test_no_other_module_names_a_colour():
    files = [path for path in DASHBOARD.rglob("*.py") if path.name != "palette.py"]
    assert [path.name for path in files if re.search(r"#[0-9a-fA-F]{6}\b|#[0-9a-fA-F]{3}\b", path.read_text())] == []
    assert files
