"""A private Mosquitto for each test; `--broker` or LIGHTTRAP_TEST_BROKER (`mqtt://host:port`) names a running one."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.services import Server, free_port, is_listening, missing, server_folder, unprivileged
from tests.waiting import wait_until

# As a field's broker is set up, but open to this machine, and with a packet size that lets tests send what a field's
# broker would refuse. The state is saved each 100 changes: each single one costs more the longer the queue is.
SETTINGS = """\
listener {port} 127.0.0.1
allow_anonymous true
max_inflight_messages 2000
max_queued_messages 1000000
max_queued_bytes 1073741824
max_packet_size 4194304
max_keepalive 300
queue_qos0_messages false
persistent_client_expiration 60d
persistence true
persistence_location {folder}/
autosave_on_changes true
autosave_interval 100
sys_interval 1
"""


class Broker(Server):
    """Mosquitto on a free loopback port. Its persistent state survives `stop` whole, and `kill` nearly whole."""

    host = "127.0.0.1"

    def __init__(self, binary: str, folder: Path, state: Path | None = None) -> None:
        self.port = free_port()
        self.state = state or folder
        self.config = folder / "mosquitto.conf"
        self.config.write_text(SETTINGS.format(port=self.port, folder=self.state))
        super().__init__([binary, "-c", self.config], folder / "mosquitto.log")

    @property
    def url(self) -> str:
        """Where programs connect."""
        return f"mqtt://{self.host}:{self.port}"

    def start(self) -> None:
        """Starts the broker and waits until it listens."""
        self.launch(cwd="/", **unprivileged())
        wait_until(self._listens)

    def forget(self) -> None:
        """Loses all that the broker kept, as a broken disk would; it must be down."""
        (self.state / "mosquitto.db").unlink(missing_ok=True)

    def _listens(self) -> bool:
        if not self.is_running:
            raise AssertionError(f"mosquitto ended: {self.output()[-2000:]}")
        return is_listening(self.port)


class NamedBroker(Broker):
    """A broker that somebody else runs: it can be used, not broken."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or "127.0.0.1"
        self.port = parts.port or 1883

    def start(self) -> None:
        """It runs already."""

    def stop(self) -> None:
        """It goes on running."""

    def send(self, sig: signal.Signals) -> None:
        """Not ours to signal."""
        pytest.skip("this test breaks its broker, and the one of --broker is not ours to break")

    def kill(self) -> None:
        """Not ours to kill."""
        self.send(signal.SIGKILL)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the broker comes from."""
    parser.getgroup("lighttrap").addoption(
        "--broker",
        default=os.environ.get("LIGHTTRAP_TEST_BROKER"),
        help="URL of a running MQTT broker to test on (environment: LIGHTTRAP_TEST_BROKER)",
    )


def pytest_report_header(config: pytest.Config) -> str:
    """Which broker the tests run on."""
    if config.option.broker:
        return "broker: the one of --broker"
    binary = find_mosquitto()
    if binary is None:
        return "broker: no mosquitto found"
    said = subprocess.run([binary, "-h"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"version (\S+)", said)
    return f"broker: Mosquitto {found[1] if found else 'of unknown version'}"


def find_mosquitto() -> str | None:
    """The path of the broker's program; Debian keeps it off an ordinary user's PATH."""
    return shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """A broker without any session or retained message."""
    if named := request.config.option.broker:
        yield NamedBroker(named)
        return
    binary = find_mosquitto()
    if binary is None:
        missing("no mosquitto found")
    with server_folder("broker") as folder:
        made = Broker(binary, folder)
        made.start()
        yield made
        made.stop()
