"""Figures of the backups for Prometheus' textfile collector, or for whoever serves the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lighttrap import wholefile
from lighttrap.backup.folder import Backup

_READABLE = 0o644


def write(path: Path, found: list[Backup]) -> None:
    """Writes the file anew, whole or not at all; `found` has the newest first."""
    text = "".join(
        f"# HELP {name} {help_}\n# TYPE {name} gauge\n{name} {value}\n" for name, help_, value in _gauges(found)
    )
    wholefile.replace(path, text.encode(), _READABLE)


def _gauges(found: list[Backup]) -> Iterator[tuple[str, str, float]]:
    yield "lighttrap_backup_kept", "Good backups in the folder.", len(found)
    if found:
        newest = found[0].manifest
        yield "lighttrap_backup_newest_timestamp_seconds", "When the newest was taken.", newest.taken_at.timestamp()
        yield "lighttrap_backup_newest_bytes", "Size of the newest.", newest.bytes
        yield "lighttrap_backup_newest_duration_seconds", "How long it took.", newest.seconds
    proven = [one.manifest.proven_at.timestamp() for one in found if one.manifest.proven_at]
    if proven:
        yield "lighttrap_backup_proven_timestamp_seconds", "When one was last restored and found equal.", max(proven)
