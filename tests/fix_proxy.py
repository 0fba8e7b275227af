"""A TCP proxy that a test can cut, deafen and restore, to put before the broker or the database."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.fix_broker import Broker

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset, as a cut cable's router would


class Proxy:
    """Forwards one loopback port to another server.

    `stop` resets all connections and refuses new ones; `deaf` keeps them open and carries nothing, both ways;
    `start` makes everything work again.
    """

    host = "127.0.0.1"

    def __init__(self, target_host: str, target_port: int) -> None:
        self.target = (target_host, target_port)
        self.port = 0
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._hears = threading.Event()

    @property
    def connections(self) -> int:
        """How many clients are connected just now."""
        with self._lock:
            return len(self._open) // 2

    def start(self) -> None:
        """Forwards: from the beginning, again after `stop`, or again after `deaf`."""
        self._hears.set()
        if self._listener is None:
            self._listener = self._listen()
            self.port = int(self._listener.getsockname()[1])
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def deaf(self) -> None:
        """Carries nothing more; connections stay open, and new ones are accepted without an answer."""
        self._hears.clear()

    def stop(self) -> None:
        """Resets every connection and listens no more."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            _cut(end)
        self._hears.set()  # pumps that waited see that their connection is gone

    def _listen(self) -> socket.socket:
        return socket.create_server((self.host, self.port), backlog=64)

    def _accept(self, listener: socket.socket) -> None:
        while self._listener is listener:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.target, timeout=5)
            except OSError:
                _cut(client)
                continue
            server.settimeout(None)
            with self._lock:
                self._open |= {client, server}
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                self._hears.wait()
                sink.sendall(data)
        with self._lock:
            ours = self._open & {source, sink}
            self._open -= ours
        for end in ours:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def _cut(end: socket.socket) -> None:
    """Ends a connection by a reset. Shutting down its reading half wakes the pump and tells the peer nothing."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        end.shutdown(socket.SHUT_RD)
    end.close()


@contextlib.contextmanager
def proxy_to(host: str, port: int) -> Iterator[Proxy]:
    """A started proxy before a server, stopped at the end."""
    proxy = Proxy(host, port)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


@pytest.fixture
def broker_proxy(broker: Broker) -> Iterator[Proxy]:
    """A proxy before `broker`."""
    with proxy_to(broker.host, broker.port) as proxy:
        yield proxy


@pytest.fixture
def database_proxy(database: str) -> Iterator[Proxy]:
    """A proxy before the server of `database`; `through` makes the DSN that goes through it."""
    parts = urlsplit(database)
    with proxy_to(parts.hostname or "127.0.0.1", parts.port or 5432) as proxy:
        yield proxy


def through(proxy: Proxy, url: str) -> str:
    """A URL or DSN led through a proxy."""
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}{at}{proxy.host}:{proxy.port}").geturl()
