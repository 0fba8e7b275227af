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

    def versions(self) -> str:
        """What is under test, for the report."""
        said = subprocess.run([self.mosquitto, "-h"], capture_output=True, text=True, check=False).stdout
        broker = re.search(r"version (\S+)", said)
        packages = (f"{name} {metadata.version(name)}" for name in ("lighttrap", "paho-mqtt", "psycopg"))
        return ", ".join(
            [
                version_of(self.cluster.place),
                f"Mosquitto {broker[1] if broker else '?'}",
                f"Python {platform.python_version()}",
                *packages,
            ]
        )


@contextmanager
def open_site(place: Path | None = None) -> Iterator[Site]:
    """Starts the server, from the binaries in `place` or the first that are found. Raises CannotRun."""
    mosquitto = find_mosquitto()
    if mosquitto is None:
        raise CannotRun("no mosquitto found")
    found = next(
        (p for p in (place, binaries_of("embedded"), binaries_of("system")) if p and (p / "initdb").exists()), None
    )
    if found is None:
        raise CannotRun("no PostgreSQL server binaries found")
    with server_folder("chaos") as folder, reachable(found) as binaries:
        cluster = Cluster(binaries, folder)
        cluster.initialise()
        cluster.start()
        try:
            yield Site(cluster, Databases(cluster.dsn()), mosquitto)
        finally:
            cluster.stop()
