"""The whole of `lighttrap up`: database, broker, migrations, ingest, API, notifier, simulated traps; tends them all."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from lighttrap import migrate, wholefile
from lighttrap.config import broker_parts
from lighttrap.errors import ConfigError, LightTrapError, StoreUnavailable
from lighttrap.store import pool
from lighttrap.up import account, binaries, broker, directory, fleet, ports, postgres, progress, stop, workers
from lighttrap.up.running import Addresses
from lighttrap.up.tree import Tree

_LOOK_EVERY_S = 0.2
_TELL_EVERY_S = 10.0
_READY_WITHIN_S = 60.0
# After a crash PostgreSQL replays its log before it answers.
_RECOVERED_WITHIN_S = 600.0


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What `lighttrap up` was asked for.

    With `db_dsn` or `broker_url` that server is used and none of ours is started. `simulate` is the number of traps,
    `history_days` the days made up for them at the first start. `exit_after_s` counts from ready.
    """

    data: Path = directory.DEFAULT
    port_base: int | None = None
    db_dsn: str | None = None
    broker_url: str | None = None
    simulate: int = 0
    history_days: int = 0
    seed: int = 1
    ready_file: Path | None = None
    exit_after_s: float | None = None


def run(options: UpOptions) -> int:
    """Runs everything until Ctrl-C, SIGTERM or `exit_after_s`, then stops it in reverse order. Returns the exit code.

    Only for the main thread. Raises LightTrapError with one sentence when something cannot start.
    """
    _check(options)
    request = stop.StopRequest()
    with stop.on_signals(request), directory.owned(options.data) as home:
        home.addresses.unlink(missing_ok=True)
        tree = Tree(home, request, say)
        try:
            up = _Up(options, home, tree, request)
            up.start_all()
            up.tend()
        except stop.Stopped:
            say("stopping")
        finally:
            home.addresses.unlink(missing_ok=True)
            tree.stop()
    say("stopped")
    return 0


def say(text: str) -> None:
    """Tells the user one line. Never fails: a closed terminal or a poor encoding must not end a child's log."""
    encoding = sys.stdout.encoding or "ascii"
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stdout.flush()


def _check(options: UpOptions) -> None:
    if options.simulate < 0 or options.history_days < 0:
        raise ConfigError("neither the number of simulated traps nor the days of history can be negative")
    if options.exit_after_s is not None and options.exit_after_s < 0:
        raise ConfigError("--exit-after cannot be negative")
    if options.ready_file:
        if not options.ready_file.absolute().parent.is_dir():
            raise ConfigError(f"the folder of --ready-file {options.ready_file} does not exist")
        options.ready_file.unlink(missing_ok=True)


class _Up:
    """One run: its steps in the order of `start_all`, then `tend`."""

    def __init__(self, options: UpOptions, home: directory.Directory, tree: Tree, request: stop.StopRequest) -> None:
        self._options = options
        self._home = home
        self._tree = tree
        self._request = request
        self._environ = dict(os.environ)
        self._secrets = home.secrets()
        self._tally = progress.Tally()
        self._lines: list[str] = []

    def start_all(self) -> None:
        """Starts everything and says where it serves."""
        own = ["database"] * (self._options.db_dsn is None) + ["broker"] * (self._options.broker_url is None)
        with contextlib.closing(
            ports.reserve([*own, "ingest", "api", "dashboard", "notify"], self._options.port_base)
        ) as block:
            db_dsn = self._options.db_dsn or self._start_database(block)
            broker_url = self._options.broker_url or self._start_broker(block)
            self._require_broker(broker_url)
            self._migrate(db_dsn)
            ingest_url = self._start_ingest(db_dsn, broker_url, block.release("ingest"))
            dashboard_url = f"http://{ports.HOST}:{block.number('dashboard')}"
            api_url = self._start_api(db_dsn, broker_url, block.release("api"), dashboard_url)
            notify_url = self._start_notifier(db_dsn, block.release("notify"))
            self._start_dashboard(api_url, block.release("dashboard"), dashboard_url)
        self._addresses = Addresses(
            self._home.root, db_dsn, broker_url, ingest_url, api_url, notify_url, dashboard_url, os.getpid()
        )  # fmt: skip
        if self._options.simulate:
            self._start_simulator(db_dsn, broker_url)
        self._announce()

    def tend(self) -> None:
        """Keeps all alive and tells how it goes. Ends by Stopped, or after the time that was asked for."""
        began = time.monotonic()
        tell_at = began + _TELL_EVERY_S
        limit_s = self._options.exit_after_s
        while limit_s is None or time.monotonic() < began + limit_s:
            self._request.wait(_LOOK_EVERY_S if limit_s is None else min(_LOOK_EVERY_S, limit_s))
            self._tree.tend()
            if time.monotonic() >= tell_at:
                tell_at += _TELL_EVERY_S
                self._tell()
        say(f"stopping, as asked, after {limit_s:g} s")

    def _start_database(self, block: ports.Ports) -> str:
        account.require_name()
        runs_as = self._server_account()
        folder = self._home.root / "postgres"
        programs = binaries.find(runs_as, self._home.root / "server", postgres.major_of(folder))
        cluster = postgres.Cluster(folder, programs, runs_as, self._secrets, block.number("database"))
        cluster.prepare()
        self._request.wait(0)
        block.release("database")
        self._tree.start(cluster.program(self._environ), cluster.answers, _RECOVERED_WITHIN_S)
        cluster.ensure_database()
        self._lines.append(f"database  {ports.HOST}:{cluster.port}, PostgreSQL {programs.version}")
        return cluster.dsn

    def _start_broker(self, block: ports.Ports) -> str:
        runs_as = self._server_account()
        port = block.number("broker")
        chosen = broker.choose(self._home.root / "broker", port, runs_as, self._environ.get("PATH", os.defpath))
        chosen.prepare()
        block.release("broker")
        self._tree.start(chosen.program(self._environ), lambda: broker.accepts(ports.HOST, port), _READY_WITHIN_S)
        self._lines.append(f"broker    mqtt://{ports.HOST}:{port}, {chosen.label}")
        if chosen.caution:
            self._lines.append(f"          {chosen.caution}")
        return f"mqtt://{ports.HOST}:{port}"

    def _server_account(self) -> account.Account | None:
        runs_as = account.unprivileged()
        account.require_reach(self._home.root, runs_as)
        return runs_as

    def _require_broker(self, url: str) -> None:
        parts = broker_parts(url)
        if not broker.accepts(parts.host, parts.port):
            raise LightTrapError(f"no broker answers at {parts.host}:{parts.port}")

    def _migrate(self, dsn: str) -> None:
        try:
            with contextlib.closing(pool.connect(dsn, application="lighttrap up")) as conn:
                migrate.migrate(conn)
        except StoreUnavailable as exc:
            raise LightTrapError(f"the database cannot be reached: {exc}") from exc

    def _start_ingest(self, dsn: str, broker_url: str, port: int) -> str:
        url = f"http://{ports.HOST}:{port}"
        client_id = self._secrets.ingest_client_id
        program = workers.ingest(
            self._environ, dsn=dsn, broker_url=broker_url, port=port, client_id=client_id,
            history_days=self._options.history_days,
        )  # fmt: skip
        self._tree.start(program, lambda: (progress.get(url, "/readyz") or (0,))[0] == 200, _READY_WITHIN_S)
        self._lines.append(f"ingest    {url}/metrics, /readyz, /healthz")
        return url

    def _start_api(self, dsn: str, broker_url: str, port: int, dashboard_url: str) -> str:
        url = f"http://{ports.HOST}:{port}"
        program = workers.api(
            self._environ, dsn=dsn, broker_url=broker_url, port=port, dashboard_url=dashboard_url
        )  # fmt: skip
        self._tree.start(program, lambda: (progress.get(url, "/readyz") or (0,))[0] == 200, _READY_WITHIN_S)
        self._lines.append(f"api       {url}/v1; the first account: lighttrap user add LOGIN --admin")
        return url

    def _start_notifier(self, dsn: str, port: int) -> str:
        url = f"http://{ports.HOST}:{port}"
        self._tree.start(workers.notifier(self._environ, dsn=dsn, port=port), lambda: True, _READY_WITHIN_S)
        self._lines.append(f"notify    {url}/metrics; tells of alerts, once a channel is set up: docs/alerts.md")
        return url

    def _start_dashboard(self, api_url: str, port: int, url: str) -> None:
        program = workers.dashboard(self._environ, api_url=api_url, port=port)
        self._tree.start(program, lambda: (progress.get(url, "/_stcore/health") or (0,))[0] == 200, _READY_WITHIN_S)
        self._lines.append(f"dashboard {url}")

    def _start_simulator(self, dsn: str, broker_url: str) -> None:
        number = self._options.simulate
        fleet.register(dsn, number)
        program = workers.simulator(
            self._environ,
            broker_url=broker_url,
            traps=number,
            seed=self._options.seed,
            history_days=self._options.history_days,
            state=self._home.root / "simulator.json",
        )
        self._lines.append(f"traps     {number} simulated, org {fleet.ORG}, one reading each {fleet.INTERVAL_S} s")
        self._tree.start(program, lambda: True, _READY_WITHIN_S)

    def _announce(self) -> None:
        document = self._addresses.to_json().encode()
        wholefile.replace(self._home.addresses, document)
        if self._options.ready_file:
            wholefile.replace(self._options.ready_file.absolute(), document)
        where = "" if self._home.root == directory.DEFAULT else f" --data {self._home.root}"
        say(f"lighttrap is up; its data is in {self._home.root}")
        for line in self._lines:
            say(f"  {line}")
        say("Try, in another terminal:")
        typed = sys.argv[0] if Path(sys.argv[0]).name == "lighttrap" else "lighttrap"
        for command in ("nights", "ledger", "doctor"):
            say(f"  {typed} {command}{where}")
        say("Ctrl-C stops it.")

    def _tell(self) -> None:
        answer = progress.get(self._addresses.ingest_url, "/metrics")
        if answer is None or answer[0] != 200:
            return say("ingest does not answer at the moment")
        new = self._tally.note(progress.stored_in(answer[1]))
        at = time.strftime("%H:%M:%S")
        return say(f"{at}  {self._tally.total:,} readings stored (+{new:,})")
