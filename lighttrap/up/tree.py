"""The process tree: children in the order of their start, restarted when they die, stopped in the reverse order."""

from __future__ import annotations

import time
from collections.abc import Callable

from lighttrap.errors import LightTrapError
from lighttrap.up.child import Child, Program
from lighttrap.up.directory import Directory
from lighttrap.up.stop import StopRequest

_LOOK_EVERY_S = 0.05
_SHOW_AGAIN_AFTER_S = 60.0


class Tree:
    """The children of one `up`. Everything here happens in the main thread."""

    def __init__(self, home: Directory, stop: StopRequest, say: Callable[[str], None]) -> None:
        self._home = home
        self._stop = stop
        self._say = say
        self._children: list[Child] = []
        self._quiet_at = time.monotonic()

    def start(self, program: Program, is_ready: Callable[[], bool], within_s: float) -> Child:
        """Starts a program and waits until it is ready.

        Raises LightTrapError with its last words when it ends, or is not ready in time, and Stopped when asked to.
        """
        child = Child(program, self._home, self._say)
        self._children.append(child)
        try:
            child.start()
        except OSError as exc:
            raise LightTrapError(f"{program.name} cannot be started: {exc}") from exc
        self._await(child, is_ready, within_s)
        return child

    def tend(self) -> None:
        """Notices children that died, says so, and starts again those whose time has come. Call it often."""
        now = time.monotonic()
        for child in self._children:
            if child.due_at is None and child.ended_with() is not None:
                self._bury(child, now)
            elif child.due_at is not None and now >= child.due_at:
                self._revive(child)
        if now >= self._quiet_at + _SHOW_AGAIN_AFTER_S:
            self._quiet_at = now
            for child in self._children:
                child.journal.speak_again()

    def stop(self) -> None:
        """Stops all children, last started first. What they say of each other's going is no alarm."""
        for child in self._children:
            child.journal.mute()
        while self._children:
            self._children.pop().stop()

    def _await(self, child: Child, is_ready: Callable[[], bool], within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while not is_ready():
            name, log = child.program.name, child.journal.path
            if child.ended_with() is not None:
                raise LightTrapError(f"{name} {child.how_ended()}; its log is {log}")
            if time.monotonic() > deadline:
                why = child.journal.why() or "it says nothing"
                raise LightTrapError(f"{name} is not ready after {within_s:.0f} s: {why}; its log is {log}")
            self._stop.wait(_LOOK_EVERY_S)

    def _bury(self, child: Child, now: float) -> None:
        wait_s = child.backoff.after(now - child.started_at)
        child.due_at = now + wait_s
        self._say(f"{child.program.name} {child.how_ended()}; starting it again in {wait_s:g} s")

    def _revive(self, child: Child) -> None:
        try:
            child.start()
        except (OSError, LightTrapError) as exc:
            wait_s = child.backoff.after(0.0)
            child.due_at = time.monotonic() + wait_s
            self._say(f"{child.program.name} cannot be started: {exc}; trying again in {wait_s:g} s")
        else:
            self._say(f"{child.program.name} runs again")
