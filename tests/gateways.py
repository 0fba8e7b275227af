"""The outside world of the notifier on loopback: an HTTP server that answers as told, and a real SMTP server."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True)
class Request:
    """What a gateway was asked."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - any JSON value
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What a gateway answers. With `hangs_up` it closes the connection instead, having taken the message."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs_up: bool = False
    drip_s: float | None = None
    """One byte of the body each so many seconds."""


class Gateway:
    """An HTTP server on a free port of loopback. It keeps what it was asked, and answers by `reply`."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.reply: Callable[[Request], Reply] = lambda _: Reply()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(gateway) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(self.command, self.path, dict(self.headers.items()), body)
                with gateway._lock:
                    gateway.requests.append(request)
                self._answer(gateway.reply(request))

            do_GET = do_POST = do_PUT = _serve

            def _answer(self, reply: Reply) -> None:
                self.close_connection = True
                if reply.hangs_up:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                for byte in reply.body if reply.drip_s else [reply.body]:
                    self._write(byte, reply.drip_s)

            def _write(self, part: bytes | int, drip_s: float | None) -> None:
                try:
                    self.wfile.write(bytes([part]) if isinstance(part, int) else part)
                    if drip_s:
                        time.sleep(drip_s)  # what the test is about
                except OSError:
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                """Requests are in the list."""

        return Handler


class Mailbox:
    """Keeps what an SMTP server took, and answers by `rcpt_reply` and `data_reply`."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.rcpt_reply = "250 OK"
        self.data_reply: str | None = "250 OK"
        """None: the connection is cut instead, the text having been taken."""
        self.port = 0

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt_reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt_reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.data_reply is None or self.data_reply.startswith("250"):
            self.mails.append(envelope)
        if self.data_reply is None:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
            return "250 never heard"
        return self.data_reply


@contextmanager
def a_gateway() -> Iterator[Gateway]:
    """An HTTP gateway for one test."""
    gateway = Gateway()
    try:
        yield gateway
    finally:
        gateway.close()


@contextmanager
def a_mailbox() -> Iterator[Mailbox]:
    """A real SMTP server for one test."""
    box = Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        box.port = int(probe.getsockname()[1])
    # It goes on to write when pytest has closed its streams.
    logging.getLogger("mail.log").propagate = False
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
