"""What the database tells: asked anew at each scrape, over one session, and nothing when it is away."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import psycopg
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from lighttrap.errors import StoreError
from lighttrap.monitor.asker import Asker
from lighttrap.monitor.metrics import DATABASE, filled
from lighttrap.store import figures, pool
from lighttrap.store.figures import Figure
from lighttrap.store.pool import Connection, translate_errors

log = logging.getLogger(__name__)


PATIENCE_S = 6.0
"""Less than Prometheus waits (10 s). That a stopped container has no name any more takes Docker 10 s to say."""


class DatabaseFigures(Collector):
    """Asks the database for its figures whenever somebody collects."""

    def __init__(self, dsn: str, silent_after_s: float, patience_s: float = PATIENCE_S) -> None:
        self._dsn = dsn
        self._patience_s = patience_s
        self._questions: dict[str, Callable[[Connection], Iterator[Figure]]] = {
            "server": figures.server,
            "timescale": figures.timescale,
            "fleet": partial(figures.fleet, silent_after_s=silent_after_s),
            "losses": figures.losses,
            "outbox": figures.outbox,
        }
        self._asker = Asker("database", self._ask)
        self._conn: Connection | None = None
        self._lock = threading.Lock()
        self.is_up = False

    def collect(self) -> Iterator[Metric]:
        """The figures of this moment; of a database that does not answer only that it is down."""
        with self._lock:
            began_s = time.perf_counter()
            found = self._answer()
            self.is_up = bool(found)
        own = [Figure("lighttrap_database_up", [], float(self.is_up))]
        if found:
            own.append(Figure("lighttrap_database_scrape_seconds", [], time.perf_counter() - began_s))
        yield from filled(DATABASE, own + found)

    def describe(self) -> Iterator[Metric]:
        """The metrics there are, without asking for any."""
        yield from filled(DATABASE, [])

    def _answer(self) -> list[Figure]:
        """What it answers in time."""
        try:
            return self._asker.answer(self._patience_s)
        except TimeoutError:
            log.warning("the database does not tell in time", extra={"waited_s": self._patience_s})
            return []

    def _ask(self) -> list[Figure]:
        try:
            with translate_errors():
                conn = self._session()
                return [figure for part in self._questions for figure in self._part(conn, part)]
        except StoreError as fault:
            log.warning("the database does not tell", extra={"error": str(fault), "sqlstate": fault.sqlstate})
            self.close()
            return []

    def _part(self, conn: Connection, part: str) -> list[Figure]:
        """One question, and whether it was answered: somebody's lock on one table must not look like a dead server."""
        told, is_unanswered = list[Figure](), False
        try:
            with translate_errors():
                told = list(self._questions[part](conn))
        except StoreError as fault:
            if conn.closed:
                raise
            is_unanswered = True
            log.warning(
                "the database does not answer", extra={"part": part, "error": str(fault), "sqlstate": fault.sqlstate}
            )
        conn.rollback()
        return [*told, Figure("lighttrap_monitor_unanswered", [part], float(is_unanswered))]

    def _session(self) -> Connection:
        if self._conn is None:
            self._conn = pool.connect(self._dsn, application="lighttrap monitor")
            figures.hurry(self._conn)
            self._conn.commit()
        return self._conn

    def close(self) -> None:
        """Ends the session; the next scrape opens another."""
        conn, self._conn = self._conn, None
        if conn is not None:
            with suppress(psycopg.Error):
                conn.close()
