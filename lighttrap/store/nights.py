"""Nights as people see them, from the roll-up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

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
            yield model.CatchNight(row.trap_id, row.species, row.night, row.count, row.lamp_s, NightState(row.state))
