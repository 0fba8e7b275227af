"""A folder of backups: which are good, how old the newest is, and which are thrown away."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from lighttrap import wholefile
from lighttrap.backup import dump, manifest
from lighttrap.backup.manifest import Manifest
from lighttrap.errors import ConfigError, Conflict, InputFault

log = logging.getLogger(__name__)

COUNT = 7
_MANIFEST = dump.SUFFIX + manifest.SUFFIX
_UNFINISHED_FOR = timedelta(days=1)


class Backup(NamedTuple):
    """A dump that is there in full length, with its manifest."""

    file: Path
    manifest: Manifest


class Keep(NamedTuple):
    """How long backups are kept: one goes when it is older than `days` and `least` newer ones are there."""

    days: int
    least: int


def keep_of(text: str) -> Keep:
    """`30/7` or `30` as a Keep. Raises ConfigError."""
    days, _, count = text.partition("/")
    try:
        found = Keep(int(days), int(count) if count else COUNT)
    except ValueError:
        raise ConfigError(f"how long backups are kept is said as DAYS/COUNT, such as 30/7, not {text!r}") from None
    if found.days < 0 or found.least < 1:
        raise ConfigError("at least one backup is kept: give DAYS/COUNT with a COUNT of 1 or more")
    return found


@contextmanager
def opened(folder: Path) -> Iterator[Path]:
    """The folder, made when it is not there, for one who writes at a time. Raises ConfigError and Conflict."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as fault:
        raise ConfigError(f"the folder of backups cannot be used: {fault}") from fault
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    except BlockingIOError:
        raise Conflict(f"another backup is at work in {folder}") from None
    finally:
        os.close(handle)


def backups(folder: Path) -> list[Backup]:
    """The good backups of a folder, the newest first; what is not whole is passed over."""
    return sorted(_found(folder), key=lambda one: one.manifest.taken_at, reverse=True)


def _found(folder: Path) -> Iterator[Backup]:
    for path in folder.glob(f"*{dump.SUFFIX}"):
        told = _read(path)
        if told and path.stat().st_size == told.bytes:
            yield Backup(path, told)


def newest_manifest(folder: Path) -> Manifest | None:
    """The newest manifest of a folder, also when its dump is gone; None when there is none."""
    dumps = [path.with_name(path.name.removesuffix(manifest.SUFFIX)) for path in folder.glob(f"*{_MANIFEST}")]
    found = [told for told in map(_read, dumps) if told]
    return max(found, key=lambda one: one.taken_at, default=None)


def _read(dump: Path) -> Manifest | None:
    try:
        return manifest.read(dump)
    except InputFault:
        return None


def superfluous(found: list[Backup], keep: Keep, now: datetime) -> list[Backup]:
    """Which of the backups, given the newest first, may go: never the newest that was proven to come back."""
    proven = next((one for one in found if one.manifest.proven_at), None)
    return [
        one
        for newer, one in enumerate(found)
        if newer >= keep.least and now - one.manifest.taken_at > timedelta(days=keep.days) and one is not proven
    ]


def prune(folder: Path, keep: Keep, now: datetime | None = None) -> list[Path]:
    """Throws away the backups that may go, and what unfinished ones left behind; returns the dumps."""
    now = now or datetime.now(UTC)
    gone = [one.file for one in superfluous(backups(folder), keep, now)]
    for file in gone:
        file.unlink(missing_ok=True)
        manifest.path_of(file).unlink(missing_ok=True)
    for left in _unfinished(folder, now):
        log.warning("an unfinished backup is thrown away", extra={"file": left.name})
        left.unlink(missing_ok=True)
    wholefile.sync_folder(folder)
    return gone


def _unfinished(folder: Path, now: datetime) -> Iterator[Path]:
    for path in folder.glob(".lighttrap-*"):
        if now.timestamp() - path.stat().st_mtime > _UNFINISHED_FOR.total_seconds():
            yield path
