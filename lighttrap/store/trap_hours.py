"""What traps did hour by hour in the last five weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from lighttrap import sql
from lighttrap.store.pool import Connection

_SQL = sql.load("trap_hours")


@dataclass(frozen=True, slots=True)
class TrapHour:
    """The readings that began in one hour; `lag_s` is the longest time from a reading's end to its receipt."""

    hour: datetime
    readings: int
    lamp_s: int
    lag_s: float


def list_hours(conn: Connection, org_id: str, trap_id: str, first_at: datetime) -> list[TrapHour]:
    """The hours of a trap that have readings, from `first_at` on; none is older than 35 days.

    Where TimescaleDB keeps them ready, what came late to an hour that is over shows within half an hour.
    """
    wanted = {"org_id": org_id, "trap_id": trap_id, "first_at": first_at}
    return conn.cursor(row_factory=class_row(TrapHour)).execute(_SQL["list_hours"], wanted).fetchall()
