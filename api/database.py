"""The API's connections to the database."""

from __future__ import annotations

import select

from psycopg_pool import ConnectionPool

from lighttrap.store.pool import Connection, session_arguments

_WAIT_S = 5.0
"""So long a request waits for a connection before it is told to come again."""


def make_pool(dsn: str, connections: int) -> ConnectionPool[Connection]:
    """A pool that is still closed. A connection that died while it lay there is replaced before it is given out."""
    return ConnectionPool(
        dsn,
        kwargs=session_arguments("lighttrap api"),
        min_size=1,
        max_size=connections,
        timeout=_WAIT_S,
        check=_check,
        open=False,
        name="api",
    )


def _check(conn: Connection) -> None:
    """Raises when the connection is dead. The server is not asked over one that is silent, which saves a round trip.

    A server that goes, or ends a session, says so or closes the line; a line that was cut ends by its keepalives within
    25 seconds, and a question would wait for that just as long.
    """
    waiting = select.poll()
    waiting.register(conn.fileno(), select.POLLIN)
    if waiting.poll(0):
        ConnectionPool.check_connection(conn)
