"""What a database knows of having come out of a backup: until a person says so, it sends nothing."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row

from lighttrap import sql
from lighttrap.store.pool import Connection

_SQL = sql.load("restores")
MIGRATION = "0025_restore.sql"
"""The migration that makes our table; it needs none of those before it."""


class Restore(NamedTuple):
    """A restore: when its backup was taken, when it was put back, and the name of the dump."""

    restore_id: int
    taken_at: datetime
    restored_at: datetime
    dump: str


def note(conn: Connection, taken_at: datetime, dump: str) -> None:
    """Writes down that this database came out of a backup; from now on messages are held."""
    conn.execute(_SQL["note_restore"], {"taken_at": taken_at, "dump": dump})


def holding(conn: Connection) -> Restore | None:
    """The restore for which messages are held; None when they may go."""
    return conn.cursor(row_factory=class_row(Restore)).execute(_SQL["holding"]).fetchone()


def resume(conn: Connection, who: str) -> bool:
    """Lets messages go again. Returns False when none were held."""
    return conn.execute(_SQL["resume"], {"who": who}).rowcount > 0


def end_sessions(conn: Connection) -> int:
    """Ends the login sessions that came out of a backup; returns how many."""
    return conn.execute(_SQL["end_sessions"]).rowcount
