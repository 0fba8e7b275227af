"""/healthz: the process lives. /readyz: it can do its work, or stands by. /metrics: the amounts."""

from __future__ import annotations

import time
from http.server import ThreadingHTTPServer

from ingest.metrics import Metrics
from ingest.worker import Worker
from lighttrap import healthserver

BEAT_LIMIT_S = 60.0
UNSTORED_LIMIT_S = 120.0


def faults(worker: Worker, now_s: float, wall_s: float) -> list[str]:
    """Why this process should be restarted; empty when it lives.

    `now_s` is monotonic, `wall_s` seconds since 1970. An unreachable database is no reason: waiting is our work then.
    """
    found = []
    if now_s - worker.store.beat_s > BEAT_LIMIT_S:
        found.append("the worker's loop stands still")
    link = worker.link
    if link is not None and not link.alive:
        found.append("paho's thread has ended")
    oldest_s = worker.oldest_unstored_s
    if worker.store.available and oldest_s is not None and wall_s - oldest_s > UNSTORED_LIMIT_S:
        found.append("a message waits too long although the database answers")
    return found


def serve(worker: Worker, metrics: Metrics, host: str, port: int) -> ThreadingHTTPServer:
    """Starts the health server in a thread of its own. Raises ConfigError when the port is taken."""

    def unstored_s() -> float:
        oldest_s = worker.oldest_unstored_s
        return 0.0 if oldest_s is None else max(0.0, time.time() - oldest_s)

    def ready() -> tuple[bool, str]:
        return worker.ready, "ready" if worker.ready else "active, not ready" if worker.active else "standing by"

    metrics.unstored_seconds.set_function(unstored_s)
    return healthserver.serve(
        host, port, metrics.registry, lambda: faults(worker, time.monotonic(), time.time()), ready
    )  # fmt: skip
