"""All MQTT sessions of a fleet, a bounded number of them, turned by one loop in one thread."""

from __future__ import annotations

import logging
import selectors
import ssl
import time
from collections.abc import Mapping, Sequence
from typing import Any

import paho.mqtt.client as mqtt
from pydantic import SecretStr

from lighttrap.config import BrokerSettings
from lighttrap.connectcode import ConnectCode
from lighttrap.errors import ConfigError
from simulator.session import Session

log = logging.getLogger(__name__)

IN_FLIGHT = 4_000
"""Messages without PUBACK over all sessions; a session has its share, from 20 to 200."""


class Links:
    """All sessions of a fleet on one selector."""

    def __init__(self, sessions: Sequence[Session]) -> None:
        self.sessions = tuple(sessions)
        self._selector = selectors.DefaultSelector()
        self._next_round = 0.0
        self._was_whole: bool | None = None
        share = max(20, min(200, IN_FLIGHT // max(1, len(sessions))))
        for session in sessions:
            session.limit(share)
            self._watch(session)

    def turn(self, wait_s: float) -> None:
        """Reads and writes what is ready, waiting at most `wait_s`; tends every session once a second."""
        tick = time.monotonic()
        if tick >= self._next_round:
            self._next_round = tick + (1.0 if self._look() else 0.2)
            for session in self.sessions:
                session.tend(tick)
        for key, mask in self._ready(wait_s):
            client: mqtt.Client = key.data
            if mask & selectors.EVENT_READ:
                _read(client)
            if mask & selectors.EVENT_WRITE and client.socket() is not None:
                client.loop_write()

    def settle(self, seconds: float) -> None:
        """Turns until every PUBACK is in, for at most some seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and any(session.is_up and session.in_flight for session in self.sessions):
            self.turn(0.05)

    def stop(self, *, for_good: bool) -> None:
        """Disconnects all; `for_good` when nobody will ask for what the broker would keep for these sessions."""
        for session in self.sessions:
            session.stop(for_good=for_good)
        self._selector.close()

    def _look(self) -> bool:
        """Whether all sessions are up; logs when that changed, once for all of them."""
        down = [session for session in self.sessions if not session.is_up]
        if self._was_whole is not False and down and any(session.reason for session in down):
            self._was_whole = False
            log.warning("no connection to the broker", extra={"sessions": len(down), "reason": down[0].reason})
        elif not self._was_whole and not down:
            self._was_whole = True
            log.info("connected to the broker", extra={"sessions": len(self.sessions)})
        return not down

    def _ready(self, wait_s: float) -> list[tuple[selectors.SelectorKey, int]]:
        if not self._selector.get_map():
            time.sleep(min(wait_s, 0.1))  # nothing to select on while no session has a socket
            return []
        return self._selector.select(wait_s)

    def _watch(self, session: Session) -> None:
        """Keeps the selector in step with the client's socket; paho's way to leave the loop to others."""
        selector, client = self._selector, session.client

        def opened(_client: mqtt.Client, _data: Any, sock: Any) -> None:  # noqa: ANN401 - paho's callback
            selector.register(sock, selectors.EVENT_READ, client)

        def closed(_client: mqtt.Client, _data: Any, sock: Any) -> None:  # noqa: ANN401 - paho's callback
            selector.unregister(sock)

        def wants_write(_client: mqtt.Client, _data: Any, sock: Any) -> None:  # noqa: ANN401 - paho's callback
            selector.modify(sock, selectors.EVENT_READ | selectors.EVENT_WRITE, client)

        def has_written(_client: mqtt.Client, _data: Any, sock: Any) -> None:  # noqa: ANN401 - paho's callback
            selector.modify(sock, selectors.EVENT_READ, client)

        client.on_socket_open = opened
        client.on_socket_close = closed
        client.on_socket_register_write = wants_write
        client.on_socket_unregister_write = has_written


def _read(client: mqtt.Client) -> None:
    """Reads what there is; what TLS has decrypted already no selector will report."""
    client.loop_read()
    while (sock := client.socket()) is not None and isinstance(sock, ssl.SSLSocket) and sock.pending():
        client.loop_read()


def shared_out(traps: Sequence[str], connections: int) -> list[Sequence[str]]:
    """The traps of each session: one each as long as the limit allows, else even shares."""
    number = min(len(traps), connections)
    return [traps[at::number] for at in range(number)]


def own_sessions(
    settings: BrokerSettings, org: str, codes: Mapping[str, ConnectCode], traps: Sequence[str], expiry_s: int
) -> list[Session]:
    """One session per trap, with the login and at the broker that its connect code says, as a real trap would.

    Raises ConfigError when a trap has no code, or one of another org.
    """
    if missing := [trap_id for trap_id in traps if trap_id not in codes or codes[trap_id].org != org]:
        raise ConfigError(f"no connect code for {missing[0]} of org {org}, and {len(missing) - 1} more without")
    sessions = []
    for trap_id in traps:
        scheme, _, address = codes[trap_id].broker_url.partition("://")
        url = SecretStr(f"{scheme}://{trap_id}:{codes[trap_id].secret}@{address}")
        own = settings.model_copy(update={"url": url, "password_file": None})
        sessions.append(Session(own, org, trap_id, (trap_id,), expiry_s))
    return sessions


def make_sessions(
    settings: BrokerSettings, org: str, role: str, traps: Sequence[str], connections: int, expiry_s: int
) -> list[Session]:
    """One session per trap, or `connections` that share them; `role` keeps the ids of two programs apart."""
    shares = shared_out(traps, connections)
    return [
        Session(
            settings, org, f"{role}-{org}-{share[0]}" + (f"-and-{len(share) - 1}" if share[1:] else ""), share, expiry_s
        )
        for share in shares
    ]
