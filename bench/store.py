"""The database alone: what a reading weighs, and how long people wait for nights."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bench.servers import Servers
from lighttrap.store import nights, pool

TABLES = ("reading", "catch", "trap_night", "ledger")
SPECIES = ("nilaparvata-lugens", "sogatella-furcifera")
_SIZE = """
    SELECT pg_total_relation_size(%(name)s::regclass) + coalesce(sum(pg_total_relation_size(inhrelid)), 0)
    FROM pg_inherits WHERE inhparent = %(name)s::regclass
"""
_OLDER_NIGHTS = (
    """
    INSERT INTO catch (trap_id, species, night, count, lamp_s, readings)
    SELECT t.trap_id, species, %(first)s::date - n, 144 * 41, 86400, 144
    FROM trap t CROSS JOIN unnest(%(species)s::text[]) AS species CROSS JOIN generate_series(1, %(nights)s) AS n
    WHERE t.org_id = 'bench' ORDER BY n, t.trap_id
    """,
    """
    INSERT INTO trap_night (trap_id, night, lamp_s, covered_s, readings, first_at, last_at)
    SELECT t.trap_id, %(first)s::date - n, 86400, 86400, 144, %(first)s::date - n, %(first)s::date - n + 1
    FROM trap t CROSS JOIN generate_series(1, %(nights)s) AS n WHERE t.org_id = 'bench' ORDER BY n, t.trap_id
    """,
)
_TO_COLUMNSTORE = "SELECT compress_chunk(chunk) FROM show_chunks('reading') AS chunk"


def bytes_per_reading(servers: Servers) -> dict[str, float | None]:
    """Size of each table with its indexes, by the number of readings."""
    with pool.connect(servers.dsn) as conn:
        [(rows,)] = conn.execute("SELECT count(*) FROM reading").fetchall()
        sizes = {name: int(conn.execute(_SIZE, {"name": name}).fetchall()[0][0]) for name in TABLES}
    return {"rows": rows, **{name: round(size / rows, 1) for name, size in sizes.items()}}


def grow_catches(servers: Servers, rows: int) -> None:
    """Fills the roll-ups with nights before the first, as years of work would have, up to so many rows of `catch`."""
    with pool.connect(servers.dsn) as conn:
        conn.execute("SET statement_timeout = 0")
        [(present, first)] = conn.execute("SELECT count(*), min(night) FROM catch").fetchall()
        nights_more = max(0, rows - present) // (len(servers.trap_ids) * len(SPECIES))
        for statement in _OLDER_NIGHTS:
            conn.execute(statement, {"first": first, "nights": nights_more, "species": list(SPECIES)})
        conn.commit()
        conn.autocommit = True
        conn.execute("VACUUM (ANALYZE) catch, trap_night")


def columnstore_bytes_per_reading(servers: Servers) -> float | None:
    """Size of `reading` with its indexes once all of it is in TimescaleDB's columnstore; None where there is none.

    Nothing may write to the table afterwards.
    """
    with pool.connect(servers.dsn) as conn:
        [(licence,)] = conn.execute("SELECT current_setting('timescaledb.license', true)").fetchall()
        if licence != "timescale":
            return None
        conn.execute("SET statement_timeout = 0")
        conn.execute(_TO_COLUMNSTORE)
        [(size, rows)] = conn.execute("SELECT hypertable_size('reading'), count(*) FROM reading").fetchall()
        conn.commit()
    return round(float(size / rows), 1)


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
