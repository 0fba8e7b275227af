"""Old records of catches, and the history that normals are made of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from enum import StrEnum
from itertools import islice

from psycopg.rows import class_row

from lighttrap import model, sql
from lighttrap.errors import Conflict, InputFault
from lighttrap.store.pool import Connection

_SQL = sql.load("manual_nights")
_BATCH = 10_000
_COLUMNS = tuple(column.name for column in fields(model.ManualNight))
_Key = tuple[str, str, date]


class Fate(StrEnum):
    """What became of a manual night on its way into the store."""

    NEW = "new"
    SAME = "same"
    """It stood there already, with the same count, nights and lamp time."""
    DIFFERENT = "different"
    """It stood there already with another; what was stored is kept."""
    REPLACED = "replaced"
    """The same, and the new one was taken."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A manual night, what became of it, and what stood there before, if anything did."""

    night: model.ManualNight
    fate: Fate
    stored: model.ManualNight | None


def put_manual_nights(
    conn: Connection, nights: Sequence[model.ManualNight], *, org_id: str, source: str, replace: bool = False
) -> list[Outcome]:
    """Stores manual nights of an org's traps, each trap, species and night once; `source` is the file's name.

    Doing it again changes nothing. A night that stands there with another value is kept, or overwritten with
    `replace`. Returns the outcomes in order. Raises Conflict when a trap is another org's, InputFault for a species
    outside the catalogue.
    """
    _refuse_strangers(conn, {night.trap_id for night in nights}, org_id)
    _refuse_unknown_species(conn, {night.species for night in nights})
    found: list[Outcome] = []
    rest = iter(nights)
    while batch := list(islice(rest, _BATCH)):
        found += _put(conn, batch, org_id, source, replace)
    return found


def catch_history(
    conn: Connection, trap_ids: Collection[str], species: str, last: date | None = None
) -> list[model.HistoryNight]:
    """All counts of one species in these traps, of readings and of manual records, by trap and night, up to `last`.

    A manual record is left out where the trap's own readings counted one of its nights. A night that is not over may
    be among them: name a `last` night that is.
    """
    cursor = conn.cursor(row_factory=class_row(model.HistoryNight))
    wanted = {"trap_ids": sorted(trap_ids), "species": species, "last": last}
    return cursor.execute(_SQL["catch_history"], wanted).fetchall()


def _put(
    conn: Connection, batch: Sequence[model.ManualNight], org_id: str, source: str, replace: bool
) -> list[Outcome]:
    new: set[_Key] = set(
        conn.execute(_SQL["insert_manual_nights"], {**_arrays(batch), "org_id": org_id, "source": source}).fetchall()
    )
    there = [night for night in batch if _key(night) not in new]
    cursor = conn.cursor(row_factory=class_row(model.ManualNight))
    stored = {_key(night): night for night in cursor.execute(_SQL["stored_manual_nights"], _arrays(there))}
    if replace:
        changed = [night for night in there if _differs(night, stored[_key(night)])]
        conn.execute(_SQL["replace_manual_nights"], {**_arrays(changed), "source": source})
    return [_outcome(night, stored.get(_key(night)), replace) for night in batch]


def _outcome(night: model.ManualNight, stored: model.ManualNight | None, replace: bool) -> Outcome:
    if stored is None:
        return Outcome(night, Fate.NEW, None)
    if not _differs(night, stored):
        return Outcome(night, Fate.SAME, stored)
    return Outcome(night, Fate.REPLACED if replace else Fate.DIFFERENT, stored)


def _differs(one: model.ManualNight, other: model.ManualNight) -> bool:
    """Names of traps may be written differently without being another value."""
    return (one.count, one.nights, one.nominal_s) != (other.count, other.nights, other.nominal_s)


def _key(night: model.ManualNight) -> _Key:
    return night.trap_id, night.species, night.night


def _arrays(nights: Sequence[model.ManualNight]) -> dict[str, list[object]]:
    rows = [asdict(night) for night in nights]
    return {column: [row[column] for row in rows] for column in _COLUMNS}


def _refuse_strangers(conn: Connection, trap_ids: Collection[str], org_id: str) -> None:
    wanted = {"trap_ids": sorted(trap_ids), "org_id": org_id}
    row = conn.execute(_SQL["trap_of_another_org"], wanted).fetchone()
    if row is not None:
        raise Conflict(f"trap {row[0]} belongs to org {row[1]}, not to {org_id}")


def _refuse_unknown_species(conn: Connection, species: Collection[str]) -> None:
    row = conn.execute(_SQL["species_not_known"], {"species": sorted(species)}).fetchone()
    if row is not None:
        raise InputFault(f"species {row[0]} is not in the catalogue; keys look like nilaparvata-lugens")
