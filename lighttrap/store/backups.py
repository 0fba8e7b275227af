"""What backup and restore ask a database: what it holds, as counts and checksums, and whether another can take it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row

from lighttrap import sql
from lighttrap.store import session
from lighttrap.store.pool import Connection

_SQL = sql.load("backups")


class Server(NamedTuple):
    """A server as a backup sees it; `timescaledb` is the version in this database, `preloaded` whether it could be."""

    major: int
    version: str
    timescaledb: str | None
    license: str | None
    preloaded: bool
    superuser: bool


class Sum(NamedTuple):
    """What a table holds: its rows, and the sum over them of 64 bits of the MD5 of each row's text, in any order."""

    rows: int
    checksum: str


def begin(conn: Connection) -> tuple[str, datetime]:
    """Makes a transaction, of which this must be the beginning, see one moment; its snapshot's name, and the moment."""
    session.begin_snapshot(conn)
    conn.execute(_SQL["plain_text"])
    [(snapshot, at)] = conn.execute(_SQL["export_snapshot"]).fetchall()
    return snapshot, at


def server(conn: Connection) -> Server:
    """What server this is."""
    return conn.cursor(row_factory=class_row(Server)).execute(_SQL["server"]).fetchall()[0]


def sums(conn: Connection) -> Iterator[tuple[str, Sum]]:
    """Each table of ours with what it holds, in the transaction that `begin` began. Reads every row.

    Left out is `restore`, which a restore writes itself.
    """
    for name, statement in conn.execute(_SQL["checksum_statements"]).fetchall():
        [(rows, checksum)] = conn.execute(statement.encode()).fetchall()
        yield name, Sum(rows, checksum)


def sequences(conn: Connection) -> dict[str, int]:
    """The last number that each sequence gave; 0: none yet."""
    return dict(conn.execute(_SQL["sequences"]).fetchall())


def highest_numbers(conn: Connection) -> Iterator[tuple[str, int]]:
    """Each sequence that numbers rows, with the highest number that a row has."""
    for name, statement in conn.execute(_SQL["identity_statements"]).fetchall():
        [(highest,)] = conn.execute(statement.encode()).fetchall()
        yield name, highest


def roles(conn: Connection) -> list[str]:
    """Roles that own something here or were granted something."""
    return [name for (name,) in conn.execute(_SQL["roles"]).fetchall()]


def lacking_roles(conn: Connection, wanted: Sequence[str]) -> list[str]:
    """Those roles that this server does not have."""
    return [name for (name,) in conn.execute(_SQL["lacking_roles"], {"roles": list(wanted)}).fetchall()]


def foreign_roles(conn: Connection, wanted: Sequence[str]) -> list[str]:
    """Those roles that we are no member of, so that nothing can be made theirs by us."""
    return [name for (name,) in conn.execute(_SQL["foreign_roles"], {"roles": list(wanted)}).fetchall()]


def contents(conn: Connection) -> list[str]:
    """Some of what stands in a database; nothing when it is empty but for extensions."""
    return [name for (name,) in conn.execute(_SQL["contents"]).fetchall()]


def timescaledb_versions(conn: Connection) -> list[str]:
    """The versions of TimescaleDB that this server could make."""
    return [version for (version,) in conn.execute(_SQL["timescaledb_versions"]).fetchall()]


def drop_timescaledb(conn: Connection) -> None:
    """Takes TimescaleDB's extension out of a database in which nothing uses it."""
    conn.execute(_SQL["drop_timescaledb"])


def create_timescaledb(conn: Connection, version: str) -> None:
    """Makes the extension in exactly that version; commit before it is used."""
    [(statement,)] = conn.execute(_SQL["timescaledb_statement"], {"version": version}).fetchall()
    conn.execute(statement.encode())


def before_timescaledb(conn: Connection) -> None:
    """Makes TimescaleDB hold still while its tables are restored; for sessions that begin after the commit."""
    for (statement,) in conn.execute(_SQL["before_timescaledb"]).fetchall():
        conn.execute(statement.encode())


def after_timescaledb(conn: Connection) -> None:
    """Lets TimescaleDB work again."""
    for (statement,) in conn.execute(_SQL["after_timescaledb"]).fetchall():
        conn.execute(statement.encode())


def create_database(conn: Connection, name: str) -> None:
    """Makes an empty database, without what the server's template may hold; outside of a transaction."""
    [(statement,)] = conn.execute(_SQL["create_statement"], {"name": name}).fetchall()
    conn.execute(statement.encode())


def drop_database(conn: Connection, name: str) -> None:
    """Removes a database and whoever is connected to it; outside of a transaction."""
    [(statement,)] = conn.execute(_SQL["drop_statement"], {"name": name}).fetchall()
    conn.execute(statement.encode())


def analyze(conn: Connection) -> None:
    """Lets the server learn what its tables hold, so that queries are planned well from the first on."""
    conn.execute(_SQL["plain_text"])
    conn.execute(_SQL["analyze"])


def hand_over_database(conn: Connection) -> None:
    """Gives this database to the role that owns our tables, if that role could make nothing in it otherwise."""
    for (statement,) in conn.execute(_SQL["hand_over_statement"]).fetchall():
        conn.execute(statement.encode())


def become_owner(conn: Connection) -> None:
    """Makes this session act as the role that owns our tables."""
    for (statement,) in conn.execute(_SQL["owner_statement"]).fetchall():
        conn.execute(statement.encode())
