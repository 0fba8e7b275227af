"""The secured stack by hand: every program with the settings that docker-compose.yml gives it, no container."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from functools import partial

import httpx2
import psycopg
import pytest

from lighttrap.store import accounts, pool
from tests.fix_site import DOMAIN
from tests.fix_stack import LIGHTTRAP, PORTS, Stack, is_ready, is_well
from tests.services import Server, free_port, is_listening
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.db, pytest.mark.broker]


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
        "monitor": ("SELECT address FROM recipient_address", "SELECT FROM trap_credential", "DELETE FROM reading",
                    "SELECT text FROM delivery", "SELECT payload FROM quarantine", "SELECT name FROM field"),
    }  # fmt: skip
    assert [(role, one) for role, all_ in asked.items() for one in all_ if not _refuses(dsn[role], one)] == []
    given = {"app": "INSERT INTO audit (who, action, object_kind, object_id) VALUES ('x', 'add', 'x', 'x')",
             "broker": "SELECT FROM trap_credential", "monitor": "SELECT FROM trap_night"}  # fmt: skip
    assert [role for role, one in given.items() if _refuses(dsn[role], one)] == []


def test_reading_passes_from_a_provisioned_trap_to_the_table_and_a_standby_takes_over(stack: Stack):
    ports = [free_port(), free_port()]
    watch = stack.start("broker-watch", LIGHTTRAP_BROKER_FILES__BEAT_FILE=str(stack.beat))
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
    wait_until(lambda: all(map(is_listening, ports)) and stack.beat.exists(), within=60)
    stack.wait_until_let_in([code])
    _send(stack)
    assert stack.ask("SELECT count(*) FROM reading") == 1
    assert stack.ask("SELECT count(*) FROM quarantine") == 0
    active, standby = sorted(ports, key=is_ready, reverse=True)
    assert (is_ready(active), is_ready(standby)) == (True, False)
    workers[ports.index(active)].send(signal.SIGKILL)
    wait_until(lambda: is_ready(standby), within=10)
    _send(stack)
    assert stack.ask("SELECT count(*) FROM reading") == 2
    for one in (watch, workers[ports.index(standby)]):
        one.stop()
        assert one.process is not None
        assert one.process.returncode == 0


def _verdicts(stack: Stack, **settings: str) -> dict[str, str]:
    """What doctor says of the broker and of our programs, with the settings of the command line's container."""
    environ = stack.environment("tools", LIGHTTRAP_BACKUP__FOLDER=str(stack.site.folder / "backups"), **settings)
    done = subprocess.run([LIGHTTRAP, "doctor", "--format", "json"], env=environ, capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert done.returncode == 1
    return {one["what"]: one["verdict"] for one in json.loads(done.stdout)}


def test_doctor_sees_what_does_not_run(stack: Stack):
    ports = {name: free_port() for name in ("ingest", "ingest-standby")}
    urls = {"LIGHTTRAP_DOCTOR__INGEST_URLS": ",".join(f"http://127.0.0.1:{port}" for port in ports.values())}
    urls |= {f"LIGHTTRAP_DOCTOR__{name}_URL": "http://127.0.0.1:9" for name in ("NOTIFY", "API", "DASHBOARD")}
    found = _verdicts(stack, **urls)
    assert {found[name] for name in ("ingest", "notify", "api", "dashboard", "backup")} == {"bad"}
    assert found["broker"] == "ok"
    stack.run("broker-watch", "broker", "sync")
    for name, port in ports.items():
        stack.start(name, LIGHTTRAP_INGEST__METRICS_PORT=str(port))
    wait_until(lambda: any(map(is_ready, ports.values())) and all(map(is_listening, ports.values())), within=60)
    assert _verdicts(stack, **urls)["ingest"] == "ok"
    stack.broker.stop()
    assert _verdicts(stack, **urls)["broker"] == "bad"


OTHERS = ("api", "notify", "monitor", "dashboard")


def test_every_other_program_is_well_with_the_role_and_the_settings_of_its_container(stack: Stack):
    ports = {name: free_port() for name in OTHERS}
    folders = {"api": "secrets/api", "notify": "secrets/notify"}
    (stack.site.folder / "secrets/notify/LIGHTTRAP_NOTIFY__CONSOLE__IS_ON").write_text("true\n", encoding="utf-8")
    started = {}
    for name in OTHERS:
        more = {PORTS[name]: str(ports[name])}
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
        OTHERS, 0
    )


def _is_well_or_ended(program: Server, port: int, path: str) -> bool:
    return not program.is_running or is_well(port, path)


def _send(stack: Stack) -> None:
    """One reading of the trap, until it is confirmed as stored."""
    assert stack.simulate(LIGHTTRAP_SIMULATOR__TRAPS="1", LIGHTTRAP_SIMULATOR__ONCE="true").wait(60) == 0
