"""Raw readings that an org does not keep any longer: deleted a little at a time. What was made of them stays.

Nothing of the roll-up, the ledger, alerts and corrections is touched. From `org.readings_from` on readings are whole;
of one from before that comes again, ingest can only say that it had one under this key, and takes it for the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from lighttrap import sql
from lighttrap.store.pool import Connection

_SQL = sql.load("retention")
_TIMESCALEDB = sql.load("timescaledb")
SPAN = timedelta(days=14)
"""Of one trap, deleted by one statement at most, and not more than `ENOUGH_READINGS`. In the columnstore that opens
some 2,000 rows of a trap that sends each 10 minutes; a transaction may open 100,000."""
TRAPS = 5
"""Traps whose readings one transaction deletes at most."""
ENOUGH_READINGS = 5000
"""So many deleted end a transaction: what comes meanwhile waits for it."""


def delete_some(conn: Connection, org_id: str | None = None, places: dict[str, str] | None = None) -> int:
    """Deletes some of the readings that orgs do not keep, of one org or of all. Returns how many; 0: nothing is left.

    A chunk that no org keeps anything of is dropped whole and counts as one. Does not wait for locks, nor for another
    who is at it; then too it returns 0. `places`, kept from call to call, is of each org the trap to go on from, or
    every call would look again at all the traps that are done.
    """
    places = {} if places is None else places
    conn.execute(_SQL["be_brief"])
    if conn.execute(_SQL["try_lock"]).fetchone() != (True,):
        return 0
    conn.execute(_SQL["advance"], {"org_id": org_id})
    if _drop_chunk(conn):
        return 1
    deleted = 0
    for org, before in conn.execute(_SQL["horizons"], {"org_id": org_id}).fetchall():
        deleted += _delete_of_org(conn, org, before, ENOUGH_READINGS - deleted, places)
        if deleted >= ENOUGH_READINGS:
            break
    return deleted


def _delete_of_org(conn: Connection, org_id: str, before: datetime, enough: int, places: dict[str, str]) -> int:
    deleted = 0
    for trap_id, first, following in _oldest(conn, org_id, before, places):
        span = {"trap_id": trap_id, "first": first, "before": following or min(before, first + SPAN)}
        deleted += conn.execute(_SQL["delete_span"], span, prepare=False).rowcount
        if deleted >= enough:
            break
    return deleted


def _oldest(
    conn: Connection, org_id: str, before: datetime, places: dict[str, str]
) -> list[tuple[str, datetime, datetime | None]]:
    """The next traps that have something to delete. At the end it begins anew, for readings come late."""
    # Never prepared: a plan made for the values leaves out the chunks that they exclude.
    wanted = {"org_id": org_id, "before": before, "traps": TRAPS, "span": SPAN, "enough": ENOUGH_READINGS}
    for place in (places.pop(org_id, ""), ""):
        rows = conn.execute(_SQL["oldest_of_traps"], {**wanted, "place": place}, prepare=False).fetchall()
        if rows:
            places[org_id] = rows[0][0]
            return rows
        if not place:
            break
    return []


def _drop_chunk(conn: Connection) -> bool:
    """Drops the oldest chunk when every org with traps has given it up."""
    if conn.execute(_TIMESCALEDB["can_drop_chunks"]).fetchone() != (True,):
        return False
    return conn.execute(_TIMESCALEDB["drop_chunk"]).fetchone() == (True,)
