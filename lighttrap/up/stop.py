"""The wish to stop, made by a signal and noticed wherever `up` waits."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """`up` was asked to stop. Never leaves this package."""


class StopRequest:
    """Set once, by a signal."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def ask(self) -> None:
        """Asks to stop."""
        self._asked.set()

    def wait(self, seconds: float) -> None:
        """Waits that long. Raises Stopped as soon as a stop is asked for."""
        if self._asked.wait(seconds):
            raise Stopped


@contextmanager
def on_signals(stop: StopRequest) -> Iterator[None]:
    """Turns Ctrl-C, SIGTERM and a closed terminal into a stop request, also while stopping."""

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.ask()

    before = {number: signal.signal(number, ask) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
