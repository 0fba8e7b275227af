"""/healthz: the process lives. /readyz: it can do its work. /metrics: the amounts. For programs with no other pages."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from lighttrap.errors import ConfigError

log = logging.getLogger(__name__)
Ready = Callable[[], tuple[bool, str]]
"""Whether the program can do its work, and the word for how it is."""


def serve(
    host: str, port: int, registry: CollectorRegistry, faults: Callable[[], list[str]], ready: Ready
) -> ThreadingHTTPServer:
    """Serves in a thread of its own; port 0 is any free one. `faults` say why the process should be restarted.

    Raises ConfigError when the port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                return self._metrics()
            if self.path == "/healthz":
                found = faults()
                return self._answer(503 if found else 200, ("\n".join(found) or "alive").encode())
            if self.path == "/readyz":
                is_ready, word = ready()
                return self._answer(200 if is_ready else 503, word.encode())
            return self._answer(404, b"try /metrics, /healthz or /readyz")

        def _metrics(self) -> None:
            try:
                found = generate_latest(registry)
            except Exception:
                log.exception("no amounts can be told")
                return self._answer(500, b"see the log")
            return self._answer(200, found, CONTENT_TYPE_LATEST)

        def _answer(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Polls are no events."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as fault:
        raise ConfigError(f"the port for /metrics, {host}:{port}, cannot be listened on: {fault}") from fault
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
