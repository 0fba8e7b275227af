"""Whether a database holds what a manifest tells of: rows and checksums of each table, and sequences beyond them."""

from __future__ import annotations

from collections.abc import Iterator

from lighttrap import migrate
from lighttrap.backup.manifest import Manifest
from lighttrap.store import backups, restores
from lighttrap.store.pool import Connection, translate_errors

_COMPARED_BY_NAME = "public.schema_migration"


def differences(conn: Connection, manifest: Manifest) -> list[str]:
    """What differs, a sentence each; reads every row, in a snapshot of its own, and ends the transaction."""
    with translate_errors():
        conn.rollback()
        backups.begin(conn)
        found = [*_tables(conn, manifest), *_migrations(conn, manifest), *_sequences(conn, manifest)]
        conn.rollback()
    return found


def _tables(conn: Connection, manifest: Manifest) -> Iterator[str]:
    there = dict(backups.sums(conn))
    there.pop(_COMPARED_BY_NAME, None)
    for name, wanted in manifest.tables.items():
        if name == _COMPARED_BY_NAME:
            continue
        found = there.pop(name, None)
        if found is None:
            yield f"{name} is missing"
        elif found.rows != wanted.rows:
            yield f"{name} has {found.rows} rows instead of {wanted.rows}"
        elif found.checksum != wanted.checksum:
            yield f"{name} has as many rows as it should, {found.rows}, and other contents"
    for name in there:
        yield f"{name} was not in the backup"


def _migrations(conn: Connection, manifest: Manifest) -> Iterator[str]:
    there = migrate.applied_migrations(conn)
    if restores.MIGRATION not in manifest.migrations:
        there.pop(restores.MIGRATION, None)  # a restore has applied it, to hold messages
    if there != manifest.migrations:
        yield "other migrations are applied than in the backup"


def _sequences(conn: Connection, manifest: Manifest) -> Iterator[str]:
    """A sequence behind its table would give a number twice; it may be ahead, for sequences know no snapshot."""
    there = backups.sequences(conn)
    for name, wanted in manifest.sequences.items():
        if there.get(name, -1) < wanted:
            yield f"the sequence {name} stands at {there.get(name)} instead of {wanted}"
    for name, highest in backups.highest_numbers(conn):
        if there.get(name, 0) < highest:
            yield f"the sequence {name} stands at {there.get(name)}, and its table has {highest}"
