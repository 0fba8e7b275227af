"""Ports of one `up`: a block on loopback, the same at every start unless something else sits there.

A block is held by listening on all of it; each port is let go just before its server starts. Two `up`s that start in
the same instant therefore never choose the same block.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable

from lighttrap.errors import ConfigError

HOST = "127.0.0.1"
BASE = 17700
# The place of each server in the block; api and dashboard have theirs from the start.
PLACES = {"database": 0, "broker": 1, "ingest": 2, "api": 3, "dashboard": 4, "notify": 5}
_BLOCK = 10
_BLOCKS = 50


class Ports:
    """A block of reserved ports, by the name of the server."""

    def __init__(self, held: dict[str, socket.socket]) -> None:
        self._held = held
        self._numbers = {name: int(place.getsockname()[1]) for name, place in held.items()}

    def number(self, name: str) -> int:
        """The port of that server."""
        return self._numbers[name]

    def release(self, name: str) -> int:
        """Lets go of the port for its server to take. Returns its number."""
        self._held.pop(name).close()
        return self._numbers[name]

    def close(self) -> None:
        """Lets go of all that is still held."""
        while self._held:
            self._held.popitem()[1].close()


def reserve(names: Iterable[str], base: int | None) -> Ports:
    """Reserves one port for each name, in the block at `base`, or in the first free block when that is None.

    Raises ConfigError that names the port when one of the block at `base` is in use.
    """
    wanted = list(names)
    if base is not None:
        _check(base)
        return _block(wanted, base)
    for start in range(BASE, BASE + _BLOCK * _BLOCKS, _BLOCK):
        try:
            return _block(wanted, start)
        except ConfigError:
            continue
    raise ConfigError(f"no free block of ports from {BASE} on: choose one with --port-base")


def _check(base: int) -> None:
    if not 1024 <= base <= 65535 - _BLOCK:
        raise ConfigError(f"--port-base must be from 1024 to {65535 - _BLOCK}, not {base}")


def _block(names: list[str], base: int) -> Ports:
    held: dict[str, socket.socket] = {}
    for name in names:
        port = base + PLACES[name]
        try:
            held[name] = _listen(port)
        except OSError as exc:
            Ports(held).close()
            raise ConfigError(f"port {port}, for the {name}, is in use: choose another --port-base") from exc
    return Ports(held)


def _listen(port: int) -> socket.socket:
    place = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind((HOST, port))
        place.listen(1)
    except OSError:
        place.close()
        raise
    return place
