"""What others do on the same servers: mq-bridge, a bridge in Rust, when it is installed.

It writes each reading's fields into one keyed table: no roll-up, no checks, no ledger, no quarantine.
"""

from __future__ import annotations

import importlib.util
import statistics
import subprocess
import sys
import time

from bench import backlog
from bench.ingest import Bench
from bench.servers import LOOK_EVERY_S, ORG, Servers, wait_for
from lighttrap import topics
from lighttrap.store import pool

CLIENT_ID = "bench-peer"
ROUNDS = 3
PEER_SEQ = 100_000_000
"""Its readings carry other seqs than ours."""
_TABLE = """
    CREATE TABLE IF NOT EXISTS peer_reading (
        v bigint, boot bigint, seq bigint, start text, "end" text, lamp_s bigint, counts jsonb,
        temperature_c double precision, battery_v double precision, PRIMARY KEY (boot, seq)
    )
"""


def installed() -> bool:
    """Whether there is anything to compare with; `make bench PEERS=1` installs it."""
    return importlib.util.find_spec("mq_bridge") is not None


def measure(servers: Servers, bench: Bench, messages: int) -> dict[str, float]:
    """Rows a second that mq-bridge stores from a backlog and readings a second that our worker does, in turn.

    Medians of `ROUNDS`, and ours by theirs.
    """
    theirs, ours = [], []
    with pool.connect(servers.dsn) as conn:
        conn.execute(_TABLE)
        conn.commit()
        for number in range(ROUNDS):
            first = PEER_SEQ + number * (messages // len(servers.trap_ids) + 1)
            theirs.append(_drain(servers, conn, messages, first))
            ours.append(bench.drain()["stored_per_s"])
    return {
        "stored_per_s": round(statistics.median(theirs)),
        "ours_stored_per_s": round(statistics.median(ours)),
        "ratio_of_ours": round(statistics.median(ours) / statistics.median(theirs), 3),
        "messages_a_round": messages,
    }


def _drain(servers: Servers, conn: pool.Connection, messages: int, first_seq: int) -> float:
    backlog.keep_session(servers.broker_port, CLIENT_ID)
    before = _rows(conn)
    number = backlog.fill(servers.broker_port, backlog.readings(servers.trap_ids, messages, ORG, first_seq))
    words = [sys.executable, "-m", "bench.peers", servers.dsn, str(servers.broker_port)]
    bridge = subprocess.Popen(words)
    try:
        wait_for(lambda: _rows(conn) > before, 60, bridge)
        began, first = time.perf_counter(), _rows(conn)
        wait_for(lambda: _rows(conn) >= before + number, 300, bridge, LOOK_EVERY_S)
        return (before + number - first) / (time.perf_counter() - began)
    finally:
        bridge.kill()
        bridge.wait()
        backlog.forget_session(servers.broker_port, CLIENT_ID)


def _rows(conn: pool.Connection) -> int:
    [(found,)] = conn.execute("SELECT count(*) FROM peer_reading").fetchall()
    conn.rollback()
    return int(found)


def _bridge(dsn: str, port: int) -> None:
    from mq_bridge import Route

    source = {
        "url": f"mqtt://127.0.0.1:{port}",
        "topic": f"{topics.PREFIX}/+/+/reading",
        "client_id": CLIENT_ID,
        "queue_capacity": 10_000,
        "max_inflight": 5000,
        "qos": 1,
        "clean_session": False,
        "session_expiry_interval": 3600,
    }
    sink = {"url": dsn, "table": "peer_reading", "columns": "auto", "key": "boot,seq"}
    Route.from_config({"input": {"mqtt": source}, "output": {"sqlx": sink}, "batch_size": 2000}).run()


if __name__ == "__main__":
    _bridge(sys.argv[1], int(sys.argv[2]))
