"""Several processes of the API on one port: they answer as one, and leave as one."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import httpx2
import pytest

from api.database import make_pool
from lighttrap.model import Role
from lighttrap.store import pool
from tests.builders import ORG
from tests.fix_api import ApiProgram, a_token
from tests.waiting import wait_until


def asked(program: ApiProgram) -> float:
    """How many requests for orgs all processes say that they answered."""
    text = httpx2.get(f"{program.url}/metrics").text
    found = re.search(r'^lighttrap_api_request_seconds_count\{route="list_orgs",status="200"\} (\S+)$', text, re.M)
    return float(found[1]) if found else 0.0


def children(program: ApiProgram) -> list[int]:
    assert program.process is not None
    pid = program.process.pid
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def two(database, conn, start_api):
    """Two processes, and the headers of a program that may ask them."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("looks at processes as Linux shows them")
    program = start_api(database, LIGHTTRAP_API__PROCESSES="2")
    program.wait_until_ready(within=60)
    return program, a_token(conn, ORG, Role.VIEWER)


def test_they_count_as_one_replace_who_dies_and_stop_as_one(two):
    program, headers = two
    place = f"{program.url}/v1/orgs"
    for number in range(1, 21):
        # Each on a connection of its own, which the one or the other takes.
        assert httpx2.get(place, headers=headers).status_code == 200
        assert asked(program) == number
    victim = max(children(program))
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: victim not in children(program) and len(children(program)) >= 3, within=30)
    assert httpx2.get(place, headers=headers, timeout=30).status_code == 200
    assert asked(program) == 21
    pids = children(program)
    program.stop()
    assert program.process.returncode == 0
    wait_until(lambda: not any(is_there(pid) for pid in pids), within=10)


def test_killed_first_process_leaves_nobody_on_the_port(two):
    program, _ = two
    pids = children(program)
    os.kill(program.process.pid, signal.SIGKILL)
    wait_until(lambda: not any(is_there(pid) for pid in pids), within=30)


def test_session_that_the_database_ended_is_replaced_before_it_is_used(api, conn):
    headers = a_token(conn, ORG, Role.VIEWER)
    for _ in range(3):
        assert api.client.get("/v1/orgs", headers=headers).status_code == 200
        ended = conn.execute(
            "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
            " WHERE application_name = 'lighttrap api' AND datname = current_database()"
        ).fetchall()
        conn.commit()
        assert ended[0][0] >= 1


def test_pool_asks_nothing_over_a_connection_that_is_silent(database):
    made = make_pool(database, 1)
    made.open(wait=True)
    with made, pool.connect(database) as other:
        for _ in range(3):
            with made.connection():
                pass
        [(last,)] = other.execute(
            "SELECT query FROM pg_stat_activity"
            " WHERE application_name = 'lighttrap api' AND datname = current_database()"
        ).fetchall()
    assert last == ""
