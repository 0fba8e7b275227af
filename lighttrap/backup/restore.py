"""Putting a backup back into an empty database, and making sure that it came back equal."""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lighttrap import migrate
from lighttrap.backup import compare, manifest, tools
from lighttrap.backup.manifest import Manifest
from lighttrap.errors import ConfigError, Conflict, LightTrapError
from lighttrap.store import backups, restores, withdrawals
from lighttrap.store.pool import Connection, connect, translate_errors
from lighttrap.store.withdrawals import Withdrawal

log = logging.getLogger(__name__)

_MAINTENANCE = "postgres"
JOBS = 2


def restore(
    dump: Path, dsn: str, *, own: bool = False, jobs: int = JOBS, newest: Manifest | None = None
) -> tuple[Manifest, Counter[str]]:
    """Puts a backup into an empty database, compares it with its manifest, and brings its schema up to this release.

    Messages are held as soon as the data are there, whatever fails after that, and nobody is logged in. The database
    goes to whom its tables belong, if they lack the right to make more of them. What the newest manifest says was taken
    back since is taken back again; how many of each kind is returned. With `own` all becomes the property of who
    restores.
    Raises Conflict when the database is not empty, ConfigError when this server cannot take the backup, InputFault
    when the dump is damaged, and LightTrapError when what came back differs.
    """
    told = manifest.read(dump)
    manifest.require_whole(dump, told)
    put_back(dump, told, dsn, own=own, jobs=jobs)
    _hold(dsn, told, dump.name)
    _analyze(dsn)
    require_equal(dsn, told)
    with connect(dsn, application="lighttrap restore") as conn, translate_errors():
        backups.become_owner(conn)
        migrate.migrate(conn)
        restores.end_sessions(conn)
        again = withdrawals.repeat(conn, _since(told, newest or told))
    return told, again


def _hold(dsn: str, told: Manifest, dump: str) -> None:
    """Holds messages in a database that has just got its data; one of an older release gets the table for that."""
    with connect(dsn, application="lighttrap restore") as conn, translate_errors():
        backups.hand_over_database(conn)
        backups.become_owner(conn)
        migrate.apply(conn, restores.MIGRATION)
        restores.note(conn, told.taken_at, dump)


def _since(told: Manifest, newest: Manifest) -> Iterator[Withdrawal]:
    for one in newest.withdrawn if newest.taken_at > told.taken_at else ():
        yield Withdrawal(one.kind, one.org_id, one.id, one.made_at, one.at)


def prove(dump: Path, dsn: str, *, jobs: int = JOBS) -> Manifest:
    """Restores a backup into a database that is made for it on a server and removed afterwards, and compares.

    Notes in the manifest that this backup is proven. Raises as `restore` does.
    """
    told = manifest.read(dump)
    manifest.require_whole(dump, told)
    with throw_away(dsn) as made:
        put_back(dump, told, made, own=True, jobs=jobs)
        _analyze(made)
        require_equal(made, told)
    proven = told.model_copy(update={"proven_at": datetime.now(UTC)})
    manifest.write(dump, proven)
    return proven


def put_back(dump: Path, told: Manifest, dsn: str, *, own: bool, jobs: int) -> None:
    """Restores a dump into an empty database, without a look at what came of it."""
    with connect(dsn, application="lighttrap restore") as conn, translate_errors():
        server = backups.server(conn)
        _require_fit(conn, server, told)
        if not own:
            _require_roles(conn, told.source.roles)
        if server.timescaledb and told.source.timescaledb is None:
            # As roles.sql made it. `migrate` makes it again, and the hypertable, once the data are there and compared.
            backups.drop_timescaledb(conn)
    tool = tools.for_restore(told.source.pg_dump_major, server.major)
    words = ["--exit-on-error", *(["--no-owner", "--no-privileges"] if own else [])]
    if told.source.timescaledb is None:
        _run(tool, [*words, f"--jobs={jobs}", str(dump)], dsn)
    else:
        # Its catalogue must come back in order, so by one job.
        with _held_still(dsn, told.source.timescaledb):
            _run(tool, [*words, str(dump)], dsn)


def _analyze(dsn: str) -> None:
    with connect(dsn, application="lighttrap restore") as conn, translate_errors():
        backups.analyze(conn)


def require_equal(dsn: str, told: Manifest) -> None:
    """Refuses a database that differs from what a manifest tells of. Raises LightTrapError."""
    with connect(dsn, application="lighttrap restore") as conn:
        found = compare.differences(conn, told)
    if found:
        raise LightTrapError(f"the database differs from the backup: {'; '.join(found)}")
    log.info("the database equals the backup", extra={"tables": len(told.tables), "rows": told.rows})


def create(dsn: str) -> None:
    """Makes the database that an address names, over the server's own. Raises Conflict when it is there."""
    name = conninfo_to_dict(dsn).get("dbname")
    if not name:
        raise ConfigError("the address names no database to make")
    with connect(_on(dsn, _MAINTENANCE), application="lighttrap restore") as conn, translate_errors():
        conn.autocommit = True
        backups.create_database(conn, str(name))


@contextmanager
def throw_away(dsn: str) -> Iterator[str]:
    """The address of a database that is made on the server of an address, and removed at the end."""
    name = f"lighttrap_verify_{secrets.token_hex(4)}"
    with connect(_on(dsn, _MAINTENANCE), application="lighttrap restore") as conn, translate_errors():
        conn.autocommit = True
        backups.create_database(conn, name)
        try:
            yield _on(dsn, name)
        finally:
            backups.drop_database(conn, name)


def _on(dsn: str, database: str) -> str:
    return make_conninfo(dsn, dbname=database)


def _require_fit(conn: Connection, server: backups.Server, told: Manifest) -> None:
    migrate.require_known(told.migrations, of="backup")
    there = backups.contents(conn)
    if there:
        raise Conflict(
            f"the database is not empty ({', '.join(there)} and perhaps more): a backup is put into an empty one; "
            "make one with `createdb`, or give a new name and --create"
        )
    if server.major < told.source.major:
        raise ConfigError(
            f"the backup is of PostgreSQL {told.source.postgresql}, and this server is {server.version}: "
            f"restore into PostgreSQL {told.source.major} or newer"
        )
    if told.source.timescaledb:
        _require_timescaledb(conn, server, told)


def _require_timescaledb(conn: Connection, server: backups.Server, told: Manifest) -> None:
    wanted = told.source.timescaledb
    if not server.preloaded:
        raise ConfigError(
            f"the backup is of TimescaleDB {wanted}, and its readings lie in chunks that plain PostgreSQL cannot put "
            "together: restore into a server with that extension; docs/backup.md tells the way from there to plain"
        )
    can = backups.timescaledb_versions(conn)
    if (server.timescaledb or wanted) != wanted or wanted not in can:
        raise ConfigError(
            f"the backup is of TimescaleDB {wanted}; this server has {server.timescaledb or ', '.join(can) or 'none'}: "
            "install that version, restore, then update the extension"
        )
    if told.source.license == "timescale" and server.license == "apache":
        raise ConfigError(
            "the backup is of TimescaleDB's community edition, and this server runs the Apache edition "
            "(timescaledb.license = apache), which cannot read compressed chunks"
        )
    if not server.superuser:
        raise ConfigError("a backup of TimescaleDB is restored by a superuser: its catalogue belongs to one")


def _require_roles(conn: Connection, roles: list[str]) -> None:
    lacking = backups.lacking_roles(conn, roles)
    if lacking:
        raise ConfigError(
            f"things in the backup belong to {', '.join(lacking)}, and this server has no such role: make it with "
            "CREATE ROLE, or let all belong to who restores with --own"
        )
    foreign = backups.foreign_roles(conn, roles)
    if foreign:
        raise ConfigError(
            f"things in the backup belong to {', '.join(foreign)}: restore as a superuser or as that role, or let all "
            "belong to who restores with --own"
        )


@contextmanager
def _held_still(dsn: str, version: str) -> Iterator[None]:
    """TimescaleDB of that version in a database, in the state in which its tables can be restored."""
    with connect(dsn, application="lighttrap restore") as conn, translate_errors():
        backups.create_timescaledb(conn, version)
    with connect(dsn, application="lighttrap restore") as conn, translate_errors():
        backups.before_timescaledb(conn)
    try:
        yield
    finally:
        with connect(dsn, application="lighttrap restore") as conn, translate_errors():
            backups.after_timescaledb(conn)


def _run(tool: tools.Tool, words: list[str], dsn: str) -> None:
    with tools.running(tool, words, dsn, "; what it made is of no use: drop the database and begin again"):
        pass
