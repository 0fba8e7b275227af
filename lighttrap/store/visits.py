"""Visits: who was at a trap, and what they did there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row

from lighttrap import sql
from lighttrap.errors import InputFault
from lighttrap.model import Work
from lighttrap.store.pool import Connection

_SQL = sql.load("visits")


@dataclass(frozen=True, slots=True)
class Visit:
    """What somebody wrote down of being at a trap; `battery_v` was measured there."""

    visit_id: int
    trap_id: str
    at: datetime
    author: str
    work: list[str]
    battery_v: float | None
    note: str | None
    written_at: datetime


class AfterVisit(NamedTuple):
    """The last item of a page."""

    at: datetime
    visit_id: int


def add_visit(
    conn: Connection,
    org_id: str,
    trap_id: str,
    *,
    author: str,
    work: Sequence[Work] = (),
    at: datetime | None = None,
    battery_v: float | None = None,
    note: str | None = None,
) -> Visit:
    """Writes a visit down, of now when `at` is None. Raises InputFault when it lies in the future."""
    values = {
        "org_id": org_id, "trap_id": trap_id, "at": at, "author": author, "work": sorted(set(work)),
        "battery_v": battery_v, "note": note,
    }  # fmt: skip
    made = conn.cursor(row_factory=class_row(Visit)).execute(_SQL["add_visit"], values).fetchone()
    if made is None:
        raise InputFault("`at` lies in the future")
    return made


def page_visits(
    conn: Connection,
    org_id: str,
    *,
    trap_id: str | None = None,
    first: datetime | None = None,
    before: datetime | None = None,
    after: AfterVisit | None = None,
    limit: int = 100,
) -> list[Visit]:
    """Visits to an org's traps, from `first` on and before `before`, the newest first."""
    wanted = {
        "org_id": org_id, "trap_id": trap_id, "first": first, "before": before, "limit": limit,
        "last_at": after.at if after else None, "last_id": after.visit_id if after else None,
    }  # fmt: skip
    return conn.cursor(row_factory=class_row(Visit)).execute(_SQL["page_visits"], wanted).fetchall()
