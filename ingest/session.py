"""The worker's one database session: opened, locked, and opened again after every outage."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import psycopg

from ingest.config import IngestSettings
from ingest.metrics import Metrics
from ingest.retry import delays
from lighttrap import migrate
from lighttrap.errors import StoreError, StoreMismatch, StoreRejected, StoreUnavailable
from lighttrap.store import readings, session
from lighttrap.store.pool import Connection, connect, translate_errors

log = logging.getLogger(__name__)

IDLE = psycopg.pq.TransactionStatus.IDLE
PIPELINE_OFF = psycopg.pq.PipelineStatus.OFF

T = TypeVar("T")


class LockLost(Exception):
    """Another worker became active while this one was without the database."""


class Stopped(Exception):
    """The worker was told to stop while it waited for the database; nothing of the batch is stored or acked."""


class StoreSession:
    """A session that holds the advisory lock of this worker's client id, whenever it writes."""

    def __init__(self, settings: IngestSettings, metrics: Metrics, stop: threading.Event) -> None:
        self._settings = settings
        self._metrics = metrics
        self._stop = stop
        self._conn: Connection | None = None
        self.available = False
        self.opened_s = time.monotonic()
        """When the session in use began, in monotonic seconds."""
        self.beat_s = time.monotonic()

    @property
    def connection(self) -> Connection | None:
        """The session's connection; none while the database is away."""
        return self._conn

    def try_lock(self) -> bool:
        """Whether this session now is the active worker. Raises StoreUnavailable."""
        conn = self._conn
        if conn is None:
            conn, self.opened_s = self._open(), time.monotonic()
        try:
            with translate_errors():
                locked = session.try_lock(conn, self._settings.ingest.client_id)
                conn.commit()
        except StoreUnavailable:
            self.close()
            raise
        self._conn = conn
        self.available = True
        return locked

    def close(self) -> None:
        """Ends the session, and the lock with it."""
        conn, self._conn = self._conn, None
        self.available = False
        if conn is not None:
            with suppress(psycopg.Error):
                conn.close()

    def run(self, step: Callable[[Connection], T]) -> T:
        """Runs a step and commits, as often as it takes while the database is away.

        Raises StoreRejected and StoreMismatch from the step, with nothing stored; LockLost when another worker took
        over meanwhile; Stopped when told to stop meanwhile.
        """
        for delay_s in delays():
            try:
                return self.run_once(step)
            except StoreUnavailable as fault:
                self._note_unavailable(fault)
                self._metrics.retries.labels((fault.sqlstate or "none")[:2]).inc()
            if self._stop.wait(delay_s):
                break
        raise Stopped

    def run_once(self, step: Callable[[Connection], T]) -> T:
        """Runs a step and commits, without trying again. Raises what `run` raises, and StoreUnavailable."""
        self.beat_s = time.monotonic()
        if self._conn is None and not self.try_lock():
            self.close()
        conn = self._conn
        if conn is None:
            raise LockLost
        try:
            with translate_errors():
                result = step(conn)
                conn.commit()
        except (StoreRejected, StoreMismatch, StoreUnavailable) as fault:
            self._roll_back(conn, fault)
            raise
        if not self.available:
            log.info("database is back")
        self.available = True
        return result

    def _roll_back(self, conn: Connection, fault: StoreError) -> None:
        """Makes the session fit for the next try, or ends it.

        An error that the server did not send says nothing about what state the session is in: it may even hang.
        """
        if fault.sqlstate is None and isinstance(fault, StoreUnavailable):
            self.close()
            return
        with suppress(psycopg.Error):
            conn.rollback()
        if conn.closed or conn.info.transaction_status != IDLE or conn.info.pipeline_status != PIPELINE_OFF:
            self.close()

    def _note_unavailable(self, fault: StoreUnavailable) -> None:
        if self.available:
            log.warning("database is away; keeping the batch", extra={"sqlstate": fault.sqlstate, "error": str(fault)})
        self.available = False

    def _open(self) -> Connection:
        """A new session, fit to write. Raises StoreUnavailable, ConfigError, or StoreMismatch for a wrong schema."""
        conn = connect(self._settings.database.address(), application="lighttrap ingest")
        with translate_errors():
            session.require_durable(conn)
            if lacking := migrate.pending(conn):
                raise StoreMismatch(f"the database lacks {', '.join(lacking)}: run `lighttrap migrate`")
            readings.create_stage(conn)
            conn.commit()
        return conn
