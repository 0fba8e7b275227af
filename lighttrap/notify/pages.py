"""What the texts of farmers' pages are filled with, for who fills them and for who proofreads them."""

from __future__ import annotations

from typing import Final

TABLES: Final = ("page", "signup", "code")
NAMES: Final = frozenset(
    {
        "Level", "level", "pest", "place", "field", "before", "sent", "night", "value", "against", "by", "Look_full",
        "look_full", "look_from", "look_to", "phone", "count", "org", "at", "traps", "alert", "number",
    }
)  # fmt: skip
"""A page tells a sentence only when it knows what stands in it, so none of them needs square brackets."""
