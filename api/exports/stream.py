"""Answers that are made while they are sent, few at a time, and cut off when they cannot be finished."""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager

import anyio
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lighttrap.errors import InputFault, TooManyTries

log = logging.getLogger(__name__)
RETRY_AFTER_S = 30


class Slots:
    """So many exports at a time: each holds a connection to the database and a thread."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._free = threading.BoundedSemaphore(number)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Holds a slot. Raises TooManyTries when all are taken."""
        if not self._free.acquire(blocking=False):
            raise TooManyTries(f"{self._number} exports are being made: come again in a while", RETRY_AFTER_S)
        try:
            yield
        finally:
            self._free.release()


class Streamed(Response):
    """An answer whose parts are made in a thread, one after the other, as fast as the client takes them.

    Nothing is sent before the first part that is not empty, so what goes wrong until then is answered as a problem.
    What goes wrong later breaks the connection off, and so does `seconds`: chunked coding (RFC 9112, 7.1) then lacks
    its end, and no client takes the file for a whole one. The parts are closed when the client goes away, too.
    """

    def __init__(self, parts: Generator[bytes], *, seconds: float, media_type: str, headers: Mapping[str, str]) -> None:
        self._parts = parts
        self._seconds = seconds
        self._begun = False
        self._lock = threading.Lock()
        self.status_code = 200
        self.background = None
        self.media_type = media_type
        self.init_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        try:
            with anyio.fail_after(self._seconds):
                await self._send(Request(scope, receive), send)
        except TimeoutError as fault:
            if not self._begun:
                raise InputFault(f"that takes more than {self._seconds:.0f} s: ask for less") from fault
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(self._close)

    async def _send(self, request: Request, send: Send) -> None:
        while (part := await to_thread.run_sync(self._next)) is not None:
            if await request.is_disconnected():
                return
            if part:
                await self._begin(send)
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await self._begin(send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _next(self) -> bytes | None:
        with self._lock:
            return next(self._parts, None)

    def _close(self) -> None:
        # A server that ends cancels us without waiting for the thread, which may be making a part still.
        with self._lock:
            self._parts.close()

    async def _begin(self, send: Send) -> None:
        if not self._begun:
            self._begun = True
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
