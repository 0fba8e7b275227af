"""`lighttrap up` as a process under test, and the traps' side of its broker."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import psycopg
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from lighttrap import topics
from lighttrap.store import pool
from lighttrap.up import orphan, progress, running
from tests.builders import NIGHTFALL, ORG, TRAP, a_reading, a_topic, a_trap
from tests.services import Server
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
READY_WITHIN_S = 60
_RUN = """
import json, sys
from datetime import timedelta
from pathlib import Path
from lighttrap.errors import LightTrapError
from lighttrap.up import broker, launch

options = json.loads(sys.argv[1])
if options.pop("without_mosquitto", False):
    broker._BESIDES_PATH = ()
paths = {name: Path(options[name]) for name in ("data", "ready_file") if name in options}
try:
    sys.exit(launch.run(launch.UpOptions(**{**options, **paths})))
except LightTrapError as fault:
    sys.exit(f"{type(fault).__name__}: {fault}")
"""


class Up(Server):
    """One run of `lighttrap up` on a data directory."""

    def __init__(self, data: Path, log: Path, options: dict[str, Any], env: dict[str, str] | None = None) -> None:
        self.data = data
        self.ready_file = data.with_name(f"{log.stem}-ready.json")
        clean = {key: value for key, value in os.environ.items() if not key.startswith("LIGHTTRAP_")}
        document = {"data": str(data), "ready_file": str(self.ready_file), **options}
        command = [sys.executable, "-c", _RUN, json.dumps(document)]
        found_by = os.pathsep.join(filter(None, (str(ROOT), clean.get("PYTHONPATH"))))
        super().__init__(command, log, {**clean, "PYTHONWARNINGS": "error", "PYTHONPATH": found_by, **(env or {})})

    def start(self, **popen: Any) -> running.Addresses:  # noqa: ANN401 - Popen's own arguments
        """Starts it and waits until it is ready. Returns where it serves."""
        self.launch(cwd=ROOT, **popen)
        return self.addresses()

    def addresses(self) -> running.Addresses:
        """Where it serves, once it is ready."""

        def look() -> running.Addresses | None:
            assert self.is_running, self.output()
            return running.find(self.data)

        found = wait_until(look, within=READY_WITHIN_S)
        assert found is not None
        return found

    def ended_with(self, within: float = 60) -> int:
        """The exit code, once it has ended by itself."""
        assert self.process is not None, "never started"
        return self.process.wait(within)

    def pid_of(self, name: str) -> int:
        """The process id of a child."""
        return int(json.loads((self.data / "run" / f"{name}.json").read_text())["pid"])

    def tree(self) -> list[int]:
        """The ids of `up` and of all processes below it, itself first."""
        assert self.process is not None, "never started"
        return [self.process.pid, *_below(self.process.pid)]

    def kill_tree(self) -> None:
        """Ends all of it in one instant, as a power cut would."""
        tree = self.tree()
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in tree:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
        self.kill()
        wait_until(lambda: not any(is_alive(pid) for pid in tree))


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be buried does not."""
    return orphan.birth(pid) is not None


def _below(parent: int) -> list[int]:
    children = [pid for pid, its_parent in _parents().items() if its_parent == parent]
    return [pid for child in children for pid in (child, *_below(child))]


def _parents() -> dict[int, int]:
    # From /proc, for a bare Debian has no ps.
    parents = {}
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(place.name)] = int((place / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    return parents


@contextmanager
def a_place() -> Iterator[Path]:
    """A folder for data directories, open to every account; pytest's own are closed to all but ours."""
    with tempfile.TemporaryDirectory(prefix="lighttrap-up-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def an_up(data: Path, name: str = "up", env: dict[str, str] | None = None, **options: Any) -> Iterator[Up]:  # noqa: ANN401
    """An `up` that is not started yet, and is stopped afterwards whatever happens."""
    up = Up(data, data.with_name(f"{name}.log"), options, env)
    try:
        yield up
    finally:
        up.stop()


def is_ready(addresses: running.Addresses) -> bool:
    """Whether ingest says that it can do its work."""
    return (progress.get(addresses.ingest_url, "/readyz") or (0,))[0] == 200


def api_is_ready(addresses: running.Addresses) -> bool:
    """Whether the API says that it can do its work, which needs the database."""
    return (progress.get(addresses.api_url, "/readyz") or (0,))[0] == 200


def register_trap(addresses: running.Addresses) -> None:
    """Registers the trap of the builders."""
    with pool.connect(addresses.db_dsn) as conn:
        a_trap(conn)


def send_readings(addresses: running.Addresses, seqs: range) -> None:
    """Sends readings as a trap does, and waits until the broker has taken them."""
    port = int(addresses.broker_url.rpartition(":")[2])
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=TRAP, protocol=MQTTProtocolVersion.MQTTv5)
    client.connect("127.0.0.1", port)
    client.loop_start()
    topic = a_topic(topics.Kind.READING, org=ORG)
    sent = [client.publish(topic, _payload(seq), qos=1) for seq in seqs]
    for one in sent:
        one.wait_for_publish(20)
    client.disconnect()
    client.loop_stop()


def _payload(seq: int) -> str:
    # Weeks ago, so that none lies in the future.
    start = NIGHTFALL - timedelta(days=60) + seq * timedelta(minutes=10)
    return a_reading(seq, start=start).model_dump_json(exclude_none=True)


def stored_readings(addresses: running.Addresses) -> int:
    """Rows in the store."""
    with psycopg.connect(addresses.db_dsn) as conn:
        row = conn.execute("SELECT count(*) FROM reading").fetchone()
    assert row is not None
    return int(row[0])
