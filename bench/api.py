"""The API on three seasons of 1,000 traps: how long one person waits, and how many requests two cores answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle, islice

from bench import load, seasons
from bench.servers import Servers, cpu_of, wait_for
from lighttrap.store import pool

PROCESSES = 2
ONE_CLIENT = 200
CLIENTS = 8
MIXED = 1600
ROUNDS = 3
FLOOR = "/healthz"
"""What a request costs before anything is looked up."""
_ORG = f"/v1/orgs/{seasons.ORG}"
_MIX = {"trend": 8, "judged_nights": 4, "alerts": 4, "devices": 2, "overview": 1, "worst": 1}
"""Of twenty requests of people with dashboards open: most look at one field, some at alerts, few at all of it."""


def measure(servers: Servers, port: int) -> dict[str, object]:
    """Fills the database, starts the API on it, and asks."""
    token = seasons.fill(servers.dsn)
    with _running(servers, port) as pids:
        paths = _paths(port)
        api = _Asked(servers, port, token, pids)
        load.ask(port, token, [path for kind in paths for path in _some(paths[kind], 40)], CLIENTS)
        floor = load.ask(port, token, [FLOOR] * ONE_CLIENT).figures()["p50_ms"]
        one = {kind: api.ask(_some(paths[kind], ONE_CLIENT), 1) for kind in paths}
        mixed = [api.ask(_mixed(paths), CLIENTS) for _ in range(ROUNDS)]
    return {
        "processes": PROCESSES,
        "floor_ms": floor,
        "one_client": {
            kind: {**waits, "ratio_to_floor": round(waits["p50_ms"] / floor, 1)} for kind, waits in one.items()
        },
        "mixed": {"clients": CLIENTS, **max(mixed, key=lambda one: one["per_s"])},
    }


@dataclass(frozen=True, slots=True)
class _Asked:
    """The running API, and what it and its database sessions use of the processor."""

    servers: Servers
    port: int
    token: str
    pids: list[int]

    def ask(self, paths: list[str], clients: int) -> dict[str, float]:
        """Asks for these, and says what it took: of the clock, and of the processor, which others disturb less."""
        server_s, database_s = _cpu(self.pids), _cpu(_backends(self.servers))
        taken = load.ask(self.port, self.token, paths, clients)
        return {
            "per_s": round(taken.per_s),
            **taken.figures(),
            "server_cpu_ms": round((_cpu(self.pids) - server_s) / len(paths) * 1e3, 2),
            "database_cpu_ms": round((_cpu(_backends(self.servers)) - database_s) / len(paths) * 1e3, 2),
            "client_cpu_ms": round(taken.client_cpu_s / len(paths) * 1e3, 2),
        }


def _mixed(paths: dict[str, list[str]]) -> list[str]:
    asked = [path for kind, share in _MIX.items() for path in _some(paths[kind], MIXED * share // 20)]
    # In a fixed order: the step has no divisor in common with the number.
    return [asked[at * 7919 % len(asked)] for at in range(len(asked))]


def _paths(port: int) -> dict[str, list[str]]:
    """What is asked, by a short name; a field's season, judged nights of another field each time."""
    last = seasons.last_night()
    season = f"first={last - timedelta(days=120)}&last={last}"
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/openapi.json") as answer:
        known = json.load(answer)["paths"]
    one = f"{_ORG}/fields/field-{{}}"
    # Until the trend of a field is there, the nights that it would be made of.
    trend = (
        f"{one}/trend?"
        if "/v1/orgs/{org_id}/fields/{field_id}/trend" in known
        else f"{_ORG}/nights?field_id=field-{{}}&"
    )
    return {
        "trend": [trend.format(n) + f"{season}&species={seasons.SPECIES[0]}" for n in range(1, seasons.FIELDS)],
        "judged_nights": [
            one.format(n) + f"/judged-nights?{season}&species={seasons.SPECIES[0]}" for n in range(1, seasons.FIELDS)
        ],
        "alerts": [f"{_ORG}/alerts?state=active"],
        "devices": [f"{_ORG}/devices"],
        "overview": [f"{_ORG}/overview?night={last - timedelta(days=n)}" for n in range(7)],
        "worst": [f"{_ORG}/overview/worst?night={last}"],
    }


def _some(paths: list[str], number: int) -> list[str]:
    return list(islice(cycle(paths), number))


@contextmanager
def _running(servers: Servers, port: int) -> Iterator[list[int]]:
    """The API as a small server runs it; the ids of its processes."""
    environ = {
        **os.environ,
        "LIGHTTRAP_DATABASE__DSN": servers.dsn,
        "LIGHTTRAP_API__PORT": str(port),
        "LIGHTTRAP_API__PROCESSES": str(PROCESSES),
        # One caller asks for all here.
        "LIGHTTRAP_API__REQUESTS_PER_CALLER": "1000000",
        "LIGHTTRAP_LOG__LEVEL": "WARNING",
    }
    process = subprocess.Popen([sys.executable, "-m", "api"], env=environ)

    def ready() -> bool:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    try:
        wait_for(ready, 30, process)
        yield [process.pid, *_children(process.pid)]
    finally:
        process.terminate()
        process.wait(30)


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(one) for one in file.read().split()]


def _cpu(pids: list[int]) -> float:
    return sum(cpu_of(pid) for pid in pids)


def _backends(servers: Servers) -> list[int]:
    with pool.connect(servers.dsn) as conn:
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'lighttrap api'"
        return [pid for (pid,) in conn.execute(query).fetchall()]
