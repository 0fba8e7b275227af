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
from bench.servers import ORG, Servers, wait_for
from lighttrap import topics
from lighttrap.store import pool

CLIENT_ID = "bench-peer"
ROUNDS = 3
LOOK_EVERY_S = 0.25
"""Counting rows costs the server time that is not the peer's."""
_TABLE = """
    CREATE TABLE IF NOT EXISTS peer_reading (
        v bigint, boot bigint, seq bigint, start text, "end" text, lamp_s bigint, counts jsonb,
        temperature_c double precision, battery_v double precision, PRIMARY KEY (boot, seq)
    )
"""


def installed() -> bool:
    """Whether there is anything to compare with; `make bench PEERS=1` installs it."""
    return importlib.util.find_spec("mq_bridge") is not None


def measure(servers: Servers, messages: int, first_seq: int = 1) -> dict[str, int]:
    """Rows a second that mq-bridge stores from a backlog, median of `ROUNDS`."""
    rates = []
    with pool.connect(servers.dsn) as conn:
        conn.execute(_TABLE)
        conn.commit()
        for number in range(ROUNDS):
            first = first_seq + number * (messages // len(servers.trap_ids) + 1)
            rates.append(_drain(servers, conn, messages, first))
    return {"stored_per_s": round(statistics.median(rates)), "messages_a_round": messages}


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
