"""The simulated traps that `up` registers before they speak, their fields, and the rules that judge them."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

from lighttrap import model, night, topics
from lighttrap.store import alerts, fields, orgs, pool, traps

ORG = "demo"
PREFIX = "sim"
INTERVAL_S = 60
"""Seconds between two readings: short, for a lively demonstration."""
TRAPS_A_FIELD = 4
_CORNER = (105.90, 9.55)
"""Longitude and latitude of the first field, near Sóc Trăng; the others follow in rows of six, 2 km apart."""


def register(dsn: str, number: int) -> None:
    """Registers that many simulated traps, four to a field, and proposed alert rules; what is there stays as it is."""
    with closing(pool.connect(dsn, application="lighttrap up")) as conn:
        orgs.ensure_org(conn, ORG)
        for index, trap_id in enumerate(topics.numbered_trap_ids(PREFIX, number)):
            if traps.register_trap(conn, trap_id=trap_id, org_id=ORG, interval_s=INTERVAL_S):
                traps.deploy(conn, trap_id=trap_id, field_id=_field(conn, index // TRAPS_A_FIELD), at=_long_ago())
        alerts.propose_rules(conn, ORG, "lighttrap up")
        conn.commit()


def _field(conn: pool.Connection, index: int) -> str:
    row, column = divmod(index, 6)
    point = {"type": "Point", "coordinates": [_CORNER[0] + 0.02 * column, _CORNER[1] + 0.02 * row]}
    field = model.Field(f"{PREFIX}-field-{index + 1:03d}", ORG, f"Ruộng {index + 1}", night.DEFAULT_ZONE, point)
    fields.put_field(conn, field)
    return field.field_id


def _long_ago() -> datetime:
    return datetime.now(UTC) - traps.LATEST_ARREARS
