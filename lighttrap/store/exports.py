"""Rows for files: any number of them, as of one moment, in memory that does not grow with them.

A big question is asked in pieces, so many traps at a time that the database sorts and joins each piece in memory and
its first rows come at once; each piece is read by a cursor on the server.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from lighttrap import sql
from lighttrap.store.pool import Connection

_SQL = sql.load("exports")
BATCH = 2000
"""Rows that are fetched at once."""
NIGHTS_A_PIECE = 20_000
"""Nights of traps or fields in one piece; each may have a row for every species."""
READING_NIGHTS_A_PIECE = 400
"""A night has some hundred readings."""

Rows = Iterator[Sequence[Sequence[Any]]]
"""Batches of rows."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an export holds: nights from `first` to `last` of an org, narrowed by what is not None.

    A field or a commune means the traps that stood there in that night. With `latest`, of each field's nights the last.
    """

    org_id: str
    first: date
    last: date
    trap_id: str | None = None
    field_id: str | None = None
    commune_code: str | None = None
    species: str | None = None
    latest: bool = False

    @property
    def nights(self) -> int:
        """How many nights that is."""
        return (self.last - self.first).days + 1


def begin(conn: Connection) -> None:
    """Makes the transaction, in which nothing may have been asked yet, read one moment only."""
    conn.execute(_SQL["begin"])


def nights(conn: Connection, wanted: Wanted) -> Rows:
    """Nights of traps by trap, night and species: silent ones too, once, without count."""
    return _in_pieces(conn, "nights", "traps", wanted, NIGHTS_A_PIECE)


def readings(conn: Connection, wanted: Wanted) -> Rows:
    """Readings by trap and time, one row for each species counted, one without when there is none."""
    return _in_pieces(conn, "readings", "traps", wanted, READING_NIGHTS_A_PIECE)


def field_nights(conn: Connection, wanted: Wanted) -> Rows:
    """What the rules made of the nights of fields, by field, night and species."""
    return _in_pieces(conn, "field_nights", "fields", wanted, NIGHTS_A_PIECE)


def alerts(conn: Connection, wanted: Wanted) -> Rows:
    """Alerts that began in these nights, by number."""
    return _piece(conn, "alerts", wanted, [])


def corrections(conn: Connection, wanted: Wanted) -> Rows:
    """Counts that people put right in these nights, ended ones too, by number."""
    return _piece(conn, "corrections", wanted, [])


def deliveries(conn: Connection, wanted: Wanted) -> Rows:
    """What became of the messages about these nights, by number."""
    return _piece(conn, "deliveries", wanted, [])


def _in_pieces(conn: Connection, name: str, of: str, wanted: Wanted, nights_a_piece: int) -> Rows:
    ids = [one for (one,) in conn.execute(_SQL[of], asdict(wanted)).fetchall()]
    size = max(1, nights_a_piece // wanted.nights)
    for at in range(0, len(ids), size):
        yield from _piece(conn, name, wanted, ids[at : at + size])


def _piece(conn: Connection, name: str, wanted: Wanted, ids: Sequence[str]) -> Rows:
    with conn.cursor(name="export", binary=True) as cursor:
        cursor.execute(_SQL[name], {**asdict(wanted), "ids": ids})
        while rows := cursor.fetchmany(BATCH):
            yield rows
