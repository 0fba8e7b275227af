"""The servers of a bench run, as `lighttrap up` sets them up, on this machine's disk."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from lighttrap import migrate, topics
from lighttrap.store import orgs, pool, traps
from lighttrap.up import account, binaries, broker, postgres
from lighttrap.up.child import Program
from lighttrap.up.directory import Secrets

CLIENT_ID = "bench-ingest"
ORG = "bench"
LOOK_EVERY_S = 0.1
"""Looking costs the one who is looked at: answering for its metrics takes a worker the time of a hundred readings."""


@dataclass(frozen=True, slots=True)
class Servers:
    """A running database and broker, with `traps` registered traps."""

    dsn: str
    broker_port: int
    label: str
    trap_ids: list[str]


@contextmanager
def servers(port_base: int, number_of_traps: int, place: Path | None = None) -> Iterator[Servers]:
    """A fresh PostgreSQL, of the programs in `place` or of those of `lighttrap up`, and a broker; gone afterwards."""
    runs_as = account.unprivileged()
    with tempfile.TemporaryDirectory(prefix="lighttrap-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        secrets = Secrets("bench", "bench", CLIENT_ID)
        programs = _programs_in(place) if place else binaries.find(runs_as, folder / "server", None)
        cluster = postgres.Cluster(folder / "postgres", programs, runs_as, secrets, port_base)
        cluster.prepare()
        chosen = broker.choose(folder / "broker", port_base + 1, runs_as, os.environ.get("PATH", os.defpath))
        chosen.prepare()
        listens = lambda: broker.accepts("127.0.0.1", port_base + 1)  # noqa: E731
        database = cluster.program(os.environ)
        options = ["track_commit_timestamp=on", *_timescale_options(programs.bin)]
        database = replace(database, argv=(*database.argv, *(word for one in options for word in ("-c", one))))
        with _running(database, cluster.answers), _running(chosen.program(os.environ), listens):
            cluster.ensure_database()
            ids = topics.numbered_trap_ids("bench", number_of_traps)
            _register(cluster.dsn, ids)
            label = ", ".join([f"PostgreSQL {programs.version}", *_extension(programs.bin), chosen.label])
            yield Servers(cluster.dsn, port_base + 1, label, ids)


def _programs_in(place: Path) -> binaries.Installation:
    version = binaries.version_of(place, account.unprivileged())
    if version is None:
        raise RuntimeError(f"no PostgreSQL in {place} that {account.NAME} can run")
    return binaries.Installation(place, version)


def _extension(place: Path) -> list[str]:
    """TimescaleDB's name and version, when it stands beside the server; `tsl` has the columnstore."""
    return sorted(path.stem for path in (place.parent / "lib").glob("timescaledb-*[0-9].so"))


def _timescale_options(place: Path) -> list[str]:
    found = _extension(place)
    licence = "timescale" if any("tsl" in name for name in found) else "apache"
    preload = ["shared_preload_libraries=timescaledb", "timescaledb.telemetry_level=off"]
    return [*preload, f"timescaledb.license={licence}"] if found else []


def _register(dsn: str, ids: list[str]) -> None:
    with pool.connect(dsn) as conn:
        migrate.migrate(conn)
    register(dsn, ORG, ids)


def register(dsn: str, org: str, ids: list[str]) -> None:
    """Registers traps of an org."""
    with pool.connect(dsn) as conn:
        orgs.ensure_org(conn, org)
        for trap_id in ids:
            traps.register_trap(conn, trap_id=trap_id, org_id=org)


@contextmanager
def _running(program: Program, ready: Callable[[], bool]) -> Iterator[None]:
    identity = account.identity(program.account)
    process = subprocess.Popen(
        program.argv,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **identity,
    )
    try:
        wait_for(ready, 60, process)
        yield
    finally:
        process.send_signal(program.stop_with[0])
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(
    ready: Callable[[], bool], within_s: float, process: subprocess.Popen[bytes] | None = None, every_s: float = 0.02
) -> None:
    """Waits until something is so, looking every so often. Raises RuntimeError when it does not come."""
    deadline = time.monotonic() + within_s
    while not ready():
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise RuntimeError("it did not come in time")
        time.sleep(every_s)


def cpu_of(pid: int) -> float:
    """Processor time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Ingest:
    """A worker process on the bench's servers."""

    def __init__(self, servers: Servers, port: int, client_id: str = CLIENT_ID, org: str = "+") -> None:
        self._url = f"http://127.0.0.1:{port}"
        environ = {
            **os.environ,
            "LIGHTTRAP_DATABASE__DSN": servers.dsn,
            "LIGHTTRAP_BROKER__URL": f"mqtt://127.0.0.1:{servers.broker_port}",
            "LIGHTTRAP_INGEST__CLIENT_ID": client_id,
            "LIGHTTRAP_INGEST__ORG": org,
            "LIGHTTRAP_INGEST__METRICS_PORT": str(port),
            "LIGHTTRAP_LOG__LEVEL": "WARNING",
        }
        self._process = subprocess.Popen([sys.executable, "-m", "ingest"], env=environ)

    def metric(self, line_start: str) -> float:
        """A metric's value; 0 while the worker does not answer."""
        with suppress(OSError), urllib.request.urlopen(f"{self._url}/metrics", timeout=5) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(line_start + " "):
                    return float(line.rpartition(" ")[2])
        return 0.0

    def stored(self) -> int:
        """Readings stored since its start."""
        return int(self.metric('lighttrap_ingest_messages_total{result="stored"}'))

    def wait_until_ready(self) -> None:
        """Waits until it has subscribed."""

        def ready() -> bool:
            with suppress(OSError), urllib.request.urlopen(f"{self._url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
            return False

        wait_for(ready, 30, self._process)

    def peak_rss_mb(self) -> float:
        """Highest memory so far, in megabytes (10^6 bytes)."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
        return 0.0

    def cpu_s(self) -> float:
        """Processor time used so far, in seconds."""
        return cpu_of(self._process.pid)

    def stop(self) -> None:
        """Ends it and waits."""
        self._process.terminate()
        self._process.wait(30)
