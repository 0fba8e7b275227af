"""The simulated traps that `up` registers before they speak."""

from __future__ import annotations

from contextlib import closing

from lighttrap import topics
from lighttrap.store import orgs, pool, traps

ORG = "demo"
PREFIX = "sim"
INTERVAL_S = 60
"""Seconds between two readings: short, for a lively demonstration."""


def register(dsn: str, number: int) -> None:
    """Registers that many simulated traps; those that are there stay as they are."""
    with closing(pool.connect(dsn, application="lighttrap up")) as conn:
        orgs.ensure_org(conn, ORG)
        for trap_id in topics.numbered_trap_ids(PREFIX, number):
            traps.register_trap(conn, trap_id=trap_id, org_id=ORG, interval_s=INTERVAL_S)
        conn.commit()
