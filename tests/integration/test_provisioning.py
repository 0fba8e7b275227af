"""From a registered trap to one that sends, and back: the API, the broker's files, the broker, ingest."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lighttrap import brokersecret, connectcode, topics
from lighttrap.broker import files, lines, reload, sync
from lighttrap.broker.services import Service
from lighttrap.broker.watch import Watch
from lighttrap.cli.main import cli
from lighttrap.connectcode import ConnectCode
from lighttrap.errors import ConfigError, Conflict, InputFault
from lighttrap.model import Role
from lighttrap.store import audit, credentials, pool
from tests.builders import ORG, TRAP, a_reading, a_topic, a_trap
from tests.cluster import Databases
from tests.fix_api import BROKER_URL
from tests.fix_programs import Program
from tests.fix_secured import SECRETS
from tests.waiting import wait_until

CONFIG_FILES = {"passwords": "passwords", "acl": "acl", "pid-file": "mosquitto.pid"}
COMMAND = "from lighttrap.cli.main import app; app()"
PATH = f"/v1/orgs/{ORG}/traps/{TRAP}/credential"


class Command(Program):
    """`lighttrap WORDS` as a process of its own."""

    def __init__(self, words: tuple[str, ...], settings: dict[str, str], log: Path) -> None:
        super().__init__("lighttrap", words, settings, log)
        self.command = [sys.executable, "-c", COMMAND, *words]


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    """Starts `lighttrap WORDS` with the settings given as environment variables."""
    started: list[Command] = []

    def start(*words: str, **settings: str) -> Command:
        program = Command(words, settings, tmp_path / f"command-{len(started)}.log")
        started.append(program)
        program.start()
        return program

    yield start
    for program in started:
        program.kill()


@pytest.fixture
def watched(secured: Any, database: str) -> Iterator[Watch]:  # noqa: ANN401 - a broker
    """The broker's files follow the database."""
    watch = Watch(database, secured.files)
    thread = threading.Thread(target=watch.run)
    thread.start()
    yield watch
    watch.stop()
    thread.join()


def watch_settings(secured: Any, dsn: str) -> dict[str, str]:  # noqa: ANN401 - a broker
    """The environment of `lighttrap broker`."""
    prefix = "LIGHTTRAP_BROKER_FILES__"
    places = {name: str(getattr(secured.files, name)) for name in ("passwords", "acl", "pid_file")}
    secrets = {f"{service.name}_SECRET": SECRETS[service] for service in Service}
    return {
        "LIGHTTRAP_DATABASE__DSN": dsn,
        **{f"{prefix}{name.upper()}": value for name, value in {**places, **secrets}.items()},
    }


def provision(api: Any) -> dict[str, Any]:  # noqa: ANN401 - the API
    answer = api.client.post(PATH, headers=api.as_role(Role.TECHNICIAN))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


# The operations


def test_provisioning_tells_all_that_a_trap_must_know(api, conn):
    a_trap(conn)
    told = provision(api)
    assert (told["username"], told["client_id"], told["broker_url"]) == (TRAP, TRAP, BROKER_URL)
    assert told["topic_prefix"] == f"lighttrap/v1/{ORG}/{TRAP}"
    code = connectcode.parse(told["connect_code"])
    assert (code.trap_id, code.org, code.secret, code.broker_url) == (TRAP, ORG, told["secret"], BROKER_URL)
    assert ET.fromstring(told["qr_svg"]).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own


def test_secret_is_told_once_and_nowhere_kept(api, conn):
    a_trap(conn)
    secret = provision(api)["secret"]
    assert len(secret) * 5 >= 128
    asked = api.client.get(PATH, headers=api.as_role(Role.TECHNICIAN))
    assert secret not in asked.text
    assert set(asked.json()) == {"trap_id", "issued_at", "issued_by", "revoked_at"}
    for table in ("trap_credential", "audit"):
        assert secret not in str(conn.execute(f"SELECT t::text FROM {table} t").fetchall())
    [login] = credentials.list_logins(conn)
    assert brokersecret.fits(secret, login.secret_hash)
    assert not brokersecret.fits(secret[:-1], login.secret_hash)


def test_provisioning_again_replaces_the_secret(api, conn):
    a_trap(conn)
    first, second = provision(api)["secret"], provision(api)["secret"]
    [login] = credentials.list_logins(conn)
    assert (brokersecret.fits(first, login.secret_hash), brokersecret.fits(second, login.secret_hash)) == (False, True)


def test_revoked_credential_opens_nothing_until_the_trap_is_provisioned_again(api, conn):
    a_trap(conn)
    provision(api)
    headers = api.as_role(Role.TECHNICIAN)
    revoked = api.client.delete(PATH, headers=headers)
    assert revoked.json()["revoked_at"] is not None
    assert credentials.list_logins(conn) == []
    assert api.client.delete(PATH, headers=headers).json() == revoked.json()
    provision(api)
    assert [login.trap_id for login in credentials.list_logins(conn)] == [TRAP]
    actions = [entry.action for entry in audit.list_entries(conn, ORG, object_kind="trap")]
    assert actions == ["provision", "revoke", "revoke", "provision"]


def test_trap_without_a_credential_has_none_to_ask_for_or_revoke(api, conn):
    a_trap(conn)
    headers = api.as_role(Role.TECHNICIAN)
    assert api.client.get(PATH, headers=headers).status_code == 404
    assert api.client.delete(PATH, headers=headers).status_code == 404


@pytest.mark.parametrize("at", [None, "2025-12-01T00:00:00Z"])
def test_retiring_a_trap_revokes_its_credential_and_gives_no_other(api, conn, at):
    a_trap(conn)
    provision(api)
    headers = api.as_role(Role.TECHNICIAN)
    assert api.client.post(f"/v1/orgs/{ORG}/traps/{TRAP}/retire", headers=headers, json={"at": at}).status_code == 200
    assert api.client.get(PATH, headers=headers).json()["revoked_at"] is not None
    assert api.client.post(PATH, headers=headers).status_code == 409


def test_trap_that_will_retire_logs_in_until_then(api, conn):
    a_trap(conn)
    provision(api)
    later = datetime.now(UTC) + timedelta(days=1)
    body = {"at": later.isoformat()}
    api.client.post(f"/v1/orgs/{ORG}/traps/{TRAP}/retire", headers=api.as_role(Role.TECHNICIAN), json=body)
    assert [login.trap_id for login in credentials.list_logins(conn)] == [TRAP]
    conn.execute("UPDATE trap SET retired_at = now() - interval '1 second'")
    assert credentials.list_logins(conn) == []


def test_without_a_public_address_no_secret_is_made(api, conn):
    a_trap(conn)
    settings = api.client.app.state.settings
    nowhere = settings.public_broker.model_copy(update={"url": None})
    api.client.app.state.settings = settings.model_copy(update={"public_broker": nowhere})
    answer = api.client.post(PATH, headers=api.as_role(Role.TECHNICIAN))
    assert (answer.status_code, "LIGHTTRAP_PUBLIC_BROKER__URL" in answer.text) == (409, True)
    assert credentials.list_logins(conn) == []


def test_trap_cannot_be_registered_under_the_name_of_a_service(api):
    headers = api.as_role(Role.TECHNICIAN)
    answers = [
        api.client.post(f"/v1/orgs/{ORG}/traps", headers=headers, json={"trap_id": service}) for service in Service
    ]
    assert {answer.status_code for answer in answers} == {422}


# The files


def test_files_are_written_when_they_differ_and_left_alone_when_not(secured, conn):
    a_trap(conn)
    credentials.issue(conn, ORG, TRAP, "tests")
    assert sync.write(conn, secured.files)
    before = [path.stat() for path in (secured.files.passwords, secured.files.acl)]
    assert not sync.write(conn, secured.files)
    assert [path.stat() for path in (secured.files.passwords, secured.files.acl)] == before
    for path in (secured.files.passwords, secured.files.acl):
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.stat().st_uid == path.parent.stat().st_uid
        path.chmod(0o644)
        assert sync.write(conn, secured.files)
        assert path.stat().st_mode & 0o777 == 0o600


def test_half_written_file_is_never_seen(tmp_path):
    path = tmp_path / "acl"
    texts = [f"{number}\n" * 200_000 for number in (1, 2)]
    files.replace(path, texts[0])
    seen, over = set(), threading.Event()

    def look() -> None:
        while not over.is_set():
            seen.add(path.read_text())

    thread = threading.Thread(target=look)
    thread.start()
    for number in range(60):
        files.replace(path, texts[number % 2])
    wait_until(lambda: seen)
    over.set()
    thread.join()
    assert seen <= set(texts)
    assert [one.name for one in tmp_path.iterdir()] == ["acl"]


def test_file_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "acl"
    files.replace(path, "old")
    with pytest.raises(UnicodeEncodeError):
        files.replace(path, "new \ud800")
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("acl", "old")]


def test_acl_names_the_topics_of_a_trap_one_by_one(conn):
    a_trap(conn)
    credentials.issue(conn, ORG, TRAP, "tests")
    text = lines.acl(credentials.list_logins(conn), [])
    rights = [line for line in text.splitlines() if line.startswith("topic")]
    assert rights == [
        f"topic {'write' if kind in topics.UP else 'read'} lighttrap/v1/{ORG}/{TRAP}/{kind}" for kind in topics.Kind
    ]


# The whole way


def test_trap_provisioned_over_the_api_is_stored_within_seconds_and_cut_off_when_revoked(
    api, conn, secured, login, start_ingest, command, database
):
    a_trap(conn)
    watching = command("broker", "watch", **watch_settings(secured, database))
    start_ingest(database, secured.url_of("_ingest", SECRETS[Service.INGEST].replace(" ", "%20")))
    told = provision(api)
    wait_until(lambda: f"\n{TRAP}:" in files.read(secured.files.passwords), within=15)
    wait_until(lambda: login(told["username"], told["secret"], insists=False).is_in(), within=5)
    trap = login(told["username"], told["secret"])
    assert trap.is_in()
    trap.subscribe(f"{told['topic_prefix']}/stored")
    trap.publish(a_topic(), a_reading().payload())
    wait_until(lambda: conn.execute("SELECT count(*) FROM reading").fetchone() == (1,))
    wait_until(lambda: trap.heard)
    assert json.loads(trap.heard[-1][1])["stored"][0]["seq"] == 1
    api.client.delete(PATH, headers=api.as_role(Role.TECHNICIAN))
    drops = trap.drops
    wait_until(lambda: trap.drops > drops)
    wait_until(lambda: trap.connacks[-1].is_failure)
    trap.publish(a_topic(), a_reading(2).payload())
    assert not login(told["username"], told["secret"], insists=False).is_in()
    assert conn.execute("SELECT count(*) FROM reading").fetchone() == (1,)
    watching.stop()
    assert watching.wait() == 0
    assert told["secret"] not in watching.output()


def test_simulated_traps_with_connect_codes_are_stored_over_tls(
    encrypted, start_ingest, start_program, database, conn, tmp_path
):
    broker, ca = encrypted
    made = []
    for trap_id in topics.numbered_trap_ids("sim", 3):
        a_trap(conn, trap_id, org=ORG, in_service_from=None)
        _, secret = credentials.issue(conn, ORG, trap_id, "tests")
        made.append(ConnectCode(ORG, trap_id, secret, f"mqtts://{broker.host}:{broker.port}").text)
    conn.commit()
    sync.write(conn, broker.files)
    broker.tell()
    codes, password = tmp_path / "codes", tmp_path / "password"
    codes.write_text("\n".join(made))
    password.write_text(SECRETS[Service.INGEST] + "\n")
    ca_file = {"LIGHTTRAP_BROKER__CA_FILE": str(ca)}
    url = f"mqtts://{Service.INGEST}@{broker.host}:{broker.port}"
    start_ingest(database, url, LIGHTTRAP_BROKER__PASSWORD_FILE=str(password), **ca_file)
    words = ("run", "--once", "--org", ORG, "--traps", "3", "--timeout", "60", "--connect-codes", str(codes))
    fleet = start_program("simulator", *words, **ca_file)
    assert fleet.wait(90) == 0, fleet.output()
    assert conn.execute("SELECT count(*) FROM reading").fetchone() == (3,)
    distrustful = start_program(
        "simulator", *words, LIGHTTRAP_BROKER__CA_FILE=str(broker.config.with_name("broker.pem"))
    )
    wait_until(lambda: "certificate verify failed" in distrustful.output(), within=20)
    revoked = credentials.revoke(conn, ORG, "sim-00001")
    conn.commit()
    assert revoked.revoked_at
    sync.write(conn, broker.files)
    broker.tell()
    refused = start_program("simulator", *words, **ca_file)
    assert (refused.wait(90), "the broker refuses the connection" in refused.output()) == (1, True)


def test_simulator_wants_a_code_for_each_of_its_traps(start_program, tmp_path):
    codes = tmp_path / "codes"
    codes.write_text(ConnectCode(ORG, "sim-00001", "secret", BROKER_URL).text)
    fleet = start_program("simulator", "run", "--once", "--org", ORG, "--traps", "2", "--connect-codes", str(codes))
    assert (fleet.wait(), "no connect code for sim-00002" in fleet.output()) == (2, True)
    assert "secret" not in fleet.output()


def test_watch_goes_on_when_the_broker_comes_back(watched, secured, login, conn):
    a_trap(conn)
    _, secret = credentials.issue(conn, ORG, TRAP, "tests")
    conn.commit()
    wait_until(lambda: login(TRAP, secret, insists=False).is_in())
    secured.kill()
    _, newer = credentials.issue(conn, ORG, TRAP, "tests")
    conn.commit()
    wait_until(lambda: brokersecret.fits(newer, _line(secured)))
    secured.start()
    trap = login(TRAP, newer)
    assert trap.is_in()
    credentials.revoke(conn, ORG, TRAP)
    conn.commit()
    wait_until(lambda: trap.drops)
    assert not login(TRAP, newer, insists=False).is_in()


def test_watch_goes_on_when_the_database_comes_back(own_cluster, secured, login):
    own = Databases(own_cluster.dsn())
    dsn = own.clone()
    watch = Watch(dsn, secured.files)
    thread = threading.Thread(target=watch.run)
    thread.start()
    try:
        with pool.connect(dsn) as conn:
            a_trap(conn)
            _, secret = credentials.issue(conn, ORG, TRAP, "tests")
        wait_until(lambda: login(TRAP, secret, insists=False).is_in())
        trap = login(TRAP, secret)
        assert trap.is_in()
        own_cluster.kill()
        own_cluster.start()
        with pool.connect(dsn) as conn:
            credentials.revoke(conn, ORG, TRAP)
        wait_until(lambda: trap.drops)
    finally:
        watch.stop()
        thread.join()


def test_watch_puts_a_file_right_that_was_changed_or_lost(watched, secured, conn):
    a_trap(conn)
    _, secret = credentials.issue(conn, ORG, TRAP, "tests")
    conn.commit()
    wait_until(lambda: brokersecret.fits(secret, _line(secured)))
    whole = files.read(secured.files.acl)
    secured.files.acl.write_text("topic readwrite #\n")
    wait_until(lambda: files.read(secured.files.acl), equals=whole)
    secured.files.acl.unlink()
    wait_until(lambda: files.read(secured.files.acl), equals=whole)


def test_watch_is_woken_by_a_change_and_does_not_wait_for_the_next_look(secured, database, conn):
    lazy = secured.files.model_copy(update={"poll_s": 120})
    watch = Watch(database, lazy)
    thread = threading.Thread(target=watch.run)
    thread.start()
    try:
        a_trap(conn)
        for _ in range(3):
            _, secret = credentials.issue(conn, ORG, TRAP, "tests")
            conn.commit()
            wait_until(partial(_is_written, secured, secret))
    finally:
        watch.stop()
        thread.join()


def test_watch_tells_a_broker_that_could_not_be_told_before(secured, login, database, conn):
    assert secured.files.pid_file is not None
    text = secured.files.pid_file.read_text()
    secured.files.pid_file.write_text("1")  # somebody else's process, as after a crash
    watch = Watch(database, secured.files)
    a_trap(conn)
    _, secret = credentials.issue(conn, ORG, TRAP, "tests")
    watch.look(conn)
    assert not login(TRAP, secret, insists=False).is_in()
    secured.files.pid_file.write_text(text)
    watch.look(conn)
    wait_until(lambda: login(TRAP, secret, insists=False).is_in())


def test_process_that_would_die_of_the_signal_is_not_sent_it(secured):
    deaf = subprocess.Popen(["sleep", "60"])
    try:
        with pytest.raises(reload.NotReloaded, match="not yet"):
            reload.tell(secured.files.model_copy(update={"pid_file": None, "pid": deaf.pid}))
        assert deaf.poll() is None
    finally:
        deaf.kill()
        deaf.wait()


def test_sync_runs_a_command_instead_of_a_signal(secured, command, database, conn, tmp_path):
    a_trap(conn)
    credentials.issue(conn, ORG, TRAP, "tests")
    conn.commit()
    settings = watch_settings(secured, database)
    del settings["LIGHTTRAP_BROKER_FILES__PID_FILE"]
    settings["LIGHTTRAP_BROKER_FILES__RELOAD_COMMAND"] = f"touch '{tmp_path}/told; and $HOME'"
    assert command("broker", "sync", **settings).wait() == 0
    assert (tmp_path / "told; and $HOME").exists()
    assert f"\n{TRAP}:" in files.read(secured.files.passwords)
    settings["LIGHTTRAP_BROKER_FILES__RELOAD_COMMAND"] = "false"
    failed = command("broker", "sync", **settings)
    assert (failed.wait(), "ended with 1" in failed.output()) == (1, True)


def test_printed_settings_are_those_the_tests_run_with_and_want_all_of_tls_or_none(secured):
    places = [f"--{name}={secured.config.with_name(file)}" for name, file in CONFIG_FILES.items()]
    words = ["broker", "config", *places, f"--state={secured.state}", f"--port={secured.port}", "--address=127.0.0.1"]
    assert CliRunner().invoke(cli, words, catch_exceptions=False).output == secured.config.read_text()
    with pytest.raises(InputFault, match="--cert"):
        CliRunner().invoke(cli, [*words, "--ca=/ca.pem"], catch_exceptions=False)
    with pytest.raises(InputFault, match="absolute"):
        CliRunner().invoke(cli, [*words, "--acl=acl"], catch_exceptions=False)


def test_worker_of_one_org_has_a_name_of_its_own(secured, conn):
    settings = secured.files.model_copy(update={"ingest_orgs": "soc-trang,an-giang"})
    sync.write(conn, settings)
    names = [line.partition(":")[0] for line in files.read(settings.passwords).splitlines()[1:]]
    assert names == [*Service, "_ingest.soc-trang", "_ingest.an-giang"]
    assert "topic read lighttrap/v1/an-giang/+/reading\n" in files.read(settings.acl)


def test_sync_writes_nowhere_unless_told_where(command, database, tmp_path):
    refused = command("broker", "sync", LIGHTTRAP_DATABASE__DSN=database)
    assert refused.wait() == 2
    assert {"LIGHTTRAP_BROKER_FILES__PASSWORDS:", "LIGHTTRAP_BROKER_FILES__ACL:"} <= set(refused.output().split())


@pytest.mark.parametrize("service", [Service.INGEST, Service.MONITOR])
def test_sync_locks_none_of_our_own_programs_out(secured, command, database, service):
    secured.admit()
    settings = watch_settings(secured, database)
    assert command("broker", "sync", **settings).wait() == 0
    before = files.read(secured.files.passwords)
    del settings[f"LIGHTTRAP_BROKER_FILES__{service.name}_SECRET"]
    refused = command("broker", "sync", **settings)
    assert (refused.wait(), f"lock {service} out" in refused.output()) == (2, True)
    assert files.read(secured.files.passwords) == before


def test_watch_lets_an_org_go_that_its_settings_no_longer_name(secured, command, database):
    settings = watch_settings(secured, database)
    secured.admit()
    former = f"{files.read(secured.files.passwords)}_ingest.demo:x\n"
    secured.files.passwords.write_text(former)
    watching = command("broker", "watch", **settings)
    wait_until(lambda: "_ingest.demo" not in files.read(secured.files.passwords))
    assert watching.is_running


def test_first_sync_without_a_secret_for_ingest_writes_nothing(command, database, tmp_path):
    places = {f"LIGHTTRAP_BROKER_FILES__{name}": str(tmp_path / name.lower()) for name in ("PASSWORDS", "ACL")}
    refused = command("broker", "sync", LIGHTTRAP_DATABASE__DSN=database, **places)
    assert (refused.wait(), "INGEST_SECRET_FILE" in refused.output()) == (2, True)
    assert list(tmp_path.glob("passwords")) == []


def test_short_secret_of_a_service_is_refused(secured, command, database):
    settings = watch_settings(secured, database) | {"LIGHTTRAP_BROKER_FILES__INGEST_SECRET": "ingest"}
    refused = command("broker", "sync", **settings)
    assert (refused.wait(), "shorter than 16" in refused.output()) == (2, True)


def test_command_line_provisions_and_revokes_like_the_api(database, conn, monkeypatch):
    a_trap(conn)
    monkeypatch.setenv("LIGHTTRAP_DATABASE__DSN", database)

    def run(*words: str) -> str:
        return CliRunner().invoke(cli, ["trap", *words, TRAP], catch_exceptions=False).output

    with pytest.raises(Conflict, match="LIGHTTRAP_PUBLIC_BROKER__URL"):
        run("provision")
    assert credentials.list_logins(conn) == []
    monkeypatch.setenv("LIGHTTRAP_PUBLIC_BROKER__URL", BROKER_URL)
    code = connectcode.parse(run("provision", "--text"))
    [login] = credentials.list_logins(conn)
    assert brokersecret.fits(code.secret, login.secret_hash)
    assert "█" in run("provision")
    run("revoke")
    assert credentials.list_logins(conn) == []
    assert [entry.action for entry in audit.list_entries(conn, ORG)] == ["revoke", "provision", "provision"]
    monkeypatch.setenv("LIGHTTRAP_PUBLIC_BROKER__URL", "mqtts://somebody:secret@mqtt.example.org")
    with pytest.raises(ConfigError, match="without a login"):
        run("provision")


def _is_written(secured: Any, secret: str) -> bool:  # noqa: ANN401 - a broker
    return brokersecret.fits(secret, _line(secured))


def _line(secured: Any) -> str:  # noqa: ANN401 - a broker
    found = [line for line in files.read(secured.files.passwords).splitlines() if line.startswith(f"{TRAP}:")]
    return found[0].partition(":")[2] if found else ""
