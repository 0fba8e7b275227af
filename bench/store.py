"""The database alone: what a reading weighs, and how long people wait for nights."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bench.servers import Servers
from lighttrap.store import nights, pool

TABLES = ("reading", "catch", "trap_night", "ledger")


def bytes_per_reading(servers: Servers) -> dict[str, float]:
    """Size of each table with its indexes, by the number of readings."""
    with pool.connect(servers.dsn) as conn:
        [(rows,)] = conn.execute("SELECT count(*) FROM reading").fetchall()
        sizes = {
            name: conn.execute("SELECT pg_total_relation_size(%s::regclass)", [name]).fetchall()[0][0]
            for name in TABLES
        }
    return {"rows": rows, **{name: round(size / rows, 1) for name, size in sizes.items()}}


def queries(servers: Servers) -> dict[str, float]:
    """Median milliseconds of what screens ask, on the tables as they are."""
    today = datetime.now(UTC).date()
    spring = today - timedelta(days=120)
    one = servers.trap_ids[0]
    with pool.connect(servers.dsn) as conn:
        conn.execute("SET statement_timeout = 0")

        def timed(ask: Callable[[], object]) -> float:
            taken = []
            for _ in range(7):
                began = time.perf_counter()
                ask()
                taken.append(time.perf_counter() - began)
                conn.rollback()
            return round(statistics.median(taken) * 1e3, 1)

        return {
            "season_of_a_trap_ms": timed(
                lambda: list(nights.catch_nights(conn, trap_id=one, first=spring, last=today))
            ),
            "last_night_of_all_traps_ms": timed(
                lambda: list(nights.catch_nights(conn, species="nilaparvata-lugens", first=today, last=today))
            ),
            "catch_rows": conn.execute("SELECT count(*) FROM catch").fetchall()[0][0],
        }
