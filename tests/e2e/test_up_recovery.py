"""`lighttrap up` after the worst: nothing that was stored is lost, and nothing left behind is in the way."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from lighttrap.up import account
from lighttrap.up.running import Addresses
from tests.e2e.up_process import (
    a_place,
    an_up,
    api_is_ready,
    is_alive,
    is_ready,
    register_trap,
    send_readings,
    stored_readings,
)
from tests.waiting import wait_until

pytestmark = [pytest.mark.db, pytest.mark.broker, pytest.mark.slow, pytest.mark.chaos]


@pytest.fixture
def place() -> Iterator[Path]:
    with a_place() as folder:
        yield folder


@pytest.mark.parametrize("life", range(3))
def test_stored_readings_survive_the_kill_of_the_whole_tree(place: Path, life: int):
    with an_up(place / "data") as up:
        found = up.start()
        register_trap(found)
        send_readings(found, range(1, 501))
        stored = wait_until(lambda: stored_readings(found), within=20)
        up.kill_tree()
    with an_up(place / "data", "again") as up:
        again = up.start()
        assert stored_readings(again) >= stored
        send_readings(again, range(1, 501))
        wait_until(lambda: stored_readings(again), equals=500, within=20)


@pytest.mark.parametrize("name", ["postgres", "broker", "ingest", "api", "notify"])
def test_child_that_dies_is_restarted_and_work_goes_on(place: Path, name: str):
    with an_up(place / "data") as up:
        found = up.start()
        register_trap(found)
        first = up.pid_of(name)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: up.output().count(f"{name} runs again") > 0, within=30)
        assert f"{name} was ended by SIGKILL" in up.output()
        assert up.pid_of(name) != first
        # The API answers when the database does; ingest, idle, may not have noticed yet that it was away.
        wait_until(lambda: is_ready(found) and api_is_ready(found), within=60)
        send_readings(found, range(1, 11))
        wait_until(lambda: stored_readings(found), equals=10, within=30)


def test_servers_left_by_a_killed_up_are_ended_by_the_next(place: Path):
    # The leash is cut by freezing them: a stopped process takes no SIGINT or SIGTERM.
    with an_up(place / "data") as up:
        up.start()
        left = [up.pid_of(name) for name in ("postgres", "broker", "ingest")]
        for pid in left:
            os.kill(pid, signal.SIGSTOP)
        up.kill()
    try:
        assert all(is_alive(pid) for pid in left)
        os.kill(left[0], signal.SIGCONT)
        os.kill(left[1], signal.SIGCONT)
        with an_up(place / "data", "again") as up:
            again = up.start()
            assert is_ready(again)
            assert not any(is_alive(pid) for pid in left)
    finally:
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def test_lock_file_that_names_a_stranger_is_no_hindrance(place: Path):
    with an_up(place / "data") as up:
        up.start()
        up.kill_tree()
    stranger = subprocess.Popen(["sleep", "60"], cwd="/", **account.identity(account.unprivileged()))
    try:
        lock = place / "data/postgres/postmaster.pid"
        lines = lock.read_text().splitlines()
        lock.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        with an_up(place / "data", "again") as up:
            assert is_ready(up.start())
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_first_start_that_was_killed_leaves_nothing_in_the_way(place: Path):
    with an_up(place / "data") as up:
        up.launch()
        wait_until(lambda: (place / "data/postgres.unfinished").exists(), within=30)
        up.kill_tree()
    with an_up(place / "data", "again") as up:
        assert is_ready(up.start())


def test_kills_at_random_instants_never_block_the_next_start(place: Path):
    chance = random.Random(7)
    stored = 0
    for life in range(3):
        with an_up(place / "data", f"life-{life}") as up:
            found = up.start()
            assert stored_readings(found) >= stored
            register_trap(found)
            send_readings(found, range(100 * life + 1, 100 * life + 101))
            stored += chance.randrange(1, 100)
            wait_until(partial(_holds, found, stored), within=20)
            up.kill_tree()
    with an_up(place / "data", "last") as up:
        found = up.start()
        send_readings(found, range(1, 301))
        wait_until(partial(_holds, found, 300), within=20)


def _holds(found: Addresses, readings: int) -> bool:
    return stored_readings(found) >= readings
