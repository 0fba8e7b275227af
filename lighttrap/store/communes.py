"""Communes: names for the codes that fields carry."""

from __future__ import annotations

from dataclasses import asdict

from psycopg.rows import class_row

from lighttrap import model, sql
from lighttrap.store.pool import Connection

_SQL = sql.load("communes")


def put_commune(conn: Connection, commune: model.Commune) -> bool:
    """Makes a commune or renames it; what is None keeps its old value. Returns whether it is new."""
    [(is_new,)] = conn.execute(_SQL["put_commune"], asdict(commune)).fetchall()
    return bool(is_new)


def list_communes(conn: Connection) -> list[model.Commune]:
    """All communes by code."""
    return conn.cursor(row_factory=class_row(model.Commune)).execute(_SQL["list_communes"]).fetchall()


def page_communes(
    conn: Connection, *, province_code: str | None = None, after: str = "", limit: int = 100
) -> list[model.Commune]:
    """Communes with a code above `after`, by code."""
    values = {"province_code": province_code, "after": after, "limit": limit}
    return conn.cursor(row_factory=class_row(model.Commune)).execute(_SQL["page_communes"], values).fetchall()
