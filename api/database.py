"""The API's connections to the database."""

from __future__ import annotations

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
        check=ConnectionPool.check_connection,
        open=False,
        name="api",
    )
