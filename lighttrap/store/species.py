"""The catalogue of species as it stands in the database, where agronomists may have edited it."""

from __future__ import annotations

from psycopg.rows import class_row

from lighttrap import species, sql
from lighttrap.store.pool import Connection

_SQL = sql.load("species")


def list_species(conn: Connection) -> list[species.Species]:
    """All species that have names, by key."""
    return conn.cursor(row_factory=class_row(species.Species)).execute(_SQL["list_species"]).fetchall()
