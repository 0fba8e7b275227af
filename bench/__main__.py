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

from bench import peers
from bench.ingest import Bench
from bench.servers import servers

RESULTS = Path(__file__).parent / "results" / "latest.json"
PORT_BASE = 18_700


def main() -> None:
    """Runs what the options name."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000, help="messages a round")
    parser.add_argument("--traps", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help="no growth beyond 10^6 rows")
    parser.add_argument("--only", choices=("speed", "growth", "peers"))
    wanted = parser.parse_args()
    results: dict[str, Any] = {"machine": _machine(), "ingest": {}}
    with servers(PORT_BASE, wanted.traps) as running:
        results["machine"]["servers"] = running.label
        bench = Bench(running, PORT_BASE + 2, wanted.messages)
        if wanted.only in (None, "speed"):
            results["ingest"] |= bench.speed()
            _say("ingest", results["ingest"])
        if wanted.only in (None, "peers") and peers.installed():
            results["peers"] = {"mq_bridge": peers.measure(running, wanted.messages)}
            _say("peers", results["peers"])
        if wanted.only in (None, "growth"):
            results["ingest"]["growth"] = bench.growth([10**5, 10**6] + [10**7] * (not wanted.quick))
            _say("growth", results["ingest"]["growth"])
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


def _say(title: str, result: object) -> None:
    print(f"{title}: {json.dumps(result, indent=2)}", flush=True)


if __name__ == "__main__":
    main()
