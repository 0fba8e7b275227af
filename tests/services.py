"""Servers as plain child processes: no container engine, loopback only, gone when the test run is gone."""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest

from lighttrap.up import account

_PR_SET_PDEATHSIG = 1
_OWN_PORTS = (20_000, 32_000)


def missing(what: str) -> NoReturn:
    """A service is not there: skip on a laptop, fail in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}; in CI that is a failure", pytrace=False)
    pytest.skip(what)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody uses just now.

    Below the ports that the system gives to outgoing connections: one of those may be taken before it is listened on.
    """
    draw = random.SystemRandom()  # tests seed the other one alike, and runs side by side would get the same ports
    while True:
        port = draw.randrange(*_OWN_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def is_listening(port: int) -> bool:
    """Whether somebody accepts connections on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def unprivileged() -> account.Identity:
    """Arguments of Popen by which a server does not run as root; PostgreSQL refuses to."""
    return account.identity(account.unprivileged())


def _roomy_memory() -> Path | None:
    """The machine's file system in memory, if there is room: what fsync costs on a disk is not what tests are about."""
    memory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of its own in it
    return memory if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 4 << 30 else None


@contextmanager
def server_folder(name: str) -> Iterator[Path]:
    """A temporary folder that belongs to whom servers run as; pytest's own are closed to everybody else."""
    folder = Path(tempfile.mkdtemp(prefix=f"lighttrap-{name}-", dir=_roomy_memory()))
    account.give(folder, account.unprivileged())
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Server:
    """A child process that can be stopped, killed, paused and started again."""

    stop_signal = signal.SIGTERM

    def __init__(self, command: Sequence[str | Path], log: Path, env: dict[str, str] | None = None) -> None:
        self.command = [str(part) for part in command]
        self.log = log
        self.env = env
        self.process: subprocess.Popen[bytes] | None = None

    def launch(self, **popen: Any) -> None:  # noqa: ANN401 - Popen's own arguments
        """Starts the process; its output is added to the log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.env,
                start_new_session=True,
                preexec_fn=_die_with_parent,
                **popen,
            )

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def send(self, sig: signal.Signals) -> None:
        """Sends a signal to the process, which must live."""
        assert self.process is not None, "never started"
        self.process.send_signal(sig)

    def pause(self) -> None:
        """Freezes the process, as an overloaded machine would."""
        self.send(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets a frozen process go on."""
        self.send(signal.SIGCONT)

    def kill(self) -> None:
        """Ends the process at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ends the process as its operator would; kills it after 20 s."""
        self._end(self.stop_signal)

    def output(self) -> str:
        """All that the process has written so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def _end(self, sig: signal.Signals) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(sig)
        self.process.send_signal(signal.SIGCONT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
