"""The API on three seasons of 1,000 traps: how long one person waits, and how many requests two cores answer."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from itertools import cycle, islice

from bench import load, seasons
from bench.servers import Servers, cpu_of, wait_for
from lighttrap.store import pool

PROCESSES = 2
FIELDS = 40
"""So many are looked at, again and again: the first look at one walks through its past nights."""
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
    paths = _paths()
    with (
        running(servers, port) as pids,
        closing(load.Lines(port, token, 1)) as one,
    ):
        first = one.ask(paths["trend"]).figures()
        floor = one.ask([FLOOR] * ONE_CLIENT).figures()["p50_ms"]
        waits = {kind: _timed(servers, pids, one, _some(paths[kind], ONE_CLIENT)) for kind in paths}
        asked = _mixed(paths)
        with closing(load.Lines(port, token, CLIENTS)) as many:
            many.ask(asked)
            mixed = [_timed(servers, pids, many, asked) for _ in range(ROUNDS)]
    return {
        "processes": PROCESSES,
        "floor_ms": floor,
        "trend_asked_first": first,
        "one_client": {kind: {**one, "ratio_to_floor": round(one["p50_ms"] / floor, 1)} for kind, one in waits.items()},
        "mixed": {"clients": CLIENTS, **max(mixed, key=lambda one: one["per_s"])},
    }


def _timed(servers: Servers, pids: list[int], lines: load.Lines, paths: list[str]) -> dict[str, float]:
    """Asks for these, and says what it took: of the clock, and of the processor, which others disturb less."""
    server_s, database_s = _cpu(pids), _cpu(_backends(servers))
    taken = lines.ask(paths)
    return {
        "per_s": round(taken.per_s),
        **taken.figures(),
        "server_cpu_ms": round((_cpu(pids) - server_s) / len(paths) * 1e3, 2),
        "database_cpu_ms": round((_cpu(_backends(servers)) - database_s) / len(paths) * 1e3, 2),
        "client_cpu_ms": round(taken.client_cpu_s / len(paths) * 1e3, 2),
    }


def _mixed(paths: dict[str, list[str]]) -> list[str]:
    asked = [path for kind, share in _MIX.items() for path in _some(paths[kind], MIXED * share // 20)]
    # In a fixed order: the step has no divisor in common with the number.
    return [asked[at * 7919 % len(asked)] for at in range(len(asked))]


def _paths() -> dict[str, list[str]]:
    """What is asked, by a short name: of another field each time, over the season up to last night."""
    last = seasons.last_night()
    season = f"first={last - timedelta(days=120)}&last={last}&species={seasons.SPECIES[0]}"
    fields = [f"{_ORG}/fields/field-{number}" for number in range(1, FIELDS + 1)]
    return {
        "trend": [f"{field}/trend?{season}" for field in fields],
        "judged_nights": [f"{field}/judged-nights?{season}" for field in fields],
        "alerts": [f"{_ORG}/alerts?state=active"],
        "devices": [f"{_ORG}/devices"],
        "overview": [f"{_ORG}/overview?night={last - timedelta(days=n)}" for n in range(7)],
        "worst": [f"{_ORG}/overview/worst?night={last}"],
    }


def _some(paths: list[str], number: int) -> list[str]:
    return list(islice(cycle(paths), number))


@contextmanager
def running(servers: Servers, port: int) -> Iterator[list[int]]:
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
