"""Making the broker read its files again. Mosquitto then throws out who may no longer be there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

from lighttrap.broker.settings import FileSettings
from lighttrap.errors import LightTrapError

_COMMAND_S = 30.0
_BROKER = "mosquitto"
_CAUGHT = re.compile(r"^SigCgt:\s*([0-9a-f]+)$", re.MULTILINE)


class NotReloaded(LightTrapError):
    """The broker was not told; try again."""


def tell(settings: FileSettings) -> bool:
    """Tells the broker in the way that is set; False when none is. Raises NotReloaded."""
    if settings.reload_command is not None:
        _run(settings.command())
    elif settings.pid is not None:
        _hang_up(settings.pid)
    elif settings.pid_file is not None:
        _hang_up(_named_in(settings.pid_file))
    else:
        return False
    return True


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_COMMAND_S, check=False)
    except (OSError, subprocess.TimeoutExpired, IndexError) as fault:
        raise NotReloaded(f"the reload command did not run: {fault}") from fault
    if done.returncode:
        raise NotReloaded(f"the reload command ended with {done.returncode}: {done.stderr.strip()[-300:]}")


def _named_in(pid_file: Path) -> int:
    try:
        pid = int(pid_file.read_text(encoding="ascii"))
    except (OSError, ValueError) as fault:
        raise NotReloaded(f"no broker is named in {pid_file}") from fault
    name = Path(f"/proc/{pid}/comm")
    # A broker that was killed leaves its file behind, and its number may be another's by now.
    if name.exists() and name.read_text(encoding="utf-8").strip() != _BROKER:
        raise NotReloaded(f"{pid_file} names a process that is not {_BROKER}")
    return pid


def _hang_up(pid: int) -> None:
    if not _catches(pid):
        raise NotReloaded(f"process {pid} does not listen to SIGHUP, or not yet")
    try:
        os.kill(pid, signal.SIGHUP)
    except OSError as fault:
        raise NotReloaded(f"process {pid} cannot be told: {fault.strerror}") from fault


def _catches(pid: int) -> bool:
    """Whether SIGHUP would be heard; where there is no /proc nobody knows, and it is tried.

    Mosquitto writes its pid file before it reads its files and only then listens to signals: seconds with ten thousand
    traps, in which SIGHUP would end it.
    """
    try:
        caught = _CAUGHT.search(Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    except OSError:
        return True
    return caught is None or bool(int(caught[1], 16) & 1 << (signal.SIGHUP - 1))
