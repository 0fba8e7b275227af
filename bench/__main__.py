"""`python -m bench`: measures, prints, and writes bench/results/latest.json. Nothing here asserts a time."""

from __future__ import annotations

import argparse
import json
import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from bench import alerts, api, dashboard, exports, latency, peers, simulator, store, workers
from bench.ingest import Bench
from bench.servers import Servers, servers

RESULTS = Path(__file__).parent / "results" / "latest.json"
PORT_BASE = 18_700
METRICS_PORT = PORT_BASE + 2
PARTS = (
    "speed",
    "peers",
    "latency",
    "workers",
    "alerts",
    "growth",
    "recovery",
    "simulator",
    "api",
    "exports",
    "dashboard",
)
CATCHES = 10**6


def main() -> None:
    """Runs what the options name."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000, help="messages a round")
    parser.add_argument("--traps", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help="no growth beyond 10^6 rows")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS, help="these parts only")
    parser.add_argument("--pg-bin", type=Path, help="folder with the initdb and postgres to use")
    wanted = parser.parse_args()
    results: dict[str, Any] = {"machine": _machine()}
    run = Run(wanted.messages, wanted.traps, wanted.pg_bin, quick=wanted.quick)
    for part in (part for part in PARTS if part in wanted.only):
        found = run.part(part)
        if found is not None:
            key, value = found
            results[key] = {**results.get(key, {}), **value}
            print(f"{part}: {json.dumps(value, indent=2)}", flush=True)
    results["machine"]["servers"] = run.label
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(f"written to {RESULTS}")


def _machine() -> dict[str, Any]:
    names = ("paho-mqtt", "psycopg", "pydantic", "lighttrap")
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in names},
    }


class Run:
    """The parts of a bench run, each on fresh servers."""

    def __init__(self, messages: int, traps: int, pg_bin: Path | None, *, quick: bool) -> None:
        self._messages = messages
        self._traps = traps
        self._pg_bin = pg_bin
        self._quick = quick
        self._capacity_per_s = 0.0
        self.label = ""

    def part(self, name: str) -> tuple[str, dict[str, Any]] | None:
        """A part's key in the results and what it measured; None when it has nothing to measure."""
        if name == "peers" and not peers.installed():
            return None
        number_of_traps = {"alerts": alerts.TRAPS, "dashboard": dashboard.TRAPS}.get(name, self._traps)
        with servers(PORT_BASE, number_of_traps, self._pg_bin) as running:
            self.label = running.label
            return self._measure(name, running)

    def _measure(self, name: str, running: Servers) -> tuple[str, dict[str, Any]]:
        bench = Bench(running, METRICS_PORT, self._messages)
        match name:
            case "speed":
                speed = bench.speed()
                self._capacity_per_s = speed["stored_per_s"]
                return "ingest", speed
            case "peers":
                return "peers", {"mq_bridge": peers.measure(running, bench, self._messages)}
            case "latency":
                capacity = self._capacity_per_s or bench.drain()["stored_per_s"]
                return "ingest", {"latency": latency.measure(running, METRICS_PORT, capacity)}
            case "workers":
                return "ingest", {"workers": workers.measure(running, METRICS_PORT, self._messages)}
            case "alerts":
                crossing = Bench(running, METRICS_PORT, alerts.TRAPS * alerts.READINGS_A_TRAP)
                return "alerts", alerts.measure(running, crossing)
            case "api":
                return "api", api.measure(running, METRICS_PORT)
            case "dashboard":
                return "dashboard", dashboard.measure(running, METRICS_PORT)
            case "exports":
                sizes = [10**5, 10**6] + [10**7] * (not self._quick)
                return "exports", exports.measure(running, METRICS_PORT, sizes)
            case "simulator":
                return "simulator", simulator.measure(running, METRICS_PORT)
            case "recovery":
                return "ingest", {"recovery": bench.recovery(100_000 if self._quick else 900_000)}
            case _:
                growth = bench.growth([10**5, 10**6] + [10**7] * (not self._quick))
                weight = store.bytes_per_reading(running)
                store.grow_catches(running, CATCHES)
                waits = store.queries(running)
                weight["reading_in_columnstore"] = store.columnstore_bytes_per_reading(running)
                return "ingest", {"growth": growth, "bytes_per_reading": weight, "queries": waits}


if __name__ == "__main__":
    main()
