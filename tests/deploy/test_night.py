"""Nights pass through the whole secured stack, from a trap's login to a restored backup, and a rogue gets nowhere.

Everything is as `lighttrap init` and docker-compose.yml make it, but that no container is between the programs.
"""

from __future__ import annotations

import re
import signal
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from lighttrap.store import accounts, pool, traps
from tests.builders import a_reading, a_topic
from tests.fix_caddy import Caddy
from tests.fix_secured import Login
from tests.fix_stack import PORTS, Stack, a_server, is_ready, is_well
from tests.ledger_check import balance
from tests.services import Server, free_port
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.db, pytest.mark.broker]

ORG = "demo"
TRAPS = ("sim-00001", "sim-00002", "sim-00003")
THIEF = "sim-00666"
# Nights of longer ago are kept, and nobody is told of them.
DAYS = 2
INTERVAL_S = 60
PASSWORD = "ba con trâu trắng"
WORKERS = ("ingest", "ingest-standby")
PAST = {
    "LIGHTTRAP_SIMULATOR__TRAPS": str(len(TRAPS)),
    "LIGHTTRAP_SIMULATOR__HISTORY_DAYS": str(DAYS),
    "LIGHTTRAP_SIMULATOR__HISTORY_INTERVAL_S": str(INTERVAL_S),
    "LIGHTTRAP_SIMULATOR__FAST": "true",
    "LIGHTTRAP_SIMULATOR__TIMEOUT_S": "120",
}


def provision(stack: Stack) -> dict[str, str]:
    """Registers the traps in fields under a rule, and somebody to tell; returns the traps' secrets."""
    public = {"LIGHTTRAP_PUBLIC_BROKER__URL": f"mqtts://localhost:{stack.broker.port}"}
    codes = {}
    for trap_id in (*TRAPS, THIEF):
        stack.run("tools", "field", "add", f"field-{trap_id}", "--org", ORG, "--name", f"Ruộng {trap_id}")
        stack.run("tools", "trap", "add", trap_id, "--org", ORG)
        codes[trap_id] = stack.run("tools", "trap", "provision", trap_id, "--text", **public)
    words = ("--org", ORG, "--author", "Lan", "--watch", "1", "--warning", "50", "--alarm", "5000")
    stack.run("tools", "rule", "set", "nephotettix-spp", *words)
    who = ("Lan", "--org", ORG, "--kind", "staff", "--address", "console=lan", "--quiet", "none")
    added = stack.run("tools", "recipient", "add", *who)
    found = re.search(r"\d+", added)
    assert found
    stack.run("tools", "subscribe", found[0])
    file = stack.site.folder / "simulator/codes"
    file.write_text("".join(codes[trap_id] for trap_id in TRAPS))
    file.chmod(0o644)
    stack.wait_until_let_in(codes.values())
    with pool.connect(stack.cluster.dsn("lighttrap")) as conn:
        # The command stands a trap in its field from now on; these nights are over.
        for trap_id in codes:
            since = datetime.now(UTC) - timedelta(days=2 * DAYS)
            traps.deploy(conn, trap_id=trap_id, field_id=f"field-{trap_id}", at=since)
        accounts.add_account(conn, "lan", "Lan", PASSWORD, is_admin=True)
    return {trap_id: code.split(":")[2].partition("@")[0] for trap_id, code in codes.items()}


def start_programs(stack: Stack) -> tuple[dict[str, Server], dict[str, int]]:
    """Every program of ours, by the command of its service; and their ports."""
    (stack.site.folder / "secrets/notify/LIGHTTRAP_NOTIFY__CONSOLE__IS_ON").write_text("true\n", encoding="utf-8")
    ports = {name: free_port() for name in PORTS}
    more = {name: {setting: str(ports[name])} for name, setting in PORTS.items()}
    for name in ("api", "notify"):
        more[name]["LIGHTTRAP_SECRETS"] = str(stack.site.folder / "secrets" / name)
    more["dashboard"]["LIGHTTRAP_DASHBOARD__API_URL"] = f"http://127.0.0.1:{ports['api']}"
    programs = {name: stack.start(name, **settings) for name, settings in more.items()}
    for name, path in {"api": "/readyz", "notify": "/readyz", "dashboard": "/_stcore/health"}.items():
        wait_until(partial(is_well, ports[name], path), within=60)
    wait_until(lambda: any(is_ready(ports[name]) for name in WORKERS), within=60)
    return programs, ports


def attack(stack: Stack, secrets: dict[str, str]) -> Login:
    """What a trap with a login of its own may try: another's topic, ingest's session, everybody's readings."""
    thief, victim = THIEF, TRAPS[1]
    for client_id in ("_ingest", victim):
        rogue = stack.log_in(thief, secrets[thief], client_id=client_id)
        assert rogue.is_in()
        rogue.subscribe("#", "lighttrap/v1/+/+/reading", f"lighttrap/v1/{ORG}/{victim}/#", "$SYS/#", "$share/x/#")
        rogue.publish(a_topic(org=ORG, trap_id=victim), a_reading(9_000_000).payload())
    for user, secret in ((victim, "guessed"), ("_ingest", secrets[thief]), (None, None), ("#", secrets[thief])):
        stranger = stack.log_in(user, secret)
        assert not stranger.is_in()
    return rogue


def test_nights_pass_through_the_whole_stack_and_come_back_from_a_backup(
    stack: Stack, request: pytest.FixtureRequest, tmp_path: Path
):
    stack.start("broker-watch", LIGHTTRAP_BROKER_FILES__BEAT_FILE=str(stack.beat))
    secrets = provision(stack)
    programs, ports = start_programs(stack)
    [active] = [name for name in WORKERS if is_ready(ports[name])]
    [standby] = {*WORKERS} - {active}
    caddy = Caddy(tmp_path, f"127.0.0.1:{ports['api']}", f"127.0.0.1:{ports['dashboard']}")
    stack.stack.callback(caddy.kill)
    caddy.start()

    # The worker dies in the middle of it; a rogue tries what it can meanwhile.
    fleet = stack.simulate(**PAST)
    wait_until(lambda: stack.ask("SELECT count(*) > 500 FROM reading"), within=60)
    programs[active].send(signal.SIGKILL)
    died = time.monotonic()
    wait_until(lambda: is_ready(ports[standby]), within=10)
    print(f"the standby was ready {time.monotonic() - died:.1f} s after the kill")  # noqa: T201
    rogue = attack(stack, secrets)
    assert fleet.wait(120) == 0
    assert stack.ask("SELECT count(*) FROM reading") >= len(TRAPS) * (DAYS - 1) * 86_400 / INTERVAL_S
    assert stack.ask("SELECT count(*) FROM gap") == 0
    assert stack.ask("SELECT count(*) FROM quarantine") == 0
    assert stack.ask("SELECT max(seq) FROM reading") < 9_000_000
    assert rogue.heard == []
    with pool.connect(stack.cluster.dsn("lighttrap")) as conn:
        keys = conn.execute("SELECT trap_id, boot, seq FROM reading").fetchall()
        assert balance(conn, [(str(trap), int(boot), int(seq)) for trap, boot, seq in keys]).is_even

    # Somebody is told, and whoever logs in at the proxy sees the night.
    wait_until(lambda: stack.ask("SELECT count(*) FROM delivery WHERE state = 'sent'"), within=60)
    came_in = caddy.get("/login", "POST", data={"login": "lan", "password": PASSWORD})
    assert came_in.status_code == 303
    session = {"Cookie": came_in.headers["set-cookie"].partition(";")[0]}
    seen = caddy.get(f"/v1/orgs/{ORG}/overview", headers=session).json()
    assert seen["figures"]["traps"] == len(TRAPS) + 1
    assert max(one["level"] or 0 for one in seen["fields"]) > 0
    assert "<title>" in caddy.get("/", headers=session).text
    assert caddy.get(f"/v1/orgs/{ORG}/overview").status_code == 401

    # Another server gets it all back.
    backups = stack.site.folder / "backups"
    file = backups / Path(stack.run("tools", "backup", LIGHTTRAP_BACKUP__FOLDER=str(backups),
                                   LIGHTTRAP_BACKUP__TEXTFILE=str(backups / "figures.prom")).strip()).name  # fmt: skip
    with a_server(request.config, stack.site) as elsewhere:
        dsn = elsewhere.dsn("lighttrap")
        assert "and compared" in stack.run("tools", "restore", str(file), LIGHTTRAP_RESTORE_DSN=dsn)
        with pool.connect(dsn) as there:
            assert there.execute("SELECT count(*) FROM reading").fetchone() == (len(keys),)
