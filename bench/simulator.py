"""What the simulator can play: a week of many traps, as fast as one worker stores it on the same machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from bench.servers import Ingest, Servers, register
from lighttrap import topics

ORG = "bench-sim"
TRAPS = 200
DAYS = 7
INTERVAL_S = 600


def measure(servers: Servers, metrics_port: int) -> dict[str, float]:
    """Readings confirmed a second, what one costs the simulator's process, and its highest memory."""
    register(servers.dsn, ORG, topics.numbered_trap_ids("sim", TRAPS))
    worker = Ingest(servers, metrics_port)
    try:
        worker.wait_until_ready()
        began = time.perf_counter()
        words = _words(servers.broker_port)
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"the simulator ended with {process.returncode}")
        readings = worker.stored()
    finally:
        worker.stop()
    cpu_us = (usage.ru_utime + usage.ru_stime) / readings * 1e6
    return {
        "traps": TRAPS,
        "readings": readings,
        "confirmed_per_s": round(readings / seconds),
        "cpu_us_per_reading": round(cpu_us, 1),
        "readings_per_s_of_a_core": round(1e6 / cpu_us),
        "peak_rss_mb": round(usage.ru_maxrss * 1024 / 1e6, 1),
    }


def _words(broker_port: int) -> list[str]:
    options = {
        "--broker-url": f"mqtt://127.0.0.1:{broker_port}", "--org": ORG, "--prefix": "sim", "--traps": TRAPS,
        "--history-days": DAYS, "--history-interval": INTERVAL_S,
    }  # fmt: skip
    return [sys.executable, "-m", "simulator", "run", "--fast", *(str(w) for pair in options.items() for w in pair)]
