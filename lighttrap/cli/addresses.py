"""Where the database and the broker are: of the `up` that runs on a data directory, or from the environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from lighttrap.config import database_address
from lighttrap.errors import ConfigError
from lighttrap.store.pool import Connection, connect
from lighttrap.up import directory, running

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Data directory of a running `lighttrap up`.", show_default=str(directory.DEFAULT)),
]
OrgOption = Annotated[str | None, typer.Option("--org", help="Only this org.")]
TrapOption = Annotated[str | None, typer.Option("--trap", help="Only this trap.")]

_DSN = "LIGHTTRAP_DATABASE__DSN"
_PASSWORD_FILE = "LIGHTTRAP_DATABASE__PASSWORD_FILE"  # noqa: S105 - the name of a setting
_BROKER = "LIGHTTRAP_BROKER__URL"
_BROKER_CA = "LIGHTTRAP_BROKER__CA_FILE"
_API = "LIGHTTRAP_DASHBOARD__API_URL"


@dataclass(frozen=True, slots=True)
class Addresses:
    """What a command was pointed at; a part that nobody named is None."""

    db_dsn: str | None
    broker_url: str | None
    ingest_url: str | None = None
    data: Path | None = None
    api_url: str | None = None
    notify_url: str | None = None
    dashboard_url: str | None = None
    broker_ca: str | None = None

    def environment(self) -> dict[str, str]:
        """The environment for a program that is to use these addresses."""
        if self.data is None:
            return dict(os.environ)  # they came from there, and passwords in files stay in files
        named = {_DSN: self.db_dsn, _BROKER: self.broker_url, _API: self.api_url}
        inherited = {name: value for name, value in os.environ.items() if name != _PASSWORD_FILE}
        return inherited | {name: value for name, value in named.items() if value}


def find(data: Path | None) -> Addresses:
    """The addresses of `--data`; else of the environment; else of an `up` in the default place.

    Raises ConfigError when there are none.
    """
    if data is None and any(os.environ.get(name) for name in (_DSN, _BROKER, _API)):
        return Addresses(
            database_address(os.environ),
            os.environ.get(_BROKER),
            api_url=os.environ.get(_API),
            broker_ca=os.environ.get(_BROKER_CA),
        )
    place = data or directory.DEFAULT
    found = running.find(place)
    if found is None:
        raise ConfigError(f"no `lighttrap up` runs on {place}: start it, name another with --data, or set {_DSN}")
    return Addresses(
        found.db_dsn, found.broker_url, found.ingest_url, found.data, found.api_url, found.notify_url,
        found.dashboard_url, os.environ.get(_BROKER_CA),
    )  # fmt: skip


@contextmanager
def database(data: Path | None) -> Iterator[Connection]:
    """A connection to the database a command was pointed at; commits at the end, unless an error leaves it."""
    dsn = find(data).db_dsn
    if dsn is None:
        raise ConfigError(f"set {_DSN} to the database's address")
    with connect(dsn, application="lighttrap command") as conn:
        yield conn
