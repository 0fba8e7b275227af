"""What the monitor asks of the database: figures by name, with the values of their labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString, NamedTuple

from lighttrap import sql
from lighttrap.store import checks
from lighttrap.store.pool import Connection

_SQL = sql.load("figures")


class Figure(NamedTuple):
    """One amount; `labels` are the values only, in the order that the metric's name gives them."""

    name: str
    labels: list[str]
    value: float


def hurry(conn: Connection) -> None:
    """Lets no statement of this session take long, or hold up anybody."""
    conn.execute(_SQL["session"])


def server(conn: Connection) -> Iterator[Figure]:
    """How the server and our database are."""
    yield from _read(conn, _SQL["server"])
    yield Figure("lighttrap_broker_watches", [], float(checks.watches(conn)))


def timescale(conn: Connection) -> Iterator[Figure]:
    """How TimescaleDB's own jobs went; nothing on plain PostgreSQL."""
    for (statement,) in conn.execute(_SQL["timescale_statement"], {}).fetchall():
        for name, labels, value in conn.execute(statement.encode()).fetchall():
            yield Figure(name, labels, float(value))


def fleet(conn: Connection, silent_after_s: float) -> Iterator[Figure]:
    """How the traps in service of each org are."""
    yield from _read(conn, _SQL["fleet"], silent_after_s=silent_after_s)


def losses(conn: Connection) -> Iterator[Figure]:
    """What is missing of each org, and what is in quarantine."""
    yield from _read(conn, _SQL["losses"])


def outbox(conn: Connection) -> Iterator[Figure]:
    """How the outbox stands, by channel."""
    yield from _read(conn, _SQL["outbox"])


def _read(conn: Connection, statement: LiteralString, **values: object) -> Iterator[Figure]:
    for name, labels, value in conn.execute(statement, values).fetchall():
        yield Figure(name, labels, float(value))
