"""What `lighttrap doctor` says of one thing that it looked at, or did not look at."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """How a thing is."""

    OK = "ok"
    NOTE = "note"
    BAD = "bad"


class Finding(NamedTuple):
    """One thing looked at: how it is, what was seen, and what to do."""

    verdict: Verdict
    what: str
    seen: str
    advice: str = ""


def not_looked_at(what: str, setting: str) -> Finding:
    """A note, for silence would look like health; `setting` says where the thing is."""
    return Finding(Verdict.NOTE, what, "not looked at", f"set {setting}")
