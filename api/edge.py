"""What every request passes on its way in and out: an id, a limit to its body, headers, ETag, and a measurement."""

from __future__ import annotations

import hashlib
import os
import re
import time
import uuid
from typing import Any

from fastapi import HTTPException
from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.limiter import Limiter
from lighttrap.errors import TooManyTries

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_ASKED_AGAIN = "private, no-cache"
"""Of what was looked up: it may be kept, and must be asked for again each time, which its ETag makes cheap."""
_KEPT_BY_NOBODY = "no-store"
"""Of all else: errors, and what a change answers, which may hold a new secret."""


_FOR_THE_INSIDE = {"/healthz", "/readyz", "/metrics"}
_PAGES = ("/f/", "/s/", "/favicon.")
"""Farmers' pages have limits of their own, and say so on a page."""


class Metrics:
    """What the API tells of itself."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.seconds = Histogram(
            "lighttrap_api_request_seconds", "Time from a request to its answer, by operation.", ["route", "status"],
            registry=self.registry,
        )  # fmt: skip
        self.streams = Gauge(
            "lighttrap_api_live_streams", "Live streams just now.", registry=self.registry, multiprocess_mode="livesum"
        )

    def text(self) -> bytes:
        """The amounts, as Prometheus reads them: of all processes, where there are several."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self.registry)
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody)  # type: ignore[no-untyped-call]  # it comes without types
        return generate_latest(everybody)


class Edge:
    """The outermost layer of the app."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, limiter: Limiter, body_bytes: int) -> None:
        self._app = app
        self._metrics = metrics
        self._limiter = limiter
        self._body_bytes = body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets one request through."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        began_s = time.perf_counter()
        headers = Headers(scope=scope)
        wanted = headers.get("x-request-id", "")
        request_id = wanted if _REQUEST_ID.fullmatch(wanted) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        out = _Answer(scope, send, request_id, headers.get("if-none-match"))
        try:
            await self._within_limits(scope, headers, receive, out)
        except Exception as error:
            # Else the framework answers it further out, without any of our headers.
            if out.is_begun:
                raise
            await problems.unexpected(request_id, scope, error)(scope, receive, out.send)
        finally:
            # Under the operation's name: paths are as many as there are traps, and strangers make up more.
            operation = getattr(scope.get("route"), "name", "none")
            self._metrics.seconds.labels(operation, str(out.status)).observe(time.perf_counter() - began_s)

    async def _within_limits(self, scope: Scope, headers: Headers, receive: Receive, out: _Answer) -> None:
        # Whoever sends a credential is counted where it is looked up: under their own name, if it is a good one.
        is_counted_later = "authorization" in headers or "cookie" in headers or scope["path"].startswith(_PAGES)
        if not (is_counted_later or scope["path"] in _FOR_THE_INSIDE):
            try:
                self._limiter.count(scope, None)
            except TooManyTries as error:
                return await problems.ours(out.request_id, error)(scope, receive, out.send)
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self._body_bytes:
            refusal = problems.answer(out.request_id, 413, "content-too-large", f"at most {self._body_bytes} bytes")
            return await refusal(scope, receive, out.send)
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._body_bytes:
                raise HTTPException(413, f"at most {self._body_bytes} bytes")
            return message

        return await self._app(scope, counted, out.send)


class _Answer:
    """One answer on its way out. A JSON answer to GET is held back whole, to become a 304 when it is known."""

    def __init__(self, scope: Scope, send: Send, request_id: str, known: str | None) -> None:
        self.request_id = request_id
        self.status = 500
        self.is_begun = False
        self._state = scope["state"]
        self._send = send
        self._known = known
        self._is_get = scope["method"] == "GET"
        self._held: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        """Passes a part of the answer on, with our headers."""
        if message["type"] == "http.response.start":
            return await self._start(message)
        if self._held is None:
            return await self._send(message)
        self._body += message.get("body", b"")
        if not message.get("more_body"):
            await self._finish(self._held)
        return None

    async def _start(self, message: Message) -> None:
        self.is_begun = True
        self.status = message["status"]
        headers = MutableHeaders(raw=message.setdefault("headers", []))
        headers["X-Request-Id"] = self.request_id
        for name, text in _HEADERS.items():
            headers.setdefault(name, text)
        is_looked_up = self._is_get and self.status in (200, 304)
        headers.setdefault("Cache-Control", _ASKED_AGAIN if is_looked_up else _KEPT_BY_NOBODY)
        if "left" in self._state:
            headers.update(self._state["left"].headers())
        if self._is_get and self.status == 200 and _is_json(headers):
            self._held = message
        else:
            await self._send(message)

    async def _finish(self, start: Message) -> None:
        headers = MutableHeaders(raw=start["headers"])
        # Weak: a proxy may compress it.
        headers["ETag"] = f'W/"{hashlib.sha256(self._body).hexdigest()[:32]}"'
        body: dict[str, Any] = {"type": "http.response.body", "body": self._body}
        if self._known and _is_among(headers["ETag"], self._known):
            self.status = start["status"] = 304
            del headers["content-length"], headers["content-type"]
            body["body"] = b""
        await self._send(start)
        await self._send(body)


def _is_json(headers: MutableHeaders) -> bool:
    """Whether it is an ordinary answer: other kinds of JSON, as GeoJSON, may be longer than memory."""
    return headers.get("content-type", "").partition(";")[0].strip() == "application/json"


def _is_among(etag: str, known: str) -> bool:
    """Weak comparison, as If-None-Match has it (RFC 9110, 13.1.2)."""
    return known.strip() == "*" or etag.removeprefix("W/") in [
        one.strip().removeprefix("W/") for one in known.split(",")
    ]
