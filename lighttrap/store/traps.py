"""Traps and the fields they stood in over time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from psycopg.rows import class_row

from lighttrap import model, sql
from lighttrap.errors import Conflict, InputFault, NotFound
from lighttrap.store.pool import Connection

_SQL = sql.load("traps")

NOMINAL_S = 39_600
"""Planned lamp time of a night when none is given: 18:00 to 05:00."""
LATEST_ARREARS = timedelta(days=400)
"""How far before its registration a trap's readings are believed: longer than any ring."""


def register_trap(
    conn: Connection,
    *,
    trap_id: str,
    org_id: str,
    name: str | None = None,
    nominal_s: int = NOMINAL_S,
    interval_s: int = 600,
    in_service_from: datetime | None = None,
    retired_at: datetime | None = None,
) -> bool:
    """Registers a trap, or widens the service of one that is there. Returns whether it is new.

    Raises Conflict when the trap belongs to another org.
    """
    row = conn.execute(
        _SQL["register_trap"],
        {
            "trap_id": trap_id, "org_id": org_id, "name": name or trap_id, "nominal_s": nominal_s,
            "interval_s": interval_s, "retired_at": retired_at,
            "in_service_from": in_service_from or datetime.now(UTC) - LATEST_ARREARS,
        },
    ).fetchone()  # fmt: skip
    if row is None:
        raise Conflict(f"trap {trap_id} belongs to another org than {org_id}")
    return bool(row[0])


def list_traps(conn: Connection, org_id: str | None = None) -> list[model.Trap]:
    """Traps of one org, or of all, by id, with the field they stand in now."""
    cursor = conn.cursor(row_factory=class_row(model.Trap))
    return cursor.execute(_SQL["list_traps"], {"org_id": org_id}).fetchall()


def field_of(conn: Connection, trap_id: str) -> str | None:
    """The field a trap stands in now."""
    row = conn.execute(_SQL["field_of"], {"trap_id": trap_id}).fetchone()
    return row[0] if row else None


def org_of(conn: Connection, trap_id: str) -> str:
    """The org a trap belongs to. Raises NotFound."""
    row = conn.execute(_SQL["org_of"], {"trap_id": trap_id}).fetchone()
    if row is None:
        raise NotFound(f"there is no trap {trap_id}")
    return str(row[0])


def count_kept(conn: Connection, trap_id: str) -> int:
    """Messages of a trap that wait in quarantine."""
    row = conn.execute(_SQL["count_kept"], {"trap_id": trap_id}).fetchone()
    return int(row[0]) if row else 0


def deploy(conn: Connection, *, trap_id: str, field_id: str, at: datetime) -> None:
    """Puts a trap into a field from an instant on; its stay elsewhere ends there.

    Raises Conflict when a later deployment is already known.
    """
    place = {"trap_id": trap_id, "field_id": field_id, "at": at}
    conn.execute(_SQL["lock_trap"], place)
    if conn.execute(_SQL["later_deployment"], place).fetchone():
        raise Conflict(f"trap {trap_id} already has a deployment at or after {at.isoformat()}")
    conn.execute(_SQL["end_deployment"], place)
    conn.execute(_SQL["begin_deployment"], place)


def page_traps(
    conn: Connection, org_id: str, *, field_id: str | None = None, after: str = "", limit: int = 100
) -> list[model.Trap]:
    """Traps of an org, or of one of its fields, by id from after `after` on."""
    return _page(conn, {"org_id": org_id, "field_id": field_id, "trap_id": None, "after": after, "limit": limit})


def get_trap(conn: Connection, org_id: str, trap_id: str) -> model.Trap:
    """One trap of an org. Raises NotFound."""
    found = _page(conn, {"org_id": org_id, "field_id": None, "trap_id": trap_id, "after": "", "limit": 1})
    if not found:
        raise NotFound(f"there is no trap {trap_id}")
    return found[0]


def retire(conn: Connection, org_id: str, trap_id: str, at: datetime) -> None:
    """Ends a trap's service: later readings of it are kept in quarantine.

    Raises InputFault when its service has not begun by then.
    """
    if conn.execute(_SQL["retire"], {"org_id": org_id, "trap_id": trap_id, "at": at}).rowcount == 0:
        raise InputFault(f"the service of trap {trap_id} begins later than {at.isoformat()}")


def _page(conn: Connection, wanted: Mapping[str, object]) -> list[model.Trap]:
    return conn.cursor(row_factory=class_row(model.Trap)).execute(_SQL["page_traps"], wanted).fetchall()
