"""lighttrap's programs as child processes, ended with the test that started them."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.services import Server, free_port
from tests.waiting import wait_until as wait_until

ROOT = Path(__file__).parent.parent
StartProgram = Callable[..., "Program"]


class Program(Server):
    """A program under test, started as `python -m NAME`."""

    def __init__(self, name: str, arguments: tuple[str, ...], settings: dict[str, str], log: Path) -> None:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("LIGHTTRAP_")}
        env = {**clean, "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "error", **settings}
        super().__init__([sys.executable, "-m", name, *arguments], log, env)
        self.name = name
        self.settings = settings

    def start(self) -> None:
        """Starts the program, or starts it again; does not wait until it is ready."""
        self.launch(cwd=ROOT)

    def wait(self, within: float = 20) -> int:
        """The exit code, once the program has ended by itself."""
        assert self.process is not None, "never started"
        return self.process.wait(within)


class Ingest(Program):
    """The ingest program, with its metrics server on a free port."""

    def __init__(self, database: str, broker_url: str, settings: dict[str, str], log: Path) -> None:
        self.metrics_port = free_port()
        own = {
            "LIGHTTRAP_DATABASE__DSN": database,
            "LIGHTTRAP_BROKER__URL": broker_url,
            "LIGHTTRAP_INGEST__METRICS_PORT": str(self.metrics_port),
        }
        super().__init__("ingest", (), {**own, **settings}, log)

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a page of the metrics server; (0, reason) when it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode()
        except OSError as fault:
            return 0, str(fault)

    def is_ready(self) -> bool:
        """Whether it can do its work just now."""
        return self.get("/readyz")[0] == 200

    def wait_until_ready(self, within: float = 30) -> None:
        """Waits until it can do its work; AssertionError shows its log when it ends or does not get there."""
        try:
            wait_until(lambda: self.is_ready() or not self.is_running, within=within)
        finally:
            if not self.is_ready():
                print(self.output()[-4000:])  # noqa: T201 - pytest shows it with the failure
        assert self.is_running, f"ingest ended: {self.output()[-2000:]}"

    def metric(self, name: str, **labels: str) -> float:
        """The value of one metric, or the sum over the labels that were not given."""
        total = 0.0
        for line in self.get("/metrics")[1].splitlines():
            head, _, value = line.rpartition(" ")
            found, _, tail = head.partition("{")
            if found == name and all(f"{label}={json.dumps(wanted)}" in tail for label, wanted in labels.items()):
                total += float(value)
        return total


@pytest.fixture
def start_program(tmp_path: Path) -> Iterator[StartProgram]:
    """Starts `python -m NAME ARGUMENTS` with the settings given as environment variables."""
    started: list[Program] = []

    def start(name: str, *arguments: str, **settings: str) -> Program:
        program = Program(name, arguments, settings, tmp_path / f"{name}-{len(started)}.log")
        started.append(program)
        program.start()
        return program

    yield start
    for program in started:
        program.kill()


@pytest.fixture
def start_ingest(tmp_path: Path) -> Iterator[Callable[..., Ingest]]:
    """Starts ingest on a database and a broker and waits until it is ready."""
    started: list[Ingest] = []

    def start(database: str, broker_url: str, *, ready: bool = True, **settings: str) -> Ingest:
        ingest = Ingest(database, broker_url, settings, tmp_path / f"ingest-{len(started)}.log")
        started.append(ingest)
        ingest.start()
        if ready:
            ingest.wait_until_ready()
        return ingest

    yield start
    for ingest in started:
        ingest.kill()
