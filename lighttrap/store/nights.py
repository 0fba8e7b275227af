"""Nights as people see them, from the roll-up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from psycopg.rows import class_row

from lighttrap import model, sql
from lighttrap.model import NightState
from lighttrap.store.pool import Connection

_SQL = sql.load("nights")


def catch_nights(
    conn: Connection,
    *,
    org_id: str | None = None,
    trap_id: str | None = None,
    species: str | None = None,
    first: date | None = None,
    last: date | None = None,
) -> Iterator[model.CatchNight]:
    """Catch per trap, species and night, silent nights included, in that order; streamed."""
    wanted = {"org_id": org_id, "trap_id": trap_id, "species": species, "first": first, "last": last}
    with conn.cursor(name="nights", row_factory=class_row(model.CatchNight)) as cursor:
        cursor.itersize = 5000
        for row in cursor.execute(_SQL["catch_nights"], wanted):
            yield replace(row, state=NightState(row.state))


class AfterNight(NamedTuple):
    """The last item of a page: its trap or place, night and species."""

    place: str = ""
    night: date = date.min
    species: str = ""


def page_nights(
    conn: Connection,
    org_id: str,
    first: date,
    last: date,
    *,
    trap_id: str | None = None,
    field_id: str | None = None,
    species: str | None = None,
    after: AfterNight | None = None,
    limit: int = 100,
) -> list[model.CatchNight]:
    """Catch by trap, night and species, silent nights included, of all traps, one, or those now in a field."""
    after = after or AfterNight()
    wanted = {
        "org_id": org_id, "first": first, "last": last, "trap_id": trap_id, "field_id": field_id, "species": species,
        "after_trap": after.place, "after_night": after.night, "after_species": after.species, "limit": limit,
    }  # fmt: skip
    return conn.cursor(row_factory=class_row(model.CatchNight)).execute(_SQL["page_nights"], wanted).fetchall()


@dataclass(frozen=True, slots=True)
class CatchSum:
    """Insects of one species in the traps of a place, in a night, or a week by its Monday; verified where corrected."""

    place: str
    species: str
    night: date
    count: int
    trap_nights: int
    per_trap_night: float
    machine_count: int
    corrections: int


def page_sums(
    conn: Connection,
    org_id: str,
    first: date,
    last: date,
    *,
    by: str = "trap",
    per: str = "night",
    place: str | None = None,
    species: str | None = None,
    after: AfterNight | None = None,
    limit: int = 100,
) -> list[CatchSum]:
    """Sums by trap, field or commune and by night or week, over nights whose lamp was on for half the plan or more."""
    after = after or AfterNight()
    wanted = {
        "org_id": org_id, "first": first, "last": last, "by": by, "per": per, "place": place, "species": species,
        "after_place": after.place, "after_night": after.night, "after_species": after.species, "limit": limit,
    }  # fmt: skip
    return conn.cursor(row_factory=class_row(CatchSum)).execute(_SQL["page_sums"], wanted).fetchall()
