"""Keeping the broker's files as the database has them: woken by NOTIFY and by the clock.

A notification only shortens the wait. What is compared at each look is the file, not a memory of it, so a file that
somebody else changed or lost is put right too.
"""

from __future__ import annotations

import logging
import threading
import time

from lighttrap.broker import reload, sync
from lighttrap.broker.settings import FileSettings
from lighttrap.errors import StoreUnavailable
from lighttrap.store import checks, credentials, pool
from lighttrap.store.pool import Connection, translate_errors

log = logging.getLogger(__name__)

_LISTEN_S = 0.5
_DATABASE_REST_S = 2.0


class Watch:
    """Writes and tells until it is stopped."""

    def __init__(self, dsn: str, settings: FileSettings) -> None:
        self._dsn = dsn
        self._settings = settings
        self._stop = threading.Event()
        # Whether the broker read what the last one wrote nobody knows.
        self._must_tell = True
        self._trouble = ""

    def stop(self) -> None:
        """Lets it end soon. Safe in a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Runs until stopped, whatever becomes of database and broker. Raises StoreMismatch for another schema."""
        while not self._stop.is_set():
            try:
                with translate_errors(), pool.connect(self._dsn, application=checks.BROKER_WATCH) as conn:
                    self._attend(conn)
            except StoreUnavailable as fault:
                log.warning("database away", extra={"error": str(fault)})
                self._stop.wait(_DATABASE_REST_S)

    def _attend(self, conn: Connection) -> None:
        conn.autocommit = True
        credentials.listen(conn)
        while not self._stop.is_set():
            self.look(conn)
            self._stop.wait(self._settings.rest_s)
            self._await(conn)

    def look(self, conn: Connection) -> None:
        """Writes what is not as it should be, and tells the broker; what fails is tried again at the next look."""
        try:
            if sync.write(conn, self._settings):
                self._must_tell = True
                log.info("the broker's files are written")
            if self._must_tell and reload.tell(self._settings):
                log.info("the broker is told")
            self._must_tell = False
            self._trouble = ""
            if self._settings.beat_file is not None:
                self._settings.beat_file.touch()
        except (OSError, reload.NotReloaded) as fault:
            if str(fault) != self._trouble:  # once, for it may last
                log.error("the broker does not know yet", extra={"error": str(fault)})
            self._trouble = str(fault)

    def _await(self, conn: Connection) -> None:
        """Waits for a notification, but no longer than a poll takes."""
        deadline = time.monotonic() + self._settings.poll_s
        while not self._stop.is_set() and time.monotonic() < deadline:
            if list(conn.notifies(timeout=_LISTEN_S, stop_after=1)):
                return
