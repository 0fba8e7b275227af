"""What the numbers of a field or trap are reckoned from: its nights, counts, judged nights and rules, in few reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from psycopg.rows import class_row

from lighttrap import sql
from lighttrap.agronomy import series
from lighttrap.agronomy.record import JudgedNight, TrapNight, TrapRecord
from lighttrap.agronomy.series import Counts
from lighttrap.errors import NotFound
from lighttrap.store.pool import Connection

_SQL = sql.load("trends")


@dataclass(frozen=True, slots=True)
class ThresholdLine:
    """A rule's numbers as a chart draws them, and who put them in force; insects per trap and night."""

    rule_id: int
    field_id: str | None
    commune_code: str | None
    watch: float | None
    warning: float | None
    alarm: float | None
    floor: float | None
    jump_ratio: float | None
    trend_ratio: float | None
    is_proposal: bool
    version: int
    author: str
    created_at: datetime
    is_in_force: bool


@dataclass(frozen=True, slots=True)
class PlacedTrap:
    """A trap in service and where it stands; `until` is its last night that is over, or complete, as a day number."""

    trap_id: str
    name: str
    nominal_s: int
    field_id: str | None
    commune_code: str | None
    until: int


@dataclass(frozen=True, slots=True)
class StoredTraps:
    """Traps as they were read, in lines of plain values: a digest of these costs little, and tells what changed."""

    nights: Sequence[tuple[Any, ...]]
    counts: Sequence[tuple[Any, ...]]

    def records(self) -> list[TrapRecord]:
        """The traps, with their nights and counts."""
        counts = _by_trap(self.counts)
        return [
            TrapRecord(
                trap_id, name, nominal_s, dict(zip(nights, map(TrapNight, *columns), strict=True)) if nights else {},
                counts.get(trap_id, series.nothing()), heard_at,
            )
            for trap_id, name, nominal_s, heard_at, nights, *columns in self.nights
        ]  # fmt: skip


def tonight_of_field(conn: Connection, org_id: str, field_id: str) -> int:
    """The night that goes on in a field, as a day number. Raises NotFound when the org has no such field."""
    return _tonight(conn, "field_tonight", f"field {field_id}", {"org_id": org_id, "field_id": field_id})


def tonight_of_trap(conn: Connection, org_id: str, trap_id: str) -> int:
    """The night that goes on where a trap stands. Raises NotFound when the org has no such trap."""
    return _tonight(conn, "trap_tonight", f"trap {trap_id}", {"org_id": org_id, "trap_id": trap_id})


def traps_of_field(conn: Connection, org_id: str, field_id: str, first: date, last: date) -> list[str]:
    """The traps that stood in a field on one of these nights."""
    wanted = {"org_id": org_id, "field_id": field_id, "first": first, "last": last}
    return [trap_id for (trap_id,) in conn.execute(_SQL["traps_of_field"], wanted).fetchall()]


def field_of_trap(conn: Connection, trap_id: str) -> str | None:
    """The field a trap stands in now."""
    row = conn.execute(_SQL["field_of_trap"], {"trap_id": trap_id}).fetchone()
    return str(row[0]) if row else None


def stored_traps(
    conn: Connection,
    org_id: str,
    trap_ids: Sequence[str],
    species: str,
    first: date,
    last: date,
    *,
    field_id: str | None = None,
    since: date,
) -> StoredTraps:
    """These traps with their nights from `first` to `last`, and their counts of a species from `since` on.

    With a field, only nights on which they stood there; counts from before they stood anywhere are among them.
    """
    counts = _counts_of(conn, org_id, trap_ids, species, since, last, [field_id] * len(trap_ids))
    wanted = {"trap_ids": list(trap_ids), "first": first, "last": last, "field_id": field_id}
    return StoredTraps(conn.execute(_SQL["nights_of_traps"], wanted, binary=True).fetchall(), counts)


def counts_of(
    conn: Connection,
    org_id: str,
    trap_ids: Sequence[str],
    species: str,
    first: date,
    last: date,
    *,
    field_ids: Sequence[str | None],
) -> dict[str, Counts]:
    """All counts of a species by trap, of readings and of old records, from `first` to `last`.

    Where `field_ids` names a trap's field, without the nights it is known to have stood in another.
    """
    return _by_trap(_counts_of(conn, org_id, trap_ids, species, first, last, field_ids))


def judged_nights(
    conn: Connection, org_id: str, field_id: str, species: str, first: date, last: date
) -> Mapping[int, JudgedNight]:
    """What the rules made of a field's nights, by day number."""
    wanted = {"org_id": org_id, "field_id": field_id, "species": species, "first": first, "last": last}
    rows = conn.execute(_SQL["judged_nights"], wanted, binary=True).fetchall()
    return {day: JudgedNight(*rest) for day, *rest in rows}


def rules_of_field(
    conn: Connection, org_id: str, field_id: str, species: str, first: date, last: date
) -> list[ThresholdLine]:
    """The rule in force for a field and species, first, and those that judged one of these nights."""
    wanted = {"org_id": org_id, "field_id": field_id, "species": species, "first": first, "last": last}
    return conn.cursor(row_factory=class_row(ThresholdLine)).execute(_SQL["rules_of_field"], wanted).fetchall()


def page_traps(
    conn: Connection, org_id: str, *, commune_code: str | None = None, after: str = "", limit: int = 100
) -> list[PlacedTrap]:
    """The traps in service of an org, or of one commune, by id from after `after` on."""
    wanted = {"org_id": org_id, "commune_code": commune_code, "after": after, "limit": limit}
    rows = conn.execute(_SQL["page_traps"], wanted).fetchall()
    return [PlacedTrap(*row) for row in rows]


def _counts_of(
    conn: Connection,
    org_id: str,
    trap_ids: Sequence[str],
    species: str,
    first: date,
    last: date,
    field_ids: Sequence[str | None],
) -> list[tuple[Any, ...]]:
    wanted = {
        "org_id": org_id, "trap_ids": list(trap_ids), "field_ids": list(field_ids), "species": species, "first": first,
        "last": last,
    }  # fmt: skip
    return conn.execute(_SQL["counts_of_traps"], wanted, binary=True).fetchall()


def _by_trap(lines: Sequence[tuple[Any, ...]]) -> dict[str, Counts]:
    return {trap_id: _counts(*columns) for trap_id, *columns in lines}


def _counts(*columns: Sequence[int]) -> Counts:
    *numbers, by_hand = columns
    night, count, machine_count, correction_id, over, lamp_s, nominal_s = (np.array(one, np.int64) for one in numbers)
    return Counts(night, count, machine_count, correction_id, over, lamp_s, nominal_s, np.array(by_hand, np.bool_))


def _tonight(conn: Connection, name: str, what: str, wanted: Mapping[str, Any]) -> int:
    row = conn.execute(_SQL[name], wanted).fetchone()
    if row is None:
        raise NotFound(f"there is no {what}")
    return int(row[0])
