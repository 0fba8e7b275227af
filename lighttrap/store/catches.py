"""The nightly roll-up: catch per trap, species and night, and the effort of each trap-night."""

from __future__ import annotations

from lighttrap import sql
from lighttrap.store.pool import Connection

_SQL = sql.load("catches")


def add_fresh(conn: Connection) -> None:
    """Adds the fresh readings of the staged batch to the roll-up, in the transaction that inserted them."""
    conn.execute(_SQL["add_fresh_to_catches"], prepare=True)
    conn.execute(_SQL["add_fresh_to_nights"], prepare=True)
