"""The physical way, by the files that are shipped: a server is killed, its disk is gone, and one moment comes back."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from lighttrap import migrate
from lighttrap.store import orgs, pool
from lighttrap.up import account
from tests.cluster import Cluster, binaries_of
from tests.services import missing, server_folder, unprivileged
from tests.waiting import wait_until

pytestmark = [pytest.mark.db, pytest.mark.slow]

SHIPPED = Path(__file__).parents[2] / "deploy" / "pgbackrest"


class Station:
    """A server as `deploy/pgbackrest` sets it up, with all that lies in /var below a folder of the test."""

    def __init__(self, folder: Path, place: Path) -> None:
        self.folder = folder
        self.cluster = Cluster(place, folder)
        for name in ("var/lib/pgbackrest", "var/spool/pgbackrest", "var/log/pgbackrest", "lock"):
            self._own(folder / name)
        self._configure()

    def start_fresh(self) -> None:
        """Makes the server, with the settings that are shipped."""
        self.cluster.initialise("--data-checksums")
        with (self.cluster.data / "postgresql.conf").open("a") as file:
            file.write(f"{(SHIPPED / 'postgresql.conf').read_text()}unix_socket_directories = '{self.folder}'\n")
        self.cluster.env = {**os.environ, "PGBACKREST_CONFIG": str(self.config)}
        self.cluster.command = [part.replace("unix_socket_directories=", f"unix_socket_directories={self.folder}")
                                for part in self.cluster.command]  # fmt: skip
        self.cluster.start()

    def pgbackrest(self, *words: str) -> None:
        """Runs a command of pgBackRest as the server's account does."""
        command = ["pgbackrest", f"--config={self.config}", "--stanza=lighttrap", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **unprivileged())
        assert done.returncode == 0, done.stdout + done.stderr

    def lose(self) -> None:
        """The server dies and nothing of its folder is left."""
        self.cluster.kill()
        shutil.rmtree(self.cluster.data)
        self._own(self.cluster.data)
        self.cluster.data.chmod(0o700)

    def _configure(self) -> None:
        text = (SHIPPED / "pgbackrest.conf").read_text()
        for there, here in {
            "/var/lib/postgresql/17/main": str(self.cluster.data),
            "/var/run/postgresql": str(self.folder),
            "pg1-port=5432": f"pg1-port={self.cluster.port}\npg1-user=lighttrap\npg1-database=postgres",
            "=/var/": f"={self.folder}/var/",
        }.items():
            text = text.replace(there, here)
        key = f"[global]\nlock-path={self.folder}/lock\nrepo1-cipher-type=aes-256-cbc\nrepo1-cipher-pass=of the test\n"
        self.config = self.folder / "pgbackrest.conf"
        self.config.write_text(f"{text}\n{key}")
        account.give(self.config, account.unprivileged())

    def _own(self, path: Path) -> None:
        for part in [*reversed(path.relative_to(self.folder).parents[:-1]), path.relative_to(self.folder)]:
            (self.folder / part).mkdir(exist_ok=True)
            account.give(self.folder / part, account.unprivileged())


@pytest.fixture
def station() -> Iterator[Station]:
    place = binaries_of("system")
    if shutil.which("pgbackrest") is None or not (place / "initdb").exists():
        missing("no pgbackrest, or no PostgreSQL of the system that it knows")
    with server_folder("pgbackrest") as folder:
        made = Station(folder, place)
        made.start_fresh()
        yield made
        made.cluster.stop()


def commit(dsn: str, name: str) -> datetime:
    """Writes one org; returns a moment at which it is there."""
    with pool.connect(dsn) as conn:
        orgs.ensure_org(conn, name)
    return datetime.now(UTC)


def names(dsn: str) -> list[str]:
    with psycopg.connect(dsn) as conn:
        return [name for (name,) in conn.execute("SELECT org_id FROM org ORDER BY created_at")]


def test_a_lost_server_comes_back_to_the_moment_before_a_mistake_and_to_the_last_that_was_archived(station: Station):
    dsn = station.cluster.dsn()
    with pool.connect(dsn) as conn:
        migrate.migrate(conn)
    commit(dsn, "before-copy")
    station.pgbackrest("stanza-create")
    station.pgbackrest("check")
    station.pgbackrest("--type=full", "backup")
    copied = datetime.now(UTC)
    wait_until(lambda: datetime.now(UTC) > copied + timedelta(seconds=1.1))  # it knows its copies by the second
    right = commit(dsn, "after-copy")
    commit(dsn, "a-mistake")
    with psycopg.connect(dsn, autocommit=True) as conn:
        [(segment,)] = conn.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchall()
        query = "SELECT last_archived_wal >= %s FROM pg_stat_archiver"
        wait_until(lambda: conn.execute(query, [segment]).fetchone(), equals=(True,), within=60)
    commit(dsn, "not-archived")

    station.lose()
    station.pgbackrest("--type=time", f"--target={right:%Y-%m-%d %H:%M:%S.%f+00}", "--target-action=promote", "restore")
    station.cluster.start()
    wait_until(lambda: not _recovers(dsn), within=60)
    assert names(dsn) == ["before-copy", "after-copy"]

    station.lose()
    station.pgbackrest("--target-timeline=1", "--type=default", "restore")
    station.cluster.start()
    wait_until(lambda: not _recovers(dsn), within=60)
    assert names(dsn) == ["before-copy", "after-copy", "a-mistake"]


def _recovers(dsn: str) -> bool:
    with psycopg.connect(dsn) as conn:
        return conn.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
