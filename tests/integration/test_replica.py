"""An API for readers on a streaming replica: it answers what asks, and says so when something would change."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from lighttrap.model import Role
from lighttrap.store import pool
from tests.cluster import Cluster, Databases
from tests.fix_api import Api, a_session, a_token, an_account, an_api
from tests.services import missing, server_folder, unprivileged
from tests.waiting import wait_until

ORG = "/v1/orgs/soc-trang"


@pytest.fixture
def replica(own_cluster: Cluster) -> Iterator[Cluster]:
    """A streaming replica of a server that only this test uses."""
    if not (own_cluster.place / "pg_basebackup").exists():
        missing("no pg_basebackup beside the server")
    with ExitStack() as stack:
        made = Cluster(own_cluster.place, stack.enter_context(server_folder("replica")))
        program, source, target = map(str, (own_cluster.place / "pg_basebackup", own_cluster.dsn(), made.data))
        command = [program, "-d", source, "-D", target, "-R", "-c", "fast", "--no-sync"]
        subprocess.run(command, check=True, capture_output=True, cwd="/", **unprivileged())
        made.start()
        stack.callback(made.stop)
        yield made


def test_api_on_a_replica_reads_and_refuses_to_change(own_cluster: Cluster, replica: Cluster):
    name = Databases(own_cluster.dsn()).clone().rpartition("/")[2]
    with pool.connect(own_cluster.dsn(name)) as conn:
        program = a_token(conn, "soc-trang", Role.ADMIN)
        person = a_session(conn, an_account(conn, "lan", "soc-trang", Role.ADMIN))
        [written] = conn.execute("SELECT pg_current_wal_lsn()").fetchall()
    with psycopg.connect(replica.dsn(), autocommit=True) as there:
        replayed = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
        wait_until(lambda: there.execute(replayed, written).fetchall() == [(True,)], within=30)
    with an_api(replica.dsn(name)) as api:
        _reads(api, program)
        _reads(api, person)
        answer = api.client.post(f"{ORG}/traps", headers=program, json={"trap_id": "st-014"})
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (503, "store-unavailable")


def _reads(api: Api, who: dict[str, str]) -> None:
    assert api.client.get("/readyz").status_code == 200
    for path in ("/traps", "/devices", "/overview", "/alerts", "/exports/nights?first=2026-09-01&last=2026-09-02"):
        assert api.client.get(f"{ORG}{path}", headers=who).status_code == 200, path
