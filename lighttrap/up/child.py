"""One program run as a child process, over all its lives."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lighttrap.up import leash, orphan
from lighttrap.up.account import Account
from lighttrap.up.backoff import Backoff
from lighttrap.up.directory import Directory
from lighttrap.up.journal import Journal

_NOTHING = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, and how it wishes to be stopped.

    `stop_with` are tried in turn, each for `stop_within_s`, then SIGKILL; the first of them is also what the kernel
    sends when `up` itself is killed. `before_start` runs before each life. With `shows_output` its standard output is
    ours, and only its standard error is kept as its log. Lines of the log that match `alarming` are shown with the
    program's name, those that match `telling` as they are.
    """

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str]
    account: Account | None = None
    cwd: Path | None = None
    stop_with: tuple[signal.Signals, ...] = (signal.SIGTERM,)
    stop_within_s: float = 10.0
    alarming: re.Pattern[str] = _NOTHING
    telling: re.Pattern[str] = _NOTHING
    before_start: Callable[[], None] | None = None
    shows_output: bool = False


class Child:
    """A program, its present process and its log."""

    def __init__(self, program: Program, home: Directory, show: Callable[[str], None]) -> None:
        self.program = program
        self.backoff = Backoff()
        log = home.logs / f"{program.name}.log"
        self.journal = Journal(program.name, log, show, alarming=program.alarming, telling=program.telling)
        self.started_at = 0.0
        self.due_at: float | None = None
        self._home = home
        self._process: subprocess.Popen[str] | None = None
        self._follower: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        """The id of its process; None before the first life."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Begins a life. Only for the main thread: the kernel's leash is tied to the thread that starts the child.

        Raises OSError when the program cannot be run.
        """
        program = self.program
        orphan.end_recorded(self._home.run, program.name, program.stop_with, program.stop_within_s)
        if program.before_start:
            program.before_start()
        self._process = subprocess.Popen(
            leashed(program.argv, program.account, program.stop_with[0]),
            env=dict(program.environ),
            cwd=program.cwd,
            stdin=subprocess.DEVNULL,
            stdout=None if program.shows_output else subprocess.PIPE,
            stderr=subprocess.PIPE if program.shows_output else subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="backslashreplace",
            # Ctrl-C in a terminal reaches `up` alone, which stops the others in their order.
            start_new_session=True,
        )
        orphan.record(self._home.run, program.name, self._process.pid)
        self._follow(self._process)
        self.started_at, self.due_at = time.monotonic(), None

    def ended_with(self) -> int | None:
        """The exit code (minus a signal's number) of the life just ended; None while it lasts."""
        return self._process.poll() if self._process else None

    def how_ended(self) -> str:
        """A clause on how the last life ended, with the last words from its log."""
        code = self.ended_with() or 0
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        if self._follower:
            self._follower.join(timeout=0.5)
        why = self.journal.why()
        return f"{how} ({why[:300]})" if why else how

    def stop(self) -> None:
        """Ends the present life within its time, and the log with it."""
        if self._process:
            self._end(self._process)
            orphan.forget(self._home.run, self.program.name)
        if self._follower:
            self._follower.join(timeout=1.0)
        self.journal.close()

    def _end(self, process: subprocess.Popen[str]) -> None:
        for number in (*self.program.stop_with, signal.SIGKILL):
            if process.poll() is not None:
                return
            process.send_signal(number)
            try:
                process.wait(self.program.stop_within_s)
            except subprocess.TimeoutExpired:
                continue

    def _follow(self, process: subprocess.Popen[str]) -> None:
        stream = process.stderr if self.program.shows_output else process.stdout
        if stream:
            self._follower = self.journal.follow(stream)


def leashed(argv: Sequence[str], runs_as: Account | None, death_signal: signal.Signals) -> list[str]:
    """The command that runs another as that account and sends it that signal when we end, however we end."""
    ids = (runs_as.uid, runs_as.gid) if runs_as else (-1, -1)
    numbers = (os.getpid(), int(death_signal), *ids)
    return [sys.executable, "-I", "-S", str(Path(leash.__file__)), *map(str, numbers), *argv]
