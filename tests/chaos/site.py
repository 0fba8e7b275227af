"""Where trials take place: one private PostgreSQL server for all of them, and a broker's program."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tests.cluster import Cluster, Databases, binaries_of, reachable, version_of
from tests.fix_broker import find_mosquitto
from tests.services import server_folder


class CannotRun(Exception):
    """Something that every trial needs is not on this machine."""


@dataclass(frozen=True, slots=True)
class Site:
    """A server that trials may kill, its databases, and Mosquitto's path."""

    cluster: Cluster
    databases: Databases
    mosquitto: str


@contextmanager
def open_site(place: Path | None = None) -> Iterator[Site]:
    """Starts the server, from the binaries in `place` or the first that are found. Raises CannotRun."""
    mosquitto, found = _mosquitto(), _postgres(place)
    with server_folder("chaos") as folder, reachable(found) as binaries:
        cluster = Cluster(binaries, folder)
        cluster.initialise()
        cluster.start()
        try:
            yield Site(cluster, Databases(cluster.dsn()), mosquitto)
        finally:
            cluster.stop()


def versions(place: Path | None = None) -> str:
    """What is under test, for the report. Raises CannotRun."""
    said = subprocess.run([_mosquitto(), "-h"], capture_output=True, text=True, check=False).stdout
    broker = re.search(r"version (\S+)", said)
    return ", ".join(
        [
            version_of(_postgres(place)),
            f"Mosquitto {broker[1] if broker else '?'}",
            f"Python {platform.python_version()}",
            *(f"{name} {metadata.version(name)}" for name in ("lighttrap", "paho-mqtt", "psycopg")),
        ]
    )


def _mosquitto() -> str:
    found = find_mosquitto()
    if found is None:
        raise CannotRun("no mosquitto found")
    return found


def _postgres(place: Path | None) -> Path:
    places = (place, binaries_of("embedded"), binaries_of("system"))
    found = next((one for one in places if one and (one / "initdb").exists()), None)
    if found is None:
        raise CannotRun("no PostgreSQL server binaries found")
    return found
