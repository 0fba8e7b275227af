"""Orgs: who owns traps."""

from __future__ import annotations

from psycopg.rows import class_row

from lighttrap import model, sql
from lighttrap.store.pool import Connection

_SQL = sql.load("orgs")


def ensure_org(conn: Connection, org_id: str, name: str | None = None) -> None:
    """Makes the org when it is not there yet; an existing one keeps its name."""
    conn.execute(_SQL["ensure_org"], {"org_id": org_id, "name": name or org_id})


def list_orgs(conn: Connection) -> list[model.Org]:
    """All orgs, by id."""
    return conn.cursor(row_factory=class_row(model.Org)).execute(_SQL["list_orgs"]).fetchall()
