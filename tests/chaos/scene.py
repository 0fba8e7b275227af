"""One trial's stage: a fresh database and broker, a fleet of traps, and the workers that a fault starts."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime

import psycopg

from lighttrap.backup import dump, restore
from lighttrap.backup.manifest import Manifest
from lighttrap.store import pool
from tests.builders import a_trap
from tests.chaos.cable import Cable, cable_to
from tests.chaos.disk import SmallDisk, database_on, small_disk
from tests.chaos.fault import Fault
from tests.chaos.fleet import LINES, TRAPS, Fleet
from tests.chaos.journal import Journal
from tests.chaos.programs import ChaosIngest, GuardedBroker
from tests.chaos.site import Site
from tests.cluster import Cluster, Databases
from tests.fix_broker import Broker
from tests.fix_proxy import Proxy, proxy_to, through
from tests.services import server_folder
from tests.waiting import wait_until

CLIENT_ID = "lighttrap-ingest"
THIEF = "thief"
QUICK = {
    "LIGHTTRAP_INGEST__STORED_INTERVAL_S": "0.1",
    "LIGHTTRAP_INGEST__BATCH_S": "0.05",
    "LIGHTTRAP_INGEST__BATCH_MESSAGES": "200",
    "LIGHTTRAP_INGEST__STANDBY_POLL_S": "0.2",
}
STEADY_S = 3.0
_NOT_ASKED = """
    SELECT (SELECT coalesce(sum(seq_count(missing_seqs(stored + rejected + gone, sent_upto))), 0) FROM ledger)
           - (SELECT coalesce(sum(seq_count(missing)), 0) FROM gap WHERE closed_at IS NULL AND asked > 0)
"""
"""Readings that are known to be missing, less those of gaps that were asked for."""


class Scene:
    """What a fault may use: `fleet` sends, `start_ingest` starts workers, the rest can be hurt."""

    def __init__(self, site: Site, fault: Fault, worker: str, rng: random.Random, scale: int, stack: ExitStack) -> None:
        self.rng = rng
        self.scale = scale
        self.complaints: list[str] = []
        self.proxies: dict[str, Proxy] = {}
        self.cables: dict[str, Cable] = {}
        self._fault = fault
        self._worker = worker
        self._stack = stack
        self._workers: list[ChaosIngest] = []
        self._folder = stack.enter_context(server_folder("trial"))
        self.disk = stack.enter_context(small_disk()) if fault.small_disk else None
        self.site = self._site_with_own_wal(site, self.disk) if self.disk and fault.small_disk == "wal" else site
        self.dsn = self._make_database()
        self.broker = self._make_broker()
        self.fleet = self._make_fleet()
        self._make_proxies()

    # -- hurting ---------------------------------------------------------------------------------------------------

    def start_ingest(self, point: str | None = None, at: int = 1, *, ready: bool = True) -> ChaosIngest:
        """Starts a worker, which dies at `point` passed for the `at`-th time."""
        dsn, url = self.dsn, self._url_of(CLIENT_ID)
        legs = {**self.proxies, **self.cables}
        if "database" in legs:
            dsn = through(legs["database"], dsn)
        if "broker" in legs:
            url = through(legs["broker"], url)
        log = self._folder / f"ingest-{len(self._workers)}.log"
        made = ChaosIngest(self._worker, dsn, url, {**QUICK, **self._fault.settings}, log)
        made.arm(point, at)
        self._workers.append(made)
        self._stack.callback(made.kill)
        made.start()
        if ready:
            made.wait_until_ready()
        made.arm(None)
        return made

    def load(self, number: int) -> AbstractContextManager[None]:
        """Sends so many new readings, times the scale, steadily while the body runs."""
        return self.fleet.load(self.fleet.readings(number * self.scale))

    def wait_until_stored(self, number: int) -> None:
        """Waits until the database holds so many readings."""
        wait_until(lambda: self.stored() >= number, within=60)

    def kill_broker(self, *, wipe: bool = False) -> None:
        """Kills the broker, and its disk with `wipe`, and starts it again."""
        self.broker.kill()
        wait_until(lambda: not any(line.connected for line in self.fleet.lines), within=30)
        self.fleet.journal.broker_died()
        if wipe:
            self.broker.forget()
        self.broker.start()
        wait_until(lambda: all(line.connected for line in self.fleet.lines), within=30)

    def take_backup(self) -> Manifest:
        """Takes a backup, whatever else goes on."""
        return dump.take(self.dsn, self._folder)[1]

    def restore(self, backup: Manifest, databases: Databases | None = None) -> None:
        """Loses the database and puts a backup back into another; what traps were told before counts no more."""
        databases = databases or self.site.databases
        self.fleet.journal.broker_died()
        self._drop_database(self.dsn)
        self.dsn = databases.empty()
        self._stack.callback(databases.drop, self.dsn)
        for ring in self.fleet.rings.values():
            ring.highest_told = 0
        restore.restore(self._folder / backup.file, self.dsn)

    def wait_until_asked(self) -> int:
        """Waits until every reading that is missing is asked for, once traps said how far they count; how many."""
        at = self.fleet.greet()
        wait_until(lambda: self._greeted(at), equals=TRAPS, within=60)
        wait_until(lambda: self._ask(_NOT_ASKED), equals=0, within=30)
        return self._ask("SELECT sum(seq_count(missing)) FROM gap WHERE closed_at IS NULL")

    @contextmanager
    def locked_table(self) -> Iterator[None]:
        """Keeps every batch waiting, and nothing else: whoever only reads passes."""
        with psycopg.connect(self.dsn) as conn:
            conn.execute("LOCK TABLE trap_night IN SHARE ROW EXCLUSIVE MODE")
            yield
            conn.rollback()

    def complain(self, what: str) -> None:
        """Notes something that must not be, besides what the ledgers show."""
        self.complaints.append(what)

    # -- looking ---------------------------------------------------------------------------------------------------

    def stored(self) -> int:
        """Readings in the database; -1 while it does not answer."""
        return self._ask("SELECT count(*) FROM reading")

    @property
    def ingest(self) -> ChaosIngest:
        """The worker that works, or the one that was started last."""
        return next((worker for worker in self._workers if worker.is_ready()), self._workers[-1])

    @property
    def ended_by_themselves(self) -> int:
        """How often a worker had to be started again because it ended by itself."""
        return sum(worker.ended_by_itself for worker in self._workers)

    def settle(self) -> None:
        """Waits until all is handled: a greeting sent after everything is known, and all that must be stored is.

        When that does not come, it waits until nothing has moved for a while.
        """
        self.fleet.wait_until_taken()
        account = self.fleet.journal.account()
        wanted = len(account.sent.keys() - account.unsure)
        wait_until(self._is_ready, within=60)
        at = self.fleet.greet()
        wait_until(lambda: (self._is_ready(), self._greeted(at)), equals=(True, TRAPS), within=60)
        steady = Steady(STEADY_S)
        wait_until(lambda: self.stored() >= wanted or steady.holds(self._state()), within=90)

    def unaccounted(self) -> int:
        """Received messages of the worker now running that it has not counted as stored, duplicate, or else."""
        ingest = self.ingest
        return int(ingest.metric("lighttrap_ingest_received_total") - ingest.metric("lighttrap_ingest_messages_total"))

    def words(self) -> str:
        """The ends of the workers' logs, for a person who looks for the reason."""
        return "\n".join(worker.output()[-2000:] for worker in self._workers)

    def _is_ready(self) -> bool:
        for worker in self._workers[-1:]:
            worker.restart_if_ended()
        return any(worker.is_ready() for worker in self._workers)

    def _greeted(self, at: datetime) -> int:
        return self._ask("SELECT count(*) FROM trap_status WHERE said_at >= %s", at)

    def _state(self) -> tuple[object, ...]:
        received = self.ingest.metric("lighttrap_ingest_received_total")
        return self._is_ready(), self.stored(), self._ask("SELECT sum(times) FROM quarantine"), received

    def _ask(self, query: str, *values: object) -> int:
        try:
            with psycopg.connect(self.dsn, connect_timeout=2, autocommit=True) as conn:
                row = conn.execute(query.encode(), values or None).fetchone()
        except psycopg.OperationalError:
            return -1
        return int(row[0] or 0) if row else 0

    # -- building --------------------------------------------------------------------------------------------------

    def _site_with_own_wal(self, site: Site, disk: SmallDisk) -> Site:
        """A site with a server of this trial only, whose write-ahead log lies on the small disk."""
        cluster = Cluster(site.cluster.place, self._folder)
        cluster.initialise("--waldir", str(disk.folder / "wal"), "--wal-segsize", "1")
        self._stack.callback(cluster.stop)
        cluster.start()
        return Site(cluster, Databases(cluster.dsn()), site.mosquitto)

    def _make_database(self) -> str:
        dsn = self.site.databases.clone()
        self._stack.callback(self._drop_database, dsn)
        if self._fault.small_disk == "database":
            assert self.disk is not None
            moved = database_on(self.disk, self.site.databases.admin_dsn, dsn.rpartition("/")[2])
            self._stack.enter_context(moved)
        return dsn

    def _drop_database(self, dsn: str) -> None:
        if not self.site.cluster.is_running:
            self.site.cluster.start()
        self.site.databases.drop(dsn)

    def _make_broker(self) -> Broker:
        if self._fault.logins:
            names = (CLIENT_ID, THIEF, *_line_names())
            broker: Broker = GuardedBroker(self.site.mosquitto, self._folder, names)
        else:
            state = self.disk.folder if self.disk and self._fault.small_disk == "broker" else None
            broker = Broker(self.site.mosquitto, self._folder, state)
        broker.start()
        self._stack.callback(broker.stop)
        return broker

    def _make_fleet(self) -> Fleet:
        journal = Journal(self._folder / "journal.jsonl")
        fleet = Fleet([self._url_of(name) for name in _line_names()], journal, self.rng)
        self._stack.callback(fleet.close)
        with pool.connect(self.dsn) as conn:
            for trap_id in fleet.rings:
                a_trap(conn, trap_id)
        return fleet

    def _make_proxies(self) -> None:
        ports = {"broker": self.broker.port, "database": self.site.cluster.port}
        for leg in self._fault.proxied:
            self.proxies[leg] = self._stack.enter_context(proxy_to("127.0.0.1", ports[leg]))
        for leg in self._fault.cabled:
            self.cables[leg] = self._stack.enter_context(cable_to("127.0.0.1", ports[leg]))

    def _url_of(self, name: str) -> str:
        return self.broker.url_of(name) if isinstance(self.broker, GuardedBroker) else self.broker.url


class Steady:
    """Tells when something has stayed the same for so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last: object = None
        self._since_s = time.monotonic()

    def holds(self, state: object) -> bool:
        """Takes in what is now; whether it has not changed for long enough."""
        if state != self._last:
            self._last, self._since_s = state, time.monotonic()
        return time.monotonic() - self._since_s >= self._seconds


def _line_names() -> tuple[str, ...]:
    return tuple(f"fleet-{place}" for place in range(LINES))
