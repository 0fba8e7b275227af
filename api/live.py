"""Live updates: one connection listens for all, one thread reads it, and every stream is told what is its org's.

A follower keeps what has changed until its stream takes it, merged: a slow reader costs no more than a fast one.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from prometheus_client import Gauge

from lighttrap.errors import StoreError, TooManyTries
from lighttrap.store import live, pool
from lighttrap.store.live import Change
from lighttrap.store.pool import translate_errors

log = logging.getLogger(__name__)
MOST_IDS = 200
"""A reader who is behind by more traps or alerts than that is told to ask for all."""
_LOOK_S = 0.1
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_LEAVE_S = 10.0

Ids = set[str | int] | None


class Follower:
    """One stream's share of what has changed. Belongs to the event loop's thread."""

    def __init__(self, org_id: str, who: str) -> None:
        self.org_id = org_id
        self.who = who
        self.ended = False
        self._news = asyncio.Event()
        self._must_resync = True
        self._changed: dict[str, Ids] = {}
        self._news.set()

    def tell(self, change: Change) -> None:
        """Adds a change to what waits."""
        known = self._changed.get(change.about, set())
        if known is None or change.ids is None or len(known | change.ids) > MOST_IDS:
            self._changed[change.about] = None
        else:
            self._changed[change.about] = known | change.ids
        self._news.set()

    def resync(self) -> None:
        """Something may have been missed: all must be asked for anew."""
        self._must_resync = True
        self._news.set()

    def end(self) -> None:
        """The stream is to end."""
        self.ended = True
        self._news.set()

    async def wait(self, longest_s: float) -> bool:
        """Waits for news; whether there are any."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), longest_s)
        return self._news.is_set()

    def take(self) -> Mapping[str, Ids]:
        """What has changed since it was taken last, by what it is about."""
        found = {"resync": None} if self._must_resync else self._changed
        self._must_resync, self._changed = False, {}
        self._news.clear()
        return found


class Live:
    """All streams of this process, and the thread that listens for them."""

    def __init__(self, dsn: str, most_a_caller: int, streams: Gauge) -> None:
        self._dsn = dsn
        self._most_a_caller = most_a_caller
        self._streams = streams
        self._followers: set[Follower] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live", daemon=True)

    def start(self) -> None:
        """Begins to listen; from the event loop that serves the streams."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def end_streams(self) -> None:
        """Ends every stream, now: a server that stops waits for its answers to end, and these would not."""
        self._stop.set()
        for follower in self._followers:
            follower.end()

    def stop(self) -> None:
        """Stops listening, and waits until it has. Not from the event loop's thread."""
        self._stop.set()
        self._thread.join(_LEAVE_S)

    def follow(self, org_id: str, who: str) -> Follower:
        """A new stream. Raises TooManyTries when the caller has as many as one may have."""
        having = Counter(follower.who for follower in self._followers)[who]
        if having >= self._most_a_caller:
            raise TooManyTries(f"you follow {having} streams already; close one")
        follower = Follower(org_id, who)
        if self._stop.is_set():
            follower.end()
        self._followers.add(follower)
        self._streams.set(len(self._followers))
        return follower

    def leave(self, follower: Follower) -> None:
        """The stream has ended."""
        self._followers.discard(follower)
        self._streams.set(len(self._followers))

    def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._stop.is_set():
            try:
                with translate_errors(), pool.connect(self._dsn, application="lighttrap api live") as conn:
                    # In a transaction it would hear nothing.
                    conn.autocommit = True
                    live.listen(conn)
                    log.info("live updates are listened for")
                    self._in_loop(self._resync)
                    pause_s = _FIRST_PAUSE_S
                    while not self._stop.is_set():
                        for change in live.changes(conn, _LOOK_S):
                            self._in_loop(self._spread, change)
            except StoreError as fault:
                if pause_s == _FIRST_PAUSE_S:
                    log.warning("live updates are away", extra={"error": str(fault)})
            except Exception:
                log.exception("live updates failed")
            self._stop.wait(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _in_loop(self, do: Callable[..., None], *given: Any) -> None:  # noqa: ANN401 - whatever `do` takes
        """Has it done by the loop's thread; a loop that is closed needs nothing done any more."""
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(do, *given)

    def _spread(self, change: Change) -> None:
        for follower in self._followers:
            if follower.org_id == change.org_id:
                follower.tell(change)

    def _resync(self) -> None:
        for follower in self._followers:
            follower.resync()
