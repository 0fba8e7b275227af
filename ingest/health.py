"""/healthz: the process lives. /readyz: it can do its work, or stands by. /metrics: the amounts."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from ingest.metrics import Metrics
from ingest.worker import Worker

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
    """Starts the health server in a thread of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                return self._answer(200, generate_latest(metrics.registry), CONTENT_TYPE_LATEST)
            if self.path == "/healthz":
                found = faults(worker, time.monotonic(), time.time())
                return self._answer(503 if found else 200, ("\n".join(found) or "alive").encode())
            if self.path == "/readyz":
                word = "ready" if worker.ready else "active, not ready" if worker.active else "standing by"
                return self._answer(200 if worker.ready else 503, word.encode())
            return self._answer(404, b"try /metrics, /healthz or /readyz")

        def _answer(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Polls are no events."""

    server = ThreadingHTTPServer((host, port), Handler)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
