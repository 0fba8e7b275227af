"""A cheap HTTP client: connections that are kept, a fixed number of requests, each timed. It shares the cores."""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat

_PIECE = 1 << 18


@dataclass(frozen=True, slots=True)
class Round:
    """What some requests took: seconds in all, milliseconds and bytes of each."""

    seconds: float
    client_cpu_s: float
    ms: list[float]
    sizes: list[int]

    def figures(self) -> dict[str, float]:
        """The median, 95th and 99th percentile in milliseconds, and the mean answer in kilobytes."""
        cuts = statistics.quantiles(self.ms, n=100, method="inclusive")
        return {
            "p50_ms": round(cuts[49], 1),
            "p95_ms": round(cuts[94], 1),
            "p99_ms": round(cuts[98], 1),
            "kb": round(statistics.mean(self.sizes) / 1e3, 1),
        }

    @property
    def per_s(self) -> float:
        """Requests answered a second."""
        return len(self.ms) / self.seconds


class Lines:
    """Connections to the API, kept open: what is asked again over the same ones, the same processes answer."""

    def __init__(self, port: int, token: str, clients: int) -> None:
        self._token = token
        self._lines = []
        for _ in range(clients):
            line = socket.create_connection(("127.0.0.1", port), timeout=30)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # People come one after another; of connections that come at once one process takes all.
            _ask(line, token, "/healthz")
            self._lines.append(line)

    def ask(self, paths: Sequence[str]) -> Round:
        """Asks for each path once, over all connections at a time. Raises RuntimeError unless all answers are 200."""
        began, cpu_s = time.perf_counter(), time.process_time()
        # All take from one heap, and end together: a line that waited for the slowest would be hung up as idle.
        waiting = iter(paths)
        with ThreadPoolExecutor(len(self._lines)) as threads:
            found = list(threads.map(self._one_after_another, self._lines, repeat(waiting)))
        seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu_s
        return Round(seconds, cpu_s, [ms for one, _ in found for ms in one], [size for _, one in found for size in one])

    def close(self) -> None:
        """Ends all of them."""
        for line in self._lines:
            line.close()

    def _one_after_another(self, line: socket.socket, paths: Iterator[str]) -> tuple[list[float], list[int]]:
        taken, sizes = [], []
        for path in paths:
            began = time.perf_counter()
            sizes.append(_ask(line, self._token, path))
            taken.append((time.perf_counter() - began) * 1e3)
        return taken, sizes


def _ask(line: socket.socket, token: str, path: str) -> int:
    line.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    answer = line.recv(_PIECE)
    while b"\r\n\r\n" not in answer:
        answer += _more(line)
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"{path}: {head[:200]!r} {body[:300]!r}")
    [length] = [int(one[15:]) for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:")]
    here = len(body)
    while here < length:
        here += len(_more(line))
    return length


def _more(line: socket.socket) -> bytes:
    if not (piece := line.recv(_PIECE)):
        raise RuntimeError("the server hung up")
    return piece
