"""How urgent a night is. Without numpy, for the programs that only need the word."""

from __future__ import annotations

from enum import IntEnum


class Level(IntEnum):
    """How urgent a trap's or a field's night is."""

    UNKNOWN = -1
    """Lost, silent or pending."""
    NONE = 0
    WATCH = 1
    WARNING = 2
    ALARM = 3
