"""The secured stack by hand: every program with the settings that docker-compose.yml gives it, no container."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from lighttrap.store import accounts, pool
from tests import compose
from tests.cluster import Cluster, reachable
from tests.fix_db import _binaries
from tests.fix_site import DOMAIN, IS_ROOT, ROOT, Site, SiteBroker
from tests.services import Server, free_port, is_listening, missing, server_folder
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.db, pytest.mark.broker]
LIGHTTRAP = Path(sys.executable).parent / "lighttrap"


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

    def account(self, service: str) -> dict[str, Any]:
        """Arguments of Popen that make a process the service's account."""
        uid, gid = map(int, compose.services()[service]["user"].split(":"))
        return {"user": uid, "group": gid, "extra_groups": []} if IS_ROOT and _is_readable() else {}

    def ask(self, statement: str) -> Any:  # noqa: ANN401 - any first value
        """The first value that the database answers."""
        with psycopg.connect(self.cluster.dsn("lighttrap")) as conn:
            row = conn.execute(statement.encode()).fetchone()
        return row and row[0]


def _is_readable() -> bool:
    """Whether other accounts can run our Python; below somebody's home they cannot."""
    try:
        tried = subprocess.run([sys.executable, "-c", "import lighttrap"], cwd="/", user=10_001, group=10_001,
                               extra_groups=[], capture_output=True, check=False)  # fmt: skip
    except PermissionError:
        return False
    return tried.returncode == 0


@pytest.fixture
def stack(site: Site, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A site whose database and broker run; its schema is migrated."""
    psql = shutil.which("psql")
    if psql is None:
        missing("no psql found")
    with ExitStack() as stack:
        place = stack.enter_context(reachable(_binaries(request.config)))
        cluster = SiteCluster(
            place, stack.enter_context(server_folder("site")), timescale=request.config.option.db_server == "timescale"
        )  # fmt: skip
        cluster.make()
        cluster.start()
        stack.callback(cluster.stop)
        words = ["--no-psqlrc", "--quiet", "--file", str(ROOT / "deploy/postgres/roles.sql"), cluster.dsn()]
        environ = {**os.environ, "LIGHTTRAP_ROLE_SECRETS": str(site.folder / "secrets")}
        for _ in "ab":  # the second time changes nothing
            done = subprocess.run([psql, *words], env=environ, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
        broker = SiteBroker(site)
        broker.start()
        stack.callback(broker.stop)
        made = Stack(site, cluster, broker, stack)
        made.run("migrate", "migrate")
        yield made


def _refuses(dsn: str, statement: str) -> bool:
    try:
        with psycopg.connect(dsn) as conn:
            conn.execute(statement.encode())
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction):
        return True
    return False


def test_role_may_what_its_program_does_and_no_more(stack: Stack):
    place = f"127.0.0.1:{stack.cluster.port}/lighttrap"
    roles = ("app", "broker", "monitor")
    dsn = {role: f"postgresql://lighttrap_{role}:{stack.site.secret('db_' + role)}@{place}" for role in roles}
    asked = {
        "app": ("UPDATE audit SET who = 'x'", "DELETE FROM audit", "DROP TABLE reading", "CREATE TABLE x (y int)",
                "DELETE FROM schema_migration"),
        "broker": ("SELECT address FROM recipient_address", "UPDATE trap SET name = 'x'", "SELECT FROM account"),
        "monitor": ("SELECT address FROM recipient_address", "SELECT FROM trap_credential", "DELETE FROM reading"),
    }  # fmt: skip
    assert [(role, one) for role, all_ in asked.items() for one in all_ if not _refuses(dsn[role], one)] == []
    given = {"app": "INSERT INTO audit (who, action, object_kind, object_id) VALUES ('x', 'add', 'x', 'x')",
             "broker": "SELECT FROM trap_credential", "monitor": "SELECT FROM trap_night_state"}  # fmt: skip
    assert [role for role, one in given.items() if _refuses(dsn[role], one)] == []


def test_reading_passes_from_a_provisioned_trap_to_the_table_and_a_standby_takes_over(stack: Stack):
    ports = [free_port(), free_port()]
    watch = stack.start("broker-watch", LIGHTTRAP_BROKER_FILES__BEAT_FILE=str(_beat(stack)))
    workers = [
        stack.start(name, LIGHTTRAP_INGEST__METRICS_PORT=str(port))
        for name, port in zip(("ingest", "ingest-standby"), ports, strict=True)
    ]
    public = {"LIGHTTRAP_PUBLIC_BROKER__URL": f"mqtts://localhost:{stack.broker.port}"}
    stack.run("tools", "trap", "add", "sim-00001", "--org", "demo")
    code = stack.run("tools", "trap", "provision", "sim-00001", "--text", **public)
    codes = stack.site.folder / "simulator/codes"
    codes.write_text(code)
    codes.chmod(0o644)
    wait_until(lambda: all(map(is_listening, ports)) and _beat(stack).exists(), within=60)
    _send(stack)
    assert stack.ask("SELECT count(*) FROM reading") == 1
    assert stack.ask("SELECT count(*) FROM quarantine") == 0
    active, standby = sorted(ports, key=_is_ready, reverse=True)
    assert (_is_ready(active), _is_ready(standby)) == (True, False)
    workers[ports.index(active)].send(signal.SIGKILL)
    wait_until(lambda: _is_ready(standby), within=10)
    _send(stack)
    assert stack.ask("SELECT count(*) FROM reading") == 2
    for one in (watch, workers[ports.index(standby)]):
        one.stop()
        assert one.process is not None
        assert one.process.returncode == 0


PORTS = {
    "api": "LIGHTTRAP_API__PORT",
    "notify": "LIGHTTRAP_NOTIFY__METRICS_PORT",
    "monitor": "LIGHTTRAP_MONITOR__METRICS_PORT",
    "dashboard": "LIGHTTRAP_DASHBOARD__PORT",
}


def test_every_other_program_is_well_with_the_role_and_the_settings_of_its_container(stack: Stack):
    ports = {name: free_port() for name in PORTS}
    folders = {"api": "secrets/api", "notify": "secrets/notify"}
    (stack.site.folder / "secrets/notify/LIGHTTRAP_NOTIFY__CONSOLE__IS_ON").write_text("true\n", encoding="utf-8")
    started = {}
    for name, setting in PORTS.items():
        more = {setting: str(ports[name])}
        if name in folders:
            more["LIGHTTRAP_SECRETS"] = str(stack.site.folder / folders[name])
        started[name] = stack.start(name, **more)
    for name, path in {
        "api": "/readyz",
        "notify": "/readyz",
        "monitor": "/healthz",
        "dashboard": "/_stcore/health",
    }.items():
        wait_until(partial(_is_well_or_ended, started[name], ports[name], path), within=60)
        assert started[name].is_running, started[name].output()
    assert "console" in started["notify"].output()
    with pool.connect(stack.cluster.dsn("lighttrap")) as conn:
        accounts.add_account(conn, "lan", "Lan", "ba con trâu trắng", is_admin=True)
    came_in = httpx2.post(
        f"http://127.0.0.1:{ports['api']}/login", data={"login": "lan", "password": "ba con trâu trắng"}
    )  # fmt: skip
    assert came_in.status_code == 303
    assert came_in.headers["Location"] == f"https://{DOMAIN}"
    told = httpx2.get(f"http://127.0.0.1:{ports['monitor']}/metrics", timeout=30).text
    assert re.search(r"(?m)^lighttrap_database_up 1", told)
    assert re.search(r"(?m)^lighttrap_broker_up 1", told)
    for program in started.values():
        program.stop()
    assert {name: program.process and program.process.returncode for name, program in started.items()} == dict.fromkeys(
        PORTS, 0
    )


def _beat(stack: Stack) -> Path:
    return stack.site.folder / "broker/beat"


def _is_ready(port: int) -> bool:
    return _is_well(port, "/readyz")


def _is_well(port: int, path: str) -> bool:
    asked = [sys.executable, str(ROOT / "deploy/healthcheck.py"), f"http://127.0.0.1:{port}{path}"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def _is_well_or_ended(program: Server, port: int, path: str) -> bool:
    return not program.is_running or _is_well(port, path)


def _send(stack: Stack) -> None:
    """One reading of the trap, until it is confirmed as stored."""
    own = {
        "LIGHTTRAP_SIMULATOR__CONNECT_CODES": str(stack.site.folder / "simulator/codes"),
        "LIGHTTRAP_SIMULATOR__TRAPS": "1",
    }
    environ = stack.environment("simulator", **own)
    environ.pop("LIGHTTRAP_SIMULATOR__STATE")
    words = [sys.executable, "-m", "simulator", "run", "--once"]
    done = subprocess.run(words, env=environ, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
