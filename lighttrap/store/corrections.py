"""Counts that people put right.

The machine's stay in `catch`, a pure sum of readings. `verified_catch` puts the two side by side, and people and rules
read that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from psycopg.rows import class_row

from lighttrap import sql
from lighttrap.errors import Conflict, InputFault, NotFound
from lighttrap.store import alerts
from lighttrap.store.pool import Connection

_SQL = sql.load("corrections")
NEWEST = 2**63 - 1


class CatchKey(NamedTuple):
    """A trap, a species and a night."""

    trap_id: str
    species: str
    night: date


class Seen(NamedTuple):
    """What somebody saw who recounted: the machine's count, and the correction in force, if there was one."""

    machine_count: int
    correction_id: int | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """A verified count. `machine_count` is as it was then, `machine_count_now` as late readings have made it.

    In force until `ended_at`: replaced, or undone for `ended_reason`.
    """

    correction_id: int
    trap_id: str
    species: str
    night: date
    count: int
    machine_count: int
    machine_count_now: int
    reason: str
    author: str
    at: datetime
    ended_at: datetime | None
    ended_by: str | None
    ended_reason: str | None


def page_corrections(
    conn: Connection,
    org_id: str,
    *,
    trap_id: str | None = None,
    species: str | None = None,
    first: date | None = None,
    last: date | None = None,
    every: bool = False,
    before_id: int = NEWEST,
    limit: int = 100,
) -> list[Correction]:
    """Corrections of an org's traps with an id below `before_id`, the newest first; ended ones too with `every`."""
    wanted = {
        "org_id": org_id, "correction_id": None, "trap_id": trap_id, "species": species, "first": first, "last": last,
        "every": every, "before_id": before_id, "limit": limit,
    }  # fmt: skip
    return _page(conn, wanted)


def put_correction(
    conn: Connection, org_id: str, key: CatchKey, count: int, *, seen: Seen, reason: str, author: str
) -> tuple[Correction | None, Correction]:
    """Puts a verified count in force and judges the field's night anew. Returns what was in force before, and it.

    Raises InputFault when the machine has not looked for that species that night, or the night is going on: what
    came after the recount would be lost. Raises Conflict when it is not any more as it was `seen`.
    """
    machine_count = _lock_to_correct(conn, org_id, key)
    before = in_force(conn, org_id, key)
    if seen != (machine_count, before.correction_id if before else None):
        raise Conflict(f"{_named(key)} has changed since you saw it: look again, then recount")
    if before:
        _end(conn, before.correction_id, author, None)
    values = {
        **key._asdict(), "count": count, "machine_count": machine_count, "reason": reason, "author": author,
    }  # fmt: skip
    [(correction_id,)] = conn.execute(_SQL["add_correction"], values).fetchall()
    alerts.judge_trap_night(conn, key.trap_id, key.night)
    return before, get_correction(conn, org_id, correction_id)


def undo_correction(conn: Connection, org_id: str, correction_id: int, *, reason: str, author: str) -> Correction:
    """Lets the machine's count be in force again and judges the field's night anew. Returns what has ended.

    Raises NotFound, and Conflict when it was replaced or undone before.
    """
    found = get_correction(conn, org_id, correction_id)
    key = CatchKey(found.trap_id, found.species, found.night)
    _lock(conn, org_id, key)
    if not _end(conn, correction_id, author, reason):
        raise Conflict(f"correction {correction_id} is not in force any more")
    alerts.judge_trap_night(conn, key.trap_id, key.night)
    return get_correction(conn, org_id, correction_id)


def get_correction(conn: Connection, org_id: str, correction_id: int) -> Correction:
    """One correction of an org, in force or ended. Raises NotFound."""
    wanted = {
        "org_id": org_id, "correction_id": correction_id, "trap_id": None, "species": None, "first": None, "last": None,
        "every": True, "before_id": NEWEST, "limit": 1,
    }  # fmt: skip
    found = _page(conn, wanted)
    if not found:
        raise NotFound(f"there is no correction {correction_id}")
    return found[0]


def in_force(conn: Connection, org_id: str, key: CatchKey) -> Correction | None:
    """The correction of this catch that is in force."""
    found = page_corrections(
        conn, org_id, trap_id=key.trap_id, species=key.species, first=key.night, last=key.night, limit=1
    )
    return found[0] if found else None


def _lock_to_correct(conn: Connection, org_id: str, key: CatchKey) -> int:
    """Locks the catch against ingest and others who correct; returns the machine's count. Raises InputFault."""
    found = _lock(conn, org_id, key)
    if found is None:
        raise InputFault(
            f"no reading of {_named(key)}, so there is no machine's count to correct:"
            " bring nights without readings in with `lighttrap import nights`"
        )
    machine_count, state = found
    if state == "pending":
        raise InputFault(f"{_named(key)} is going on: correct it when the lamp has burned as planned, or after noon")
    return machine_count


def _lock(conn: Connection, org_id: str, key: CatchKey) -> tuple[int, str] | None:
    row = conn.execute(_SQL["lock_catch"], {"org_id": org_id, **key._asdict()}).fetchone()
    return (row[0], row[1]) if row else None


def _end(conn: Connection, correction_id: int, author: str, reason: str | None) -> bool:
    values = {"correction_id": correction_id, "author": author, "reason": reason}
    return conn.execute(_SQL["end_correction"], values).rowcount > 0


def _page(conn: Connection, wanted: Mapping[str, object]) -> list[Correction]:
    return conn.cursor(row_factory=class_row(Correction)).execute(_SQL["page_corrections"], wanted).fetchall()


def _named(key: CatchKey) -> str:
    return f"{key.species} in {key.trap_id} on the night of {key.night}"
