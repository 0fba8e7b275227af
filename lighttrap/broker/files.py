"""A file of the broker's: written only when it says something else, and given to who owns its folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from lighttrap import wholefile

_MODE = 0o600


def read(path: Path) -> str:
    """What is in the file; nothing when there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def replace(path: Path, text: str) -> bool:
    """Writes the file anew when it says something else, and returns whether it did. Raises OSError.

    It belongs to who owns its folder, as the broker should, and nobody else can read it.
    """
    owner = wholefile.owner_of(path.parent)
    if _is_as_wanted(path, text, owner[0] if owner else os.geteuid()):
        return False
    wholefile.replace(path, text.encode(), _MODE, owner)
    return True


def _is_as_wanted(path: Path, text: str, owner: int) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return stat.S_IMODE(found.st_mode) == _MODE and found.st_uid == owner and read(path) == text
