"""Fields: farmers' plots."""

from __future__ import annotations

import json
from collections.abc import Mapping
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


def page_fields(
    conn: Connection, org_id: str, *, commune_code: str | None = None, after: str = "", limit: int = 100
) -> list[model.Field]:
    """Fields of an org, or of one commune, by id from after `after` on."""
    wanted = {"org_id": org_id, "commune_code": commune_code, "field_id": None, "after": after, "limit": limit}
    return _page(conn, wanted)


def get_field(conn: Connection, org_id: str, field_id: str) -> model.Field:
    """One field of an org. Raises NotFound."""
    wanted = {"org_id": org_id, "commune_code": None, "field_id": field_id, "after": "", "limit": 1}
    found = _page(conn, wanted)
    if not found:
        raise NotFound(f"there is no field {field_id}")
    return found[0]


def _page(conn: Connection, wanted: Mapping[str, object]) -> list[model.Field]:
    return conn.cursor(row_factory=class_row(model.Field)).execute(_SQL["page_fields"], wanted).fetchall()
