"""Being told to stop."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType


def when_told_to_stop(do: Callable[[], None]) -> None:
    """Has `do` run in this event loop when a signal tells the program to stop.

    The server waits for every answer to end before it tells the app, and has set its own handlers before the app
    starts: so this one goes before them.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # nor does a signal come here
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        _put_before(number, lambda: loop.call_soon_threadsafe(do))


def _put_before(number: signal.Signals, do: Callable[[], object]) -> None:
    known = signal.getsignal(number)

    def handle(came: int, frame: FrameType | None) -> None:
        do()
        if callable(known):
            known(came, frame)

    signal.signal(number, handle)
