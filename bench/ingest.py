"""One worker through the real broker into the real database: speed, memory, and cost as the table grows."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime
from typing import Any

import paho.mqtt.client as mqtt

from bench import backlog, noop
from bench.servers import CLIENT_ID, LOOK_EVERY_S, ORG, Ingest, Servers, cpu_of, wait_for
from lighttrap.store import pool

ROUNDS = 3


class Bench:
    """The measurements on one pair of servers; each round of readings continues the traps' seqs."""

    def __init__(self, servers: Servers, metrics_port: int, messages: int) -> None:
        self._servers = servers
        self._metrics_port = metrics_port
        self._messages = messages
        self._next_seq = 1

    def speed(self) -> dict[str, Any]:
        """Ours and the do-nothing subscribers in turn, `ROUNDS` times; medians and their ratio."""
        ours: list[dict[str, float]] = []
        noops: dict[int, list[float]] = {mqtt.MQTTv5: [], mqtt.MQTTv311: []}
        for _ in range(ROUNDS):
            for protocol, rates in noops.items():
                rates.append(self._noop(protocol))
            ours.append(self.drain())
        stored = statistics.median(one["stored_per_s"] for one in ours)
        noop_rate = statistics.median(noops[mqtt.MQTTv5])
        return {
            "stored_per_s": round(stored),
            "noop_per_s": round(noop_rate),
            "noop_mqtt311_per_s": round(statistics.median(noops[mqtt.MQTTv311])),
            "ratio_to_noop": round(stored / noop_rate, 3),
            "ratios_by_round": [
                round(one["stored_per_s"] / rate, 3) for one, rate in zip(ours, noops[mqtt.MQTTv5], strict=True)
            ],
            "worker_cpu_us_per_reading": round(statistics.median(one["cpu_us"] for one in ours), 1),
            "peak_rss_mb": round(max(one["peak_rss_mb"] for one in ours), 1),
            "messages_a_round": self._messages,
        }

    def growth(self, sizes: list[int]) -> list[dict[str, float]]:
        """The same with the table filled up to each size first."""
        found = []
        for size in sizes:
            rows = self._grow_to(size)
            result = self.drain()
            us = 1e6 / result["stored_per_s"]
            found.append(
                {
                    "rows": rows,
                    "us_per_reading": round(us, 1),
                    "worker_cpu_us": round(result["cpu_us"], 1),
                    "database_cpu_us": round(result["database_cpu_us"], 1),
                    "peak_rss_mb": round(result["peak_rss_mb"], 1),
                }
            )
        return found

    def recovery(self, messages: int) -> dict[str, float]:
        """How long a worker takes over a backlog of so many messages, as after an outage of the database."""
        found = self.drain(messages)
        return {
            "messages": messages,
            "seconds": round(messages / found["stored_per_s"], 1),
            "stored_per_s": round(found["stored_per_s"]),
            "peak_rss_mb": round(found["peak_rss_mb"], 1),
        }

    def drain(self, messages: int | None = None) -> dict[str, float]:
        """Queues a backlog for a worker that is away, starts it, and times it from the first stored reading on."""
        backlog.keep_session(self._servers.broker_port, CLIENT_ID)
        number = self._fill(messages or self._messages)
        worker = Ingest(self._servers, self._metrics_port)
        try:
            wait_for(lambda: worker.stored() > 0, 60)
            began, first, cpu_s = time.perf_counter(), worker.stored(), worker.cpu_s()
            backend = self._backend()
            database_s = cpu_of(backend)
            wait_for(lambda: worker.stored() >= number, 600, every_s=LOOK_EVERY_S)
            seconds = time.perf_counter() - began
            done = worker.stored() - first
            return {
                "stored_per_s": done / seconds,
                "cpu_us": (worker.cpu_s() - cpu_s) / done * 1e6,
                "database_cpu_us": (cpu_of(backend) - database_s) / done * 1e6,
                "peak_rss_mb": worker.peak_rss_mb(),
            }
        finally:
            worker.stop()
            backlog.forget_session(self._servers.broker_port, CLIENT_ID)

    def _backend(self) -> int:
        """The process id of the worker's database session."""
        with pool.connect(self._servers.dsn) as conn:
            query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'lighttrap ingest'"
            return int(conn.execute(query).fetchall()[0][0])

    def _noop(self, protocol: int) -> float:
        backlog.keep_session(self._servers.broker_port, noop.CLIENT_ID, protocol=protocol)
        self._fill(self._messages)
        try:
            return noop.run(self._servers.broker_port, self._messages, protocol)
        finally:
            backlog.forget_session(self._servers.broker_port, noop.CLIENT_ID)

    def _fill(self, number: int) -> int:
        messages = backlog.readings(self._servers.trap_ids, number, ORG, self._next_seq)
        self._next_seq += -(-number // len(self._servers.trap_ids))
        return backlog.fill(self._servers.broker_port, messages)

    def _grow_to(self, rows: int) -> int:
        """Fills the tables by SQL with readings of other boots, as ingest would have, up to so many rows."""
        with pool.connect(self._servers.dsn) as conn:
            conn.execute("SET statement_timeout = 0")
            [(present,)] = conn.execute("SELECT count(*) FROM reading").fetchall()
            nights = max(0, rows - present) // (144 * len(self._servers.trap_ids))
            spare = max(0, rows - present) - nights * 144 * len(self._servers.trap_ids)
            boot = 10_000_000 + rows
            values = {
                "boot": boot,
                "now": datetime.now(UTC),
                "readings": nights * 144 + spare // len(self._servers.trap_ids),
            }
            if values["readings"]:
                for statement in _FILL:
                    conn.execute(statement, values)
            conn.commit()
            conn.autocommit = True
            conn.execute("VACUUM (ANALYZE)")
            [(total,)] = conn.execute("SELECT count(*) FROM reading").fetchall()
        return int(total)


_FILL = (
    """
    INSERT INTO reading (trap_id, boot, seq, start_at, end_at, night, lamp_s, counts, temperature_c, battery_v,
                         received_at, sha)
    SELECT t.trap_id, %(boot)s, s, at, at + interval '10 minutes', night_of(at, 'Asia/Ho_Chi_Minh'), 600,
           jsonb_build_object('nilaparvata-lugens', floor(random() * 97), 'sogatella-furcifera', floor(random() * 7)),
           round((20 + random() * 15)::numeric, 1), round((12 + random())::numeric, 1), %(now)s,
           sha256((t.trap_id || s)::bytea)
    FROM generate_series(1, %(readings)s) AS s
    CROSS JOIN LATERAL (SELECT %(now)s::timestamptz - interval '390 days' + s * interval '10 minutes' AS at) AS w
    CROSS JOIN trap t WHERE t.org_id = 'bench' ORDER BY s, t.trap_id
    """,
    """
    INSERT INTO ledger (trap_id, boot, stored, sent_upto)
    SELECT trap_id, %(boot)s, int8multirange(int8range(1, %(readings)s + 1)), %(readings)s
    FROM trap WHERE org_id = 'bench'
    """,
    """
    INSERT INTO catch (trap_id, species, night, count, lamp_s, readings)
    SELECT trap_id, key, night, sum(value::bigint), sum(lamp_s), count(*)
    FROM reading CROSS JOIN LATERAL jsonb_each_text(counts) WHERE boot = %(boot)s GROUP BY 1, 2, 3
    ON CONFLICT (trap_id, species, night) DO UPDATE SET
        count = catch.count + excluded.count, lamp_s = catch.lamp_s + excluded.lamp_s,
        readings = catch.readings + excluded.readings
    """,
    """
    INSERT INTO trap_night (trap_id, night, lamp_s, covered_s, readings, first_at, last_at)
    SELECT trap_id, night, sum(lamp_s), sum(600), count(*), min(start_at), max(end_at)
    FROM reading WHERE boot = %(boot)s GROUP BY 1, 2
    ON CONFLICT (trap_id, night) DO UPDATE SET
        lamp_s = trap_night.lamp_s + excluded.lamp_s, covered_s = trap_night.covered_s + excluded.covered_s,
        readings = trap_night.readings + excluded.readings,
        first_at = least(trap_night.first_at, excluded.first_at),
        last_at = greatest(trap_night.last_at, excluded.last_at)
    """,
)
