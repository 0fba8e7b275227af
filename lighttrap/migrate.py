"""Migrations: forward only, in order, under a lock, safe to run again.

A file whose first line is `-- requires FEATURE` waits until the server has that: `timescaledb`, of either edition, or
`timescaledb community`. It is applied at whatever later time the server has it, so nothing else depends on it.
`SHA256SUMS` beside the files pins what was released.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from importlib import resources
from typing import NamedTuple

from lighttrap import species, sql
from lighttrap.errors import StoreMismatch
from lighttrap.store.pool import Connection, translate_errors

log = logging.getLogger(__name__)

_SQL = sql.load("migrations")
_ROLES = sql.load("roles")
_NAME = re.compile(r"\d{4}_[a-z0-9_]+\.sql")
OLDEST_COMMUNITY = (2, 20)
"""The first version of TimescaleDB that has the columnstore under its names of today and none of its early faults."""


class Migration(NamedTuple):
    """One file: its name, its text, and what the server must have."""

    name: str
    text: str

    @property
    def requires(self) -> str | None:
        """The feature named in the first line, if any."""
        first = self.text.split("\n", 1)[0]
        return first.removeprefix("-- requires ").strip() if first.startswith("-- requires ") else None

    @property
    def sha(self) -> str:
        """SHA-256 of the text, as in SHA256SUMS."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations() -> list[Migration]:
    """All migrations of this release, in order."""
    folder = resources.files("lighttrap.sql").joinpath("migrations")
    files = sorted((f for f in folder.iterdir() if _NAME.fullmatch(f.name)), key=lambda f: f.name)
    return [Migration(f.name, f.read_text(encoding="utf-8")) for f in files]


def migrate(conn: Connection) -> list[str]:
    """Brings the schema up to this release and returns the names of the migrations it applied.

    Roles that deploy/postgres/roles.sql has made get their rights. Commits. Waits for another migration of the same
    database to end, and takes what time it needs, whatever limit the session has. Raises
    StoreMismatch when the database is of a newer release or when an applied file was changed afterwards.
    """
    with translate_errors():
        _begin(conn)
        conn.execute(_SQL["create_register"])
        applied = _applied(conn)
        require_known(applied)
        if _can_timescaledb(conn):
            conn.execute(_SQL["create_timescaledb"])
        features = _features(conn)
        due = [m for m in migrations() if m.name not in applied and m.requires in features]
        for migration in due:
            _apply(conn, migration)
        _seed_species(conn)
        for (statement,) in conn.execute(_ROLES["grants"]).fetchall():
            conn.execute(statement.encode())
        conn.commit()
    return [m.name for m in due]


def apply(conn: Connection, name: str) -> None:
    """Applies one migration that needs none of those before it, unless that is done. Does not commit."""
    with translate_errors():
        _begin(conn)
        if name not in _applied(conn):
            _apply(conn, next(m for m in migrations() if m.name == name))


def _begin(conn: Connection) -> None:
    """Waits until nobody else migrates, and lets this transaction take its time."""
    conn.execute(_SQL["take_time"])
    conn.execute(_SQL["lock"])
    conn.execute(_SQL["wait_briefly"])


def _apply(conn: Connection, migration: Migration) -> None:
    log.info("applying migration", extra={"migration": migration.name})
    conn.execute(migration.text.encode())
    conn.execute(_SQL["register"], {"name": migration.name, "sha": migration.sha})


def pending(conn: Connection) -> list[str]:
    """Names of the migrations that are lacking and everything needs; empty when the schema fits this code."""
    with translate_errors():
        if conn.execute(_SQL["has_register"]).fetchone() == (False,):
            return [m.name for m in migrations() if m.requires is None]
        applied = _applied(conn)
        require_known(applied)
        return [m.name for m in migrations() if m.name not in applied and m.requires is None]


def applied_migrations(conn: Connection) -> dict[str, str]:
    """Names and SHA-256 of the migrations that a database has; none when it is not ours."""
    if conn.execute(_SQL["has_register"]).fetchone() == (False,):
        return {}
    return _applied(conn)


def offered(conn: Connection) -> list[str]:
    """Names of the migrations that nothing needs, that this server could have and has not: `migrate` would apply them.

    Says nothing of the community edition before the extension is there: which edition a server is, the extension says.
    """
    with translate_errors():
        if conn.execute(_SQL["has_register"]).fetchone() == (False,):
            return []
        applied = _applied(conn)
        features = _features(conn) | ({"timescaledb"} if _can_timescaledb(conn) else set())
        return [m.name for m in migrations() if m.name not in applied and m.requires and m.requires in features]


def _applied(conn: Connection) -> dict[str, str]:
    return dict(conn.execute(_SQL["applied"]).fetchall())


def require_known(applied: Mapping[str, str], *, of: str = "database") -> None:
    """Refuses migrations, by name and SHA-256, that this release does not have. Raises StoreMismatch."""
    ours = {m.name: m.sha for m in migrations()}
    for name, sha in applied.items():
        if name not in ours:
            raise StoreMismatch(f"the {of} has migration {name}, which this release does not know: upgrade lighttrap")
        if ours[name] != sha:
            raise StoreMismatch(f"migration {name} differs from the one that was applied: reinstall lighttrap")


def _can_timescaledb(conn: Connection) -> bool:
    return conn.execute(_SQL["can_timescaledb"]).fetchone() == (True,)


def _features(conn: Connection) -> set[str | None]:
    """What migrations may require of this database; None stands for plain PostgreSQL."""
    found: set[str | None] = {None}
    row = conn.execute(_SQL["timescaledb"]).fetchone()
    if row is not None:
        version, license_ = row
        found.add("timescaledb")
        if license_ == "timescale" and _numbers(version) >= OLDEST_COMMUNITY:
            found.add("timescaledb community")
    return found


def _numbers(version: str) -> tuple[int, ...]:
    """(2, 28, 3) of 2.28.3; what follows a hyphen, as -dev, counts for nothing."""
    return tuple(int(word) for word in version.partition("-")[0].split("."))


def _seed_species(conn: Connection) -> None:
    for entry in species.CATALOGUE:
        conn.execute(
            _SQL["seed_species"],
            {
                "species": entry.key, "scientific_name": entry.scientific_name, "name_vi": entry.name_vi,
                "name_en": entry.name_en, "name_km": entry.name_km, "role": entry.role, "eppo_code": entry.eppo_code,
            },
        )  # fmt: skip
