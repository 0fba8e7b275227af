"""Names, numbers and dates as people of a language read them. Anything that is not one is None, never an error."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from lighttrap.notify.catalogue import Catalogue

_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
LARGEST = 9_999_999
"""Beyond it a number is a fault and is not told; forty times the highest catch on record."""


def one_line(text: str | None) -> str:
    """A name as one line of characters that can be sent: no line breaks, no control characters, no half of a pair."""
    return _BLANK.sub(" ", text or "").encode("utf-8", "ignore").decode("utf-8").strip()


def number(value: Any) -> float | None:  # noqa: ANN401 - whatever the database's JSON holds
    """A number that can be told: finite, not negative, not absurd."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= LARGEST and math.isfinite(value) else None


def day(value: Any) -> date | None:  # noqa: ANN401 - the same
    """A date from a date or its ISO text."""
    if isinstance(value, datetime):
        return None
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def whole(value: float | None, catalogue: Catalogue) -> str:
    """1.234, or nothing."""
    return "" if value is None else f"{round(value):,}".replace(",", catalogue.word("words.thousands"))


def tenths(value: float | None, catalogue: Catalogue) -> str:
    """11,4, or nothing."""
    return "" if value is None else f"{value:.1f}".replace(".", catalogue.word("words.decimal"))


def dd_mm(value: date | None) -> str:
    """23/11, or nothing."""
    return "" if value is None else f"{value:%d/%m}"


def clock(value: Any, time_zone: str) -> str:  # noqa: ANN401 - the same
    """18:30 23/11 in a time zone, from ISO text with an offset; nothing when it is not one."""
    try:
        at = datetime.fromisoformat(value)
        return "" if at.tzinfo is None else f"{at.astimezone(ZoneInfo(time_zone)):%H:%M %d/%m}"
    except (TypeError, ValueError, KeyError, OverflowError, OSError):
        # An unknown zone is a KeyError; one that is no name, a ValueError or, of a folder, an OSError.
        return ""
