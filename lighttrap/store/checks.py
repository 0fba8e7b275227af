"""What `lighttrap doctor` asks the database."""

from __future__ import annotations

from typing import NamedTuple

from psycopg.rows import class_row

from lighttrap import sql
from lighttrap.store.pool import Connection

_SQL = sql.load("doctor")


class Server(NamedTuple):
    """The server: its version as 150018, its TimescaleDB if any, and the size of our database in bytes."""

    version: int
    timescaledb: str | None
    license: str | None
    preloaded: bool
    bytes: int


def server(conn: Connection) -> Server:
    """What server this is."""
    return conn.cursor(row_factory=class_row(Server)).execute(_SQL["server"]).fetchall()[0]


def silent_traps(conn: Connection) -> tuple[int, int]:
    """Traps in service not heard of for 26 hours, and all traps in service."""
    row = conn.execute(_SQL["silent_traps"]).fetchone() or (0, 0)
    return int(row[0]), int(row[1])


def missing(conn: Connection) -> tuple[int, int]:
    """Readings missing at the moment, and the gaps they make."""
    row = conn.execute(_SQL["missing"]).fetchone() or (0, 0)
    return int(row[0]), int(row[1])
