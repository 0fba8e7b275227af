"""Orgs: who owns traps."""

from __future__ import annotations

from psycopg.rows import class_row

from lighttrap import model, sql
from lighttrap.errors import Conflict, NotFound
from lighttrap.store.pool import Connection

_SQL = sql.load("orgs")
FEWEST_DAYS = 60
"""Raw readings are kept for so long at least: traps send again for 30 days, and a duplicate is known by the reading."""
MOST_DAYS = 36_500


def ensure_org(conn: Connection, org_id: str, name: str | None = None) -> None:
    """Makes the org when it is not there yet; an existing one keeps its name."""
    conn.execute(_SQL["ensure_org"], {"org_id": org_id, "name": name or org_id})


def add_org(conn: Connection, org_id: str, name: str) -> model.Org:
    """Makes an org. Raises Conflict when there is one of that id."""
    values = {"org_id": org_id, "name": name}
    found = conn.cursor(row_factory=class_row(model.Org)).execute(_SQL["add_org"], values).fetchone()
    if found is None:
        raise Conflict(f"there is an org {org_id} already")
    return found


def rename_org(conn: Connection, org_id: str, name: str) -> str:
    """Gives an org another name. Returns the one before. Raises NotFound."""
    found = conn.execute(_SQL["rename_org"], {"org_id": org_id, "name": name}).fetchone()
    if found is None:
        raise NotFound(f"there is no org {org_id}")
    return str(found[0])


def list_orgs(conn: Connection) -> list[model.Org]:
    """All orgs, by id."""
    return conn.cursor(row_factory=class_row(model.Org)).execute(_SQL["list_orgs"]).fetchall()


def get_org(conn: Connection, org_id: str) -> model.Org:
    """One org. Raises NotFound."""
    found = next((org for org in list_orgs(conn) if org.org_id == org_id), None)
    if found is None:
        raise NotFound(f"there is no org {org_id}")
    return found


def keep_readings(conn: Connection, org_id: str, days: int | None) -> int | None:
    """From now on raw readings of an org are kept for so many days, or for ever. Returns what it was. Raises NotFound.

    Ingest deletes older ones bit by bit. What was deleted does not come back when more is to be kept.
    """
    found = conn.execute(_SQL["keep_readings"], {"org_id": org_id, "days": days}).fetchone()
    if found is None:
        raise NotFound(f"there is no org {org_id}")
    before: int | None = found[0]
    return before


def lock_org(conn: Connection, org_id: str) -> None:
    """Until the transaction ends, whoever else would compare what they saw with what is there waits."""
    conn.execute(_SQL["lock_org"], {"org_id": org_id})
