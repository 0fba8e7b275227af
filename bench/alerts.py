"""Ten thousand traps, each in a field of its own, all cross a threshold at once: what judging them costs ingest."""

from __future__ import annotations

from typing import Any

from bench.ingest import Bench
from bench.servers import ORG, Servers
from lighttrap import model
from lighttrap.store import alerts, pool

TRAPS = 10_000
READINGS_A_TRAP = 10
RULE = model.AlertRule(
    ORG, "nilaparvata-lugens", "bench", watch=100, warning=200, alarm=100_000, floor=50, jump_ratio=3
)
"""A trap's readings of 0 to 96 insects bring most of them over both levels, each at a reading of its own."""
_FIELDS = """
    INSERT INTO field (field_id, org_id, name) SELECT 'field-of-' || trap_id, org_id, trap_id
    FROM trap WHERE org_id = %s
"""
_DEPLOYED = """
    INSERT INTO deployment (trap_id, field_id, from_at) SELECT trap_id, 'field-of-' || trap_id, in_service_from
    FROM trap WHERE org_id = %s
"""


def measure(servers: Servers, bench: Bench) -> dict[str, Any]:
    """Readings stored a second without a rule and, of other nights, with one; and the events that the latter wrote.

    An event stands when the reading that caused it does, so all of them stand within `seconds`.
    """
    with pool.connect(servers.dsn) as conn:
        conn.execute(_FIELDS, [ORG])
        conn.execute(_DEPLOYED, [ORG])
        conn.commit()
        without = bench.drain()
        # Nights that were stored before the rule came must not be judged in the round that is timed.
        conn.execute("DELETE FROM catch")
        conn.execute("DELETE FROM trap_night")
        alerts.put_rule(conn, RULE, told_within_s=1e9)
        conn.commit()
        ruled = bench.drain()
        [(events, places)] = conn.execute("SELECT count(*), count(DISTINCT alert_id) FROM alert_event").fetchall()
    return {
        "traps": len(servers.trap_ids),
        "events": events,
        "alerts": places,
        "seconds": round(len(servers.trap_ids) * READINGS_A_TRAP / ruled["stored_per_s"], 1),
        "stored_per_s": round(ruled["stored_per_s"]),
        "without_rule_per_s": round(without["stored_per_s"]),
        "ratio": round(ruled["stored_per_s"] / without["stored_per_s"], 3),
        "database_cpu_us": round(ruled["database_cpu_us"], 1),
        "worker_cpu_us": round(ruled["cpu_us"], 1),
        "peak_rss_mb": round(ruled["peak_rss_mb"], 1),
    }
