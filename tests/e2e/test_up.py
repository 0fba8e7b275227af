"""`lighttrap up`: what a person who starts it may rely on."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from lighttrap.model import Role
from lighttrap.store import pool
from lighttrap.up import progress, running
from tests.e2e.up_process import (
    Up,
    a_place,
    an_up,
    is_alive,
    is_ready,
    register_trap,
    send_readings,
    stored_readings,
)
from tests.fix_api import a_token
from tests.services import is_listening
from tests.waiting import wait_until

pytestmark = [pytest.mark.db, pytest.mark.broker, pytest.mark.slow]


@pytest.fixture
def place() -> Iterator[Path]:
    with a_place() as folder:
        yield folder


@pytest.fixture(scope="module")
def shared() -> Iterator[Up]:
    """A running `up` for tests that leave it as it was."""
    with a_place() as folder, an_up(folder / "data") as up:
        up.start()
        yield up


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_ready_file_says_what_running_finds(shared: Up):
    found = shared.addresses()
    wait_until(shared.ready_file.exists)
    document = json.loads(shared.ready_file.read_text())
    assert document == {**asdict(found), "data": str(shared.data)}
    assert is_ready(found)


def test_api_answers_a_token_and_nobody_else(shared: Up):
    found = shared.addresses()
    with pool.connect(found.db_dsn) as conn:
        headers = a_token(conn, "up-api", Role.VIEWER)
    answer = httpx2.get(f"{found.api_url}/v1/orgs", headers=headers)
    assert [org["org_id"] for org in answer.json()] == ["up-api"]
    assert httpx2.get(f"{found.api_url}/v1/orgs").status_code == 401


def test_files_with_passwords_are_private(shared: Up):
    shared.addresses()
    private = [shared.data / "secrets.json", shared.data / "addresses.json", shared.ready_file]
    assert [_mode(path) for path in private] == [0o600] * 3
    assert _mode(shared.data / "postgres") == 0o700


def test_database_wants_its_password(shared: Up):
    dsn = shared.addresses().db_dsn
    password = dsn.split(":")[2].split("@")[0]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(dsn.replace(password, "wrong")).close()


def test_database_role_is_no_superuser_and_commits_are_durable(shared: Up):
    with psycopg.connect(shared.addresses().db_dsn) as conn:
        names = ("is_superuser", "fsync", "synchronous_commit", "full_page_writes", "server_encoding", "jit")
        values = [conn.execute("SELECT current_setting(%s)", [name]).fetchone() for name in names]
    assert values == [("off",), ("on",), ("on",), ("on",), ("UTF8",), ("off",)]


def test_servers_do_not_run_as_root(shared: Up):
    shared.addresses()
    assert [os.stat(f"/proc/{shared.pid_of(name)}").st_uid != 0 for name in ("postgres", "broker")] == [True, True]


def test_second_up_on_the_same_data_is_refused_by_name(shared: Up):
    shared.addresses()
    with an_up(shared.data, "second") as second:
        second.launch()
        assert second.ended_with() == 1
        assert second.process is not None
        assert shared.process is not None
        said = second.output().strip()
        assert f"as process {shared.process.pid}" in said
        assert len(said.splitlines()) == 1
    assert is_ready(shared.addresses())


def test_two_ups_live_side_by_side(shared: Up, place: Path):
    with an_up(place / "data") as other:
        theirs = other.start()
        ours = shared.addresses()
        assert {ours.db_dsn, ours.broker_url, ours.ingest_url, ours.api_url}.isdisjoint(
            {theirs.db_dsn, theirs.broker_url, theirs.ingest_url, theirs.api_url}
        )
        assert is_ready(ours)
        assert is_ready(theirs)


def test_busy_port_of_a_named_base_is_named(shared: Up, place: Path):
    port = int(shared.addresses().broker_url.rpartition(":")[2])
    with an_up(place / "data", port_base=port - 1) as other:
        other.launch()
        assert other.ended_with() == 1
        assert "is in use: choose another --port-base" in other.output()


@pytest.mark.parametrize("name", ["dữ liệu 'của' tôi", "deep/" * 30 + "data"], ids=["odd", "long"])
def test_place_may_have_an_odd_or_a_long_name(place: Path, name: str):
    with an_up(place / name) as up:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        found = up.start()
        register_trap(found)
        send_readings(found, range(1, 11))
        wait_until(lambda: stored_readings(found), equals=10)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_stops_all_and_exits_with_zero(place: Path, number: signal.Signals):
    with an_up(place / "data") as up:
        found = up.start()
        tree = up.tree()
        up.send(number)
        assert up.ended_with() == 0
        assert not any(is_alive(pid) for pid in tree)
        assert running.find(place / "data") is None
        assert not is_listening(int(found.broker_url.rpartition(":")[2]))
        assert "Traceback" not in up.output()


def test_stop_is_noticed_while_starting(place: Path):
    with an_up(place / "data") as up:
        up.launch()
        wait_until((place / "data/lock").exists)
        wait_until(lambda: (place / "data/run/postgres.json").exists(), within=30)
        up.send(signal.SIGTERM)
        assert up.ended_with() == 0
        assert running.find(place / "data") is None


def test_up_ends_by_itself_when_asked_to(place: Path):
    with an_up(place / "data", exit_after_s=0.5) as up:
        up.launch()
        assert up.ended_with() == 0
        assert up.ready_file.exists()


def test_children_do_not_outlive_their_parents_kill(place: Path):
    with an_up(place / "data") as up:
        up.start()
        below = up.tree()[1:]
        up.kill()
        wait_until(lambda: not any(is_alive(pid) for pid in below), within=30)


def test_readings_are_stored_and_secrets_kept_over_a_restart(place: Path):
    with an_up(place / "data") as up:
        found = up.start()
        register_trap(found)
        send_readings(found, range(1, 11))
        wait_until(lambda: stored_readings(found), equals=10)
        up.stop()
    with an_up(place / "data", "again") as up:
        again = up.start()
        assert again.db_dsn == found.db_dsn
        assert stored_readings(again) == 10


def test_given_servers_are_used_and_none_of_ours_started(place: Path):
    with an_up(place / "servers") as servers:
        theirs = servers.start()
        os.kill(servers.pid_of("ingest"), signal.SIGSTOP)
        with an_up(place / "data", "guest", db_dsn=theirs.db_dsn, broker_url=theirs.broker_url) as guest:
            guest.launch()
            wait_until(lambda: (place / "data/run/ingest.json").exists(), within=30)
            assert sorted(path.name for path in (place / "data/run").iterdir()) == ["ingest.json"]
            assert not (place / "data/postgres").exists()
            os.kill(servers.pid_of("ingest"), signal.SIGKILL)
            found = guest.addresses()
            assert (found.db_dsn, found.broker_url) == (theirs.db_dsn, theirs.broker_url)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"db_dsn": "postgresql://nobody@127.0.0.1:1/none"}, "the database cannot be reached"),
        ({"broker_url": "mqtt://127.0.0.1:1"}, "no broker answers at 127.0.0.1:1"),
        ({"broker_url": "http://127.0.0.1"}, "mqtt"),
        ({"port_base": 80}, "--port-base"),
        ({"simulate": -1}, "negative"),
    ],
)
def test_wish_that_cannot_be_met_is_refused_without_a_traceback(place: Path, options: dict[str, Any], sentence: str):
    with an_up(place / "data", **options) as up:
        up.launch()
        assert up.ended_with() == 1
        assert sentence in up.output()
        assert "Traceback" not in up.output()


def test_without_mosquitto_rumqttd_serves_and_says_what_it_lacks(place: Path):
    pytest.importorskip("iotcore")
    with an_up(place / "data", env={"PATH": "/nonexistent"}, without_mosquitto=True) as up:
        found = up.start()
        register_trap(found)
        send_readings(found, range(1, 11))
        wait_until(lambda: stored_readings(found), equals=10)
        assert "keeps nothing over its own restart" in up.output()


def test_simulated_traps_arrive_in_the_store(place: Path):
    pytest.importorskip("simulator.__main__")
    with an_up(place / "data", simulate=3, history_days=1) as up:
        found = up.start()
        wait_until(lambda: stored_readings(found) > 3, within=60)
        answer = progress.get(found.ingest_url, "/metrics")
        assert answer is not None
        assert progress.stored_in(answer[1]) > 3
