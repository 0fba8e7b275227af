"""What `lighttrap doctor` asks the database."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row

from lighttrap import sql
from lighttrap.store.pool import Connection

BROKER_WATCH = "lighttrap broker"
"""How sessions of `lighttrap broker watch` call themselves, by which they are counted."""
_SQL = sql.load("doctor")
_TIMESCALEDB = sql.load("timescaledb")


class Server(NamedTuple):
    """The server: its version as 150018, its TimescaleDB if any, and the size of our database in bytes.

    `timescaledb` is the version in our database, `on_disk` the one that lies beside the server, used or not.
    """

    version: int
    timescaledb: str | None
    license: str | None
    preloaded: bool
    on_disk: str | None
    has_community: bool | None
    bytes: int


class Job(NamedTuple):
    """A background job of TimescaleDB on a table of ours, and its errors since it last went well.

    Only who owns the database or the job is told of errors. `is_late`: it should have begun an hour ago.
    """

    job_id: int
    procedure: str
    relation: str
    last_run_at: datetime | None
    last_well_at: datetime | None
    failures: int
    failing_since: datetime | None
    sqlstate: str | None
    error: str | None
    is_failing: bool
    is_late: bool

    @property
    def did_its_work(self) -> bool:
        """Whether it failed as some pairs of versions end each job, with its work done: docs/timescaledb.md."""
        return self.sqlstate == "24000" and "cannot drop portal" in (self.error or "")


def server(conn: Connection) -> Server:
    """What server this is."""
    return conn.cursor(row_factory=class_row(Server)).execute(_SQL["server"]).fetchall()[0]


def jobs(conn: Connection) -> list[Job]:
    """The background jobs of TimescaleDB on our tables; none without its community edition, which alone has jobs."""
    if conn.execute(_TIMESCALEDB["has_jobs"]).fetchone() != (True,):
        return []
    return conn.cursor(row_factory=class_row(Job)).execute(_TIMESCALEDB["jobs"]).fetchall()


def silent_traps(conn: Connection) -> tuple[int, int, int]:
    """Traps in service not heard of for 26 hours, those never heard of, and all in service."""
    row = conn.execute(_SQL["silent_traps"]).fetchone() or (0, 0, 0)
    return int(row[0]), int(row[1]), int(row[2])


def missing(conn: Connection) -> tuple[int, int]:
    """Readings missing at the moment, and the gaps they make."""
    row = conn.execute(_SQL["missing"]).fetchone() or (0, 0)
    return int(row[0]), int(row[1])


def watches(conn: Connection) -> int:
    """How many `lighttrap broker watch` are at work on this database."""
    [(number,)] = conn.execute(_SQL["watches"], {"application": BROKER_WATCH}).fetchall()
    return int(number)
