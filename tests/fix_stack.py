"""The secured stack by hand: every program with the settings that docker-compose.yml gives it, no container."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests import compose
from tests.cluster import Cluster, reachable
from tests.fix_db import _binaries, timescale_wanted
from tests.fix_secured import Login
from tests.fix_site import IS_ROOT, ROOT, Site, SiteBroker
from tests.services import Server, missing, server_folder
from tests.waiting import wait_until

LIGHTTRAP = Path(sys.executable).parent / "lighttrap"
PORTS = {
    "ingest": "LIGHTTRAP_INGEST__METRICS_PORT",
    "ingest-standby": "LIGHTTRAP_INGEST__METRICS_PORT",
    "api": "LIGHTTRAP_API__PORT",
    "notify": "LIGHTTRAP_NOTIFY__METRICS_PORT",
    "monitor": "LIGHTTRAP_MONITOR__METRICS_PORT",
    "dashboard": "LIGHTTRAP_DASHBOARD__PORT",
}
"""By service: the setting of the port at which its health check asks."""


class SiteCluster(Cluster):
    """A database server as the container makes it: passwords for all, and a superuser of its own."""

    password = "superuser of tests"

    def make(self) -> None:
        """Makes its folder."""
        file = self.data.parent / "superuser"
        file.write_text(self.password)
        file.chmod(0o644)
        self.initialise("-U", "postgres", "-A", "scram-sha-256", f"--pwfile={file}")

    def dsn(self, name: str = "postgres") -> str:
        """The superuser's connection string of one database."""
        return f"postgresql://postgres:{self.password.replace(' ', '%20')}@127.0.0.1:{self.port}/{name}"


@dataclass(frozen=True)
class Door:
    """Where the broker is, as `Login` wants to know it."""

    host: str
    port: int
    ca: Path


@dataclass
class Stack:
    """A site with its database and its broker, both running, and what else was started."""

    site: Site
    cluster: SiteCluster
    broker: SiteBroker
    stack: ExitStack

    def environment(self, service: str, **more: str) -> dict[str, str]:
        """What the service gets, for this machine."""
        elsewhere = {
            "timescaledb:5432": f"127.0.0.1:{self.cluster.port}",
            "mosquitto:8883": f"localhost:{self.broker.port}",
            "/run/secrets/broker_ca": str(self.site.folder / "tls/ca.pem"),
            "/run/secrets": str(self.site.folder / "secrets"),
            "/broker/": f"{self.site.folder}/broker/",
            "0.0.0.0": "127.0.0.1",  # noqa: S104 - to be replaced
        }
        made = compose.environment(service, self.site.folder, elsewhere)
        return {"PATH": os.environ["PATH"], "HOME": "/tmp", **made, **more}  # noqa: S108 - as in the image

    def run(self, service: str, *words: str, **more: str) -> str:
        """What a command of a service prints, once it has ended well."""
        done = subprocess.run(
            [LIGHTTRAP, *words], env=self.environment(service, **more), cwd="/", capture_output=True, text=True,
            check=False, **self.account(service),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return str(done.stdout)

    def start(self, service: str, **more: str) -> Server:
        """Starts a service by its own command."""
        command = compose.services()[service]["command"]
        log = self.site.folder.parent / f"{service}.log"
        made = Server([LIGHTTRAP, *command], log, self.environment(service, **more))
        made.launch(cwd="/", **self.account(service))
        self.stack.callback(made.kill)
        return made

    def simulate(self, **settings: str) -> subprocess.Popen[bytes]:
        """Starts the simulator with the traps of the site's codes, as a fleet without a memory of its own."""
        codes = str(self.site.folder / "simulator/codes")
        environ = self.environment("simulator", LIGHTTRAP_SIMULATOR__CONNECT_CODES=codes, **settings)
        environ.pop("LIGHTTRAP_SIMULATOR__STATE")
        made = subprocess.Popen([sys.executable, "-m", "simulator", "run"], env=environ, cwd=ROOT)
        self.stack.callback(made.kill)
        return made

    def log_in(self, user: str | None, secret: str | None, **options: Any) -> Login:  # noqa: ANN401 - Login's own
        """A client at the broker, by TLS; it tries once."""
        door: Any = Door("localhost", self.broker.port, self.site.folder / "tls/ca.pem")
        made = Login(door, user, secret, insists=False, **options)
        self.stack.callback(made.close)
        return made

    def wait_until_let_in(self, codes: Iterable[str]) -> None:
        """Waits until the broker has heard of the traps with these connect codes."""
        for login in map(urlsplit, codes):
            wait_until(lambda login=login: self._lets_in(login.username, login.password), within=60)  # type: ignore[misc]

    def _lets_in(self, user: str, secret: str) -> bool:
        tried = self.log_in(user, secret)
        is_in = tried.is_in()
        tried.close()
        return is_in

    @property
    def beat(self) -> Path:
        """The file by which the watch of the broker's files says that it is alive."""
        return self.site.folder / "broker/beat"

    def account(self, service: str) -> dict[str, Any]:
        """Arguments of Popen that make a process the service's account."""
        uid, gid = map(int, compose.services()[service]["user"].split(":"))
        return {"user": uid, "group": gid, "extra_groups": []} if IS_ROOT and _is_readable() else {}

    def ask(self, statement: str) -> Any:  # noqa: ANN401 - any first value
        """The first value that the database answers."""
        with psycopg.connect(self.cluster.dsn("lighttrap")) as conn:
            row = conn.execute(statement.encode()).fetchone()
        return row and row[0]


def is_ready(port: int) -> bool:
    """Whether a program does its work, and is no standby."""
    return is_well(port, "/readyz")


def is_well(port: int, path: str) -> bool:
    """What the health check of a service says."""
    asked = [sys.executable, str(ROOT / "deploy/healthcheck.py"), f"http://127.0.0.1:{port}{path}"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def _is_readable() -> bool:
    """Whether other accounts can run our Python; below somebody's home they cannot."""
    try:
        tried = subprocess.run([sys.executable, "-c", "import lighttrap"], cwd="/", user=10_001, group=10_001,
                               extra_groups=[], capture_output=True, check=False)  # fmt: skip
    except PermissionError:
        return False
    return tried.returncode == 0


@contextmanager
def a_server(config: pytest.Config, site: Site) -> Iterator[SiteCluster]:
    """A database server with a site's roles and its empty database, as the container makes it at first."""
    psql = shutil.which("psql")
    if psql is None:
        missing("no psql found")
    with reachable(_binaries(config)) as place, server_folder("site") as folder:
        cluster = SiteCluster(place, folder, timescale=timescale_wanted(config))
        cluster.make()
        cluster.start()
        try:
            words = ["--no-psqlrc", "--quiet", "--file", str(ROOT / "deploy/postgres/roles.sql"), cluster.dsn()]
            environ = {**os.environ, "LIGHTTRAP_ROLE_SECRETS": str(site.folder / "secrets")}
            for _ in "ab":  # the second time changes nothing
                done = subprocess.run([psql, *words], env=environ, capture_output=True, text=True, check=False)
                assert done.returncode == 0, done.stderr
            yield cluster
        finally:
            cluster.stop()


@pytest.fixture
def stack(site: Site, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A site whose database and broker run; its schema is migrated."""
    with ExitStack() as stack:
        cluster = stack.enter_context(a_server(request.config, site))
        broker = SiteBroker(site)
        broker.start()
        stack.callback(broker.stop)
        made = Stack(site, cluster, broker, stack)
        made.run("migrate", "migrate")
        yield made
