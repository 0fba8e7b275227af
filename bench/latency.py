"""From publish to committed: how long a reading is on its way while the worker is busy by a tenth, a half, nine tenths.

Each reading carries its time of sending; the server keeps the time of each commit (track_commit_timestamp).
"""

from __future__ import annotations

import json
import socket
import time
from datetime import UTC, datetime, timedelta

from bench import backlog
from bench.servers import ORG, Ingest, Servers, wait_for
from lighttrap import topics
from lighttrap.store import pool

SHARES = (0.1, 0.5, 0.9)
SECONDS = 10.0
TICK_S = 0.02
BOOT = 60_000_000

_DELAYS = """
    SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (
               ORDER BY extract(epoch FROM pg_xact_commit_timestamp(xmin)) - image_ref::float8)
    FROM reading WHERE boot >= %(boot)s AND boot < %(boot)s + 1000000
"""


def measure(servers: Servers, metrics_port: int, capacity_per_s: float) -> list[dict[str, float]]:
    """Median and 99th percentile, in milliseconds, at each share of the capacity."""
    worker = Ingest(servers, metrics_port)
    try:
        worker.wait_until_ready()
        return [
            _one(servers, worker, BOOT + number * 1_000_000, share, capacity_per_s)
            for number, share in enumerate(SHARES)
        ]
    finally:
        worker.stop()


def _one(servers: Servers, worker: Ingest, boot: int, share: float, capacity_per_s: float) -> dict[str, float]:
    rate = share * capacity_per_s
    before = worker.stored()
    sent = _send(servers, boot, rate)
    wait_for(lambda: worker.stored() >= before + sent, 120)
    with pool.connect(servers.dsn) as conn:
        [(delays,)] = conn.execute(_DELAYS, {"boot": boot}).fetchall()
    return {"share": share, "per_s": round(rate), "p50_ms": round(delays[0] * 1e3), "p99_ms": round(delays[1] * 1e3)}


def _send(servers: Servers, boot: int, rate: float) -> int:
    """Sends at a steady rate for `SECONDS`. Returns how many."""
    sent = 0
    with socket.create_connection(("127.0.0.1", servers.broker_port), timeout=60) as link:
        backlog.hello(link, f"bench-pace-{boot}")
        began = time.perf_counter()
        while (elapsed := time.perf_counter() - began) < SECONDS:
            due = int(elapsed * rate) - sent
            if due:
                backlog.exchange(link, [_publish(servers, boot, sent + index) for index in range(due)])
                sent += due
            time.sleep(TICK_S)
    return sent


def _publish(servers: Servers, boot: int, index: int) -> bytes:
    seq, trap = divmod(index, len(servers.trap_ids))
    start = datetime.now(UTC) - timedelta(days=30) + seq * timedelta(minutes=1)
    document = {
        "v": 1,
        "boot": boot + trap,
        "seq": seq + 1,
        "start": start.isoformat(),
        "end": (start + timedelta(minutes=1)).isoformat(),
        "lamp_s": 60,
        "counts": {"nilaparvata-lugens": index % 97},
        "image_ref": repr(time.time()),
    }
    topic = topics.build(ORG, servers.trap_ids[trap], topics.Kind.READING)
    return backlog.publish_packet(topic, json.dumps(document).encode(), index)
