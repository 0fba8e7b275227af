"""A file that others read while it is written: they see the old one or the new one, whole."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

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
    folder = path.parent.stat()
    may_give = os.geteuid() == 0
    if _is_as_wanted(path, text, folder.st_uid if may_give else os.geteuid()):
        return False
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            if may_give:
                os.fchown(file.fileno(), folder.st_uid, folder.st_gid)
            os.fchmod(file.fileno(), _MODE)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)
    return True


def _is_as_wanted(path: Path, text: str, owner: int) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return stat.S_IMODE(found.st_mode) == _MODE and found.st_uid == owner and read(path) == text


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
