"""Fields: farmers' plots."""

from __future__ import annotations

import json
from dataclasses import asdict

from psycopg.rows import class_row

from lighttrap import model, sql
from lighttrap.errors import Conflict, NotFound
from lighttrap.store.pool import Connection

_SQL = sql.load("fields")


def put_field(conn: Connection, field: model.Field) -> bool:
    """Makes a field or updates it; what is None keeps its old value. Returns whether it is new.

    Raises Conflict when the id belongs to another org.
    """
    boundary = json.dumps(field.boundary) if field.boundary is not None else None
    row = conn.execute(_SQL["upsert_field"], {**asdict(field), "boundary": boundary}).fetchone()
    if row is None:
        raise Conflict(f"field {field.field_id} belongs to another org than {field.org_id}")
    return bool(row[0])


def list_fields(conn: Connection, org_id: str | None = None) -> list[model.Field]:
    """Fields of one org, or of all, by id."""
    cursor = conn.cursor(row_factory=class_row(model.Field))
    return cursor.execute(_SQL["list_fields"], {"org_id": org_id}).fetchall()


def org_of(conn: Connection, field_id: str) -> str:
    """The org a field belongs to. Raises NotFound."""
    row = conn.execute(_SQL["field_org"], {"field_id": field_id}).fetchone()
    if row is None:
        raise NotFound(f"there is no field {field_id}: add it first")
    return str(row[0])
