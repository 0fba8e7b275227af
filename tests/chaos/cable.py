"""A cable that can be pulled: a leg of ingest that leads through a network namespace. Needs root and iproute2.

What the killable proxy does to a connection, its peer is told. Nobody is told of a pulled cable: packets just vanish.
"""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from tests.fix_proxy import Proxy

_CLONE_NEWNET = 0x40000000


@cache
def lacking() -> str | None:
    """Why there can be no cable to pull here; None when there can."""
    if os.geteuid() != 0:
        return "a network namespace needs root"
    if _ip_program() is None:
        return "a network namespace needs the program ip (iproute2)"
    try:
        with cable_to("127.0.0.1", 9):
            return None
    except (OSError, subprocess.CalledProcessError) as fault:
        said = fault.stderr.decode().strip() if isinstance(fault, subprocess.CalledProcessError) else str(fault)
        return f"this machine lets nobody make a network namespace: {said}"


class Cable(Proxy):
    """A proxy that listens at the far end of a cable, in a namespace, and forwards to a server of this machine."""

    def __init__(self, target_host: str, target_port: int) -> None:
        super().__init__(target_host, target_port)
        self._name = f"chaos{random.SystemRandom().randrange(16**6):06x}"
        block = random.SystemRandom().randrange(2**15) * 4  # /30 networks of 198.18.0.0/15, kept for tests (RFC 2544)
        here, self.host = (f"198.{18 + (block >> 16)}.{block >> 8 & 255}.{(block & 255) + place}" for place in (1, 2))
        self._near, self._far = f"{self._name}a", f"{self._name}b"
        self._address = here

    def lay(self) -> None:
        """Makes the namespace and the cable to it."""
        _ip("netns", "add", self._name)
        _ip("link", "add", self._near, "type", "veth", "peer", "name", self._far, "netns", self._name)
        _ip("address", "add", f"{self._address}/30", "dev", self._near)
        _ip("-n", self._name, "address", "add", f"{self.host}/30", "dev", self._far)
        _ip("link", "set", self._near, "up")
        self.plug()

    def pull(self) -> None:
        """From now on every packet vanishes, both ways."""
        _ip("-n", self._name, "link", "set", self._far, "down")

    def plug(self) -> None:
        """Carries packets."""
        _ip("-n", self._name, "link", "set", self._far, "up")

    def take_up(self) -> None:
        """Removes the namespace, and the cable with it."""
        _ip("netns", "delete", self._name)

    def _listen(self) -> socket.socket:
        with _inside(self._name):
            return super()._listen()


@contextmanager
def cable_to(host: str, port: int) -> Iterator[Cable]:
    """A cable to a server, plugged in."""
    with ExitStack() as stack:
        cable = Cable(host, port)
        stack.callback(cable.take_up)
        cable.lay()
        cable.start()
        stack.callback(cable.stop)
        yield cable


@contextmanager
def _inside(name: str) -> Iterator[None]:
    """Sockets that this thread makes in the body belong to the namespace."""
    with Path("/proc/thread-self/ns/net").open() as home, Path(f"/run/netns/{name}").open() as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(home.fileno())


def _enter(namespace: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _ip_program() -> str | None:
    return shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def _ip(*words: str) -> None:
    subprocess.run([str(_ip_program()), *words], check=True, capture_output=True)
