"""A file that others read while it is written, or that a power cut must not halve: the old or the new, whole."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace(path: Path, contents: bytes, mode: int = 0o600, owner: tuple[int, int] | None = None) -> None:
    """Gives a file new contents, whole or not at all, on disk when this returns. Raises OSError.

    `owner` are the numbers of the user and the group it is given to; who writes it by default.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            if owner is not None:
                os.fchown(file.fileno(), *owner)
            os.fchmod(file.fileno(), mode)
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def owner_of(folder: Path) -> tuple[int, int] | None:
    """Who owns a folder and so should own what root puts into it; None when we are not root. Raises OSError."""
    found = folder.stat()
    return (found.st_uid, found.st_gid) if os.geteuid() == 0 else None


def sync_folder(folder: Path) -> None:
    """Sees to it that names just given in a folder outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
