"""Children that outlived a killed `up`: each is recorded when it starts and ended before the next one does.

A process id alone is not proof, for it is used again; with the instant of birth it is.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from lighttrap import wholefile
from lighttrap.errors import LightTrapError

_PROC = Path("/proc/self/stat")
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def birth(pid: int) -> str | None:
    """A text that differs between any two processes that ever had this id; None when none has it now."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None if _PROC.exists() else _birth_by_ps(pid)
    except ProcessLookupError:
        return None
    # The name, in brackets, may hold spaces; state is the 3rd field and the start the 22nd (proc(5)).
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else f"{_boot()} {fields[19]}"


def _boot() -> str:
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return "some boot"


def _birth_by_ps(pid: int) -> str | None:
    return _ps("lstart=", pid).strip() or None


def _ps(column: str, pid: int) -> str:
    try:
        return subprocess.run(["ps", "-o", column, "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return ""


def record(run: Path, name: str, pid: int) -> None:
    """Remembers a child that has just started."""
    wholefile.replace(run / f"{name}.json", json.dumps({"pid": pid, "birth": birth(pid)}).encode())


def forget(run: Path, name: str) -> None:
    """Forgets a child that has ended."""
    (run / f"{name}.json").unlink(missing_ok=True)


def end_recorded(run: Path, name: str, signals: Iterable[signal.Signals], each_within_s: float) -> int | None:
    """Ends what an earlier `up` left running under that name. Returns its process id, or None when there was none.

    Raises LightTrapError when it does not end.
    """
    try:
        left = json.loads((run / f"{name}.json").read_text(encoding="utf-8"))
        pid, born = int(left["pid"]), left["birth"]
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None
    ended = born is not None and birth(pid) == born
    if ended:
        end(pid, signals, each_within_s)
    forget(run, name)
    return pid if ended else None


def end(pid: int, signals: Iterable[signal.Signals], each_within_s: float) -> None:
    """Ends a process that is not our child, by one signal after the other, SIGKILL last.

    Raises LightTrapError when it outlives them all.
    """
    born = birth(pid)
    for number in (*signals, signal.SIGKILL):
        if born is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if _is_gone(pid, born, each_within_s):
            return
    raise LightTrapError(f"process {pid}, left by an earlier `lighttrap up`, does not end")


def _is_gone(pid: int, born: str, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while birth(pid) == born:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def exists(pid: int) -> bool:
    """True when some process, dead ones not yet buried included, has this id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def command_line(pid: int) -> str:
    """The command line of a process, as ps shows it; empty when it is gone."""
    return _ps("command=", pid)


def can_tell() -> bool:
    """Whether this machine says what a process is: it has /proc, or ps."""
    return _PROC.exists() or shutil.which("ps") is not None


def working_in(folder: Path) -> list[int]:
    """Processes whose working directory is that folder, where the system tells (Linux)."""
    here = folder.resolve()
    return [int(place.name) for place in Path("/proc").glob("[0-9]*") if _works_in(place, here)]


def _works_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").readlink() == folder
    except OSError:
        return False
