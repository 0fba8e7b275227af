"""The server: one process, or several that take requests from one port."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import tempfile
import threading
from multiprocessing import connection
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from api.config import ApiSettings
from api.main import create_app
from lighttrap import logs


def serve(settings: ApiSettings) -> bool:
    """Serves until a signal; returns whether it could."""
    if settings.api.processes == 1:
        server = uvicorn.Server(uvicorn.Config(create_app(settings), **_options(settings)))
        for number in (signal.SIGTERM, signal.SIGINT):
            # uvicorn stops by these, and then raises them again: told to stop is no failure.
            signal.signal(number, lambda *_: None)
        server.run()
        return server.started
    # Of this folder prometheus_client makes its sums over all processes, those that ended too.
    with tempfile.TemporaryDirectory(prefix="lighttrap-api-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        options = _options(settings)
        served = uvicorn.Config("api.processes:make_app", factory=True, workers=settings.api.processes, **options)
        port = served.bind_socket()
        # Of a socket that it did not make asyncio forgets this, and every answer waits 40 ms for the other side's ack.
        port.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        supervisor = Multiprocess(served, [port])
        supervisor.run()
    return all(one.exitcode in (0, -signal.SIGTERM, -signal.SIGINT) for one in supervisor.processes)


def make_app() -> FastAPI:
    """The app of one process of several, with the settings that the first one has read."""
    settings = ApiSettings()
    logs.set_up(settings.log.level, settings.log.format)
    threading.Thread(target=_leave_with_the_first, daemon=True).start()
    return create_app(settings)


def _leave_with_the_first() -> None:
    """Ends this process when the first one was killed, or it would hold the port for ever."""
    if first := multiprocessing.parent_process():
        connection.wait([first.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)


def _options(settings: ApiSettings) -> dict[str, Any]:
    return {
        "host": settings.api.host,
        "port": settings.api.port,
        "forwarded_allow_ips": settings.api.trusted_proxies,
        # Our own logging goes on; one line a request is what metrics say better.
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": 10,
    }
