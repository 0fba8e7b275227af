"""What a session is sure of: before it stores anything, and that what it reads is of one moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lighttrap import sql
from lighttrap.errors import ConfigError
from lighttrap.store.pool import Connection

_SQL = sql.load("session")
MAX_CLOCK_SKEW = timedelta(seconds=60)


def require_durable(conn: Connection) -> None:
    """Refuses a server on which a commit may be lost, or whose clock differs from ours. Raises ConfigError."""
    for name, setting in conn.execute(_SQL["durability"]).fetchall():
        if setting not in ("on", "remote_write", "remote_apply"):
            raise ConfigError(
                f"PostgreSQL runs with {name} = {setting}: set it to on, else acknowledged readings can be lost"
            )
    row = conn.execute(_SQL["clock"]).fetchone()
    if row is not None and abs(row[0] - datetime.now(UTC)) > MAX_CLOCK_SKEW:
        raise ConfigError(
            f"this machine's clock and the database's differ by more than {MAX_CLOCK_SKEW}: set them right"
        )


def try_lock(conn: Connection, client_id: str) -> bool:
    """Makes this session the active worker of a client id, unless another session is."""
    row = conn.execute(_SQL["try_lock"], {"client_id": client_id}).fetchone()
    return bool(row and row[0])


def ping(conn: Connection) -> None:
    """Finds out whether the session still lives."""
    conn.execute(_SQL["ping"])


def begin_snapshot(conn: Connection) -> None:
    """Makes a transaction, of which this must be the beginning, read all as of one moment and change nothing."""
    conn.execute(_SQL["begin_snapshot"])
