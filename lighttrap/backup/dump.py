"""Taking a backup: `pg_dump` and the checksums of all tables read one and the same snapshot, side by side."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from lighttrap import migrate, wholefile
from lighttrap.backup import manifest, tools
from lighttrap.backup.manifest import Manifest, Source, Table, Withdrawn
from lighttrap.errors import ConfigError
from lighttrap.store import backups, withdrawals
from lighttrap.store.pool import Connection, connect, translate_errors

SUFFIX = ".dump"
_LOCK_WAIT = "--lock-wait-timeout=60s"


def take(dsn: str, folder: Path) -> tuple[Path, Manifest]:
    """Dumps a database into a new file of a folder and writes the manifest beside it; both are on disk then.

    Nobody who writes waits for it. Raises ConfigError when no `pg_dump` here fits the server, LightTrapError when the
    dump fails; then only a file that begins with a dot is left.
    """
    began = time.monotonic()
    with connect(dsn, application="lighttrap backup") as conn, translate_errors():
        snapshot, taken_at = backups.begin(conn)
        applied = migrate.applied_migrations(conn)
        if not applied:
            raise ConfigError("there is no lighttrap database at this address: nothing to back up")
        server = backups.server(conn)
        tool = tools.for_dump(server.major)
        half = _new_file(folder, taken_at)
        sequences = backups.sequences(conn)
        tables = _dump(tool, dsn, snapshot, half, conn)
        source = _source(server, tool, backups.roles(conn))
        withdrawn = _withdrawn(conn, applied)
    tools.contents(tools.for_restore(tool.major, tool.major), half)
    dump = folder / half.name.removeprefix(".").removesuffix(".part")
    made = Manifest(
        taken_at=taken_at, lighttrap=metadata.version("lighttrap"), migrations=applied, source=source, tables=tables,
        sequences=sequences, withdrawn=withdrawn, file=dump.name, bytes=half.stat().st_size,
        sha256=manifest.sha256_of(half), seconds=round(time.monotonic() - began, 1),
    )  # fmt: skip
    half.rename(dump)
    manifest.write(dump, made)
    return dump, made


def _source(server: backups.Server, tool: tools.Tool, roles: list[str]) -> Source:
    return Source(
        postgresql=server.version, major=server.major, timescaledb=server.timescaledb,
        license=server.license if server.timescaledb else None, pg_dump=tool.version, pg_dump_major=tool.major,
        roles=roles,
    )  # fmt: skip


def _withdrawn(conn: Connection, applied: Mapping[str, str]) -> list[Withdrawn]:
    if not {one.name for one in migrate.migrations() if one.requires is None} <= applied.keys():
        return []  # the schema of an older release, just before its upgrade, may not know of such things
    return [Withdrawn.model_validate(one._asdict()) for one in withdrawals.list_withdrawals(conn)]


def _new_file(folder: Path, at: datetime) -> Path:
    """An empty file that nobody else may read, named by the moment, beginning with a dot until it is whole."""
    name = f"lighttrap-{at.astimezone(UTC):%Y%m%dT%H%M%S}Z{SUFFIX}"
    half = folder / f".{name}.part"
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    if owner := wholefile.owner_of(folder):  # a backup that root made by hand is kept and thrown away like the others
        os.fchown(handle, *owner)
    os.close(handle)
    return half


def _dump(tool: tools.Tool, dsn: str, snapshot: str, file: Path, conn: Connection) -> dict[str, Table]:
    """Dumps what a snapshot shows while our own session, which holds it, sums up each table."""
    words = ["--format=custom", f"--snapshot={snapshot}", f"--file={file}", _LOCK_WAIT]
    with tools.running(tool, words, dsn):
        return {name: Table(rows=one.rows, checksum=one.checksum) for name, one in backups.sums(conn)}
