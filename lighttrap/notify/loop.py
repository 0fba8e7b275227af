"""The notifier: the main thread turns events into deliveries, some senders for each channel send them.

Woken by NOTIFY and by the clock: a notification only shortens the wait.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from lighttrap.errors import StoreError, StoreUnavailable
from lighttrap.notify.channels.channel import Channel
from lighttrap.notify.codes import CodeSender
from lighttrap.notify.fanout import fan_out
from lighttrap.notify.metrics import FAN_OUT, Metrics
from lighttrap.notify.sender import Sender, utc_now
from lighttrap.notify.settings import NotifierSettings
from lighttrap.notify.texts import Kind
from lighttrap.store import deliveries, pool, restores, session
from lighttrap.store.pool import Connection, translate_errors

log = logging.getLogger(__name__)

_LISTEN_S = 0.5
_DATABASE_REST_S = 2.0


class Notifier:
    """Fans out and sends until it is stopped."""

    def __init__(
        self,
        dsn: str,
        settings: NotifierSettings,
        channels: Sequence[tuple[Channel, Kind]],
        clock: Callable[[], datetime] = utc_now,
        metrics: Metrics | None = None,
    ) -> None:
        self._dsn = dsn
        self._settings = settings
        self._clock = clock
        self._metrics = metrics or Metrics()
        self._forms = {channel.name: form for channel, form in channels}
        self._senders = [
            Sender(channel, settings, dsn, clock, self._metrics)
            for channel, _ in channels
            for _ in range(0 if settings.paused else settings.senders)
        ]
        self._senders += [
            CodeSender(channel, settings, dsn, clock, self._metrics) for channel, _ in channels if not settings.paused
        ]
        self._stop = threading.Event()
        self._fault: StoreError | None = None
        self.is_listening = False
        """Whether a session hears of new events just now."""

    def stop(self) -> None:
        """Lets it end after the messages in hand. Safe in a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Runs until stopped. Raises ConfigError or StoreMismatch when a restart would not help."""
        threads = [
            threading.Thread(target=self._serve, args=(sender,), name=f"send-{sender.channel.name}")
            for sender in self._senders
        ]
        for thread in threads:
            thread.start()
        log.info("notifier started", extra={"channels": list(self._forms), "paused": self._settings.paused})
        try:
            while not self._stop.is_set():
                self._attend()
        finally:
            for sender in self._senders:
                sender.stop()
            for thread in threads:
                thread.join()
        if self._fault is not None:
            raise self._fault

    def _serve(self, sender: Sender) -> None:
        try:
            sender.run()
        except StoreError as fault:
            self._fault = fault
            self.stop()

    def _attend(self) -> None:
        """One life of the session that listens."""
        self._metrics.beat(FAN_OUT, self)
        try:
            with translate_errors(), pool.connect(self._dsn, application="lighttrap notify") as conn:
                session.require_durable(conn)
                deliveries.listen(conn)
                self._say_whether_held(conn)
                conn.commit()
                self.is_listening = True
                while not self._stop.is_set():
                    self._metrics.beat(FAN_OUT, self)
                    self._fan_out(conn)
                    self._await(conn)
        except StoreUnavailable as fault:
            self.is_listening = False
            log.warning("database away", extra={"error": str(fault)})
            self._stop.wait(_DATABASE_REST_S)

    def _say_whether_held(self, conn: Connection) -> None:
        held = restores.holding(conn)
        if held is not None:
            log.warning(
                "messages are held after a restore, until `lighttrap alert resume`",
                extra={"restored_at": held.restored_at, "taken_at": held.taken_at, "dump": held.dump},
            )

    def _fan_out(self, conn: Connection) -> None:
        number = 0
        while taken := fan_out(conn, self._settings, self._forms, self._clock()):
            conn.commit()
            number += taken
            self._metrics.events.inc(taken)
            self._wake()
        conn.rollback()
        if number:
            log.info("events fanned out", extra={"events": number})

    def _await(self, conn: Connection) -> None:
        """Waits for a notification, but no longer than a poll takes."""
        deadline = time.monotonic() + self._settings.poll_s
        conn.autocommit = True
        try:
            while not self._stop.is_set() and time.monotonic() < deadline:
                if list(conn.notifies(timeout=_LISTEN_S, stop_after=1)):
                    self._wake()
                    return
        finally:
            if not conn.closed:
                conn.autocommit = False

    def _wake(self) -> None:
        for sender in self._senders:
            sender.wake.set()
