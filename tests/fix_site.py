"""A site as `lighttrap init` makes it, and its broker run from its own files by the user id of its container."""

from __future__ import annotations

import os
import pwd
import shutil
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lighttrap.cli.main import cli
from lighttrap.errors import LightTrapError
from tests.fix_broker import find_mosquitto
from tests.services import Server, free_port, is_listening, missing
from tests.waiting import wait_until

ROOT = Path(__file__).parent.parent
DOMAIN = "bay.example.org"
RUN = ROOT / "deploy/mosquitto/run.sh"
IS_ROOT = os.geteuid() == 0


def _has_debians_accounts() -> bool:
    try:
        return all(pwd.getpwnam(name).pw_uid for name in ("mosquitto", "postgres"))
    except KeyError:
        return False


needs_debians_accounts = pytest.mark.skipif(
    not IS_ROOT or not _has_debians_accounts(), reason="needs Debian's accounts, and root"
)


def init(folder: Path, *options: str) -> str:
    """What `lighttrap init` prints; who is no root keeps the files. Raises what it raises."""
    words = ["init", str(folder), "--compose-file", str(ROOT / "docker-compose.yml"), *options]
    done = CliRunner().invoke(cli, [*words, *([] if IS_ROOT else ["--mine"])])
    if isinstance(done.exception, LightTrapError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


@dataclass(frozen=True)
class Site:
    """The folder of a site."""

    folder: Path

    def text(self, name: str) -> str:
        """What is in one of its files."""
        return (self.folder / name).read_text(encoding="utf-8")

    def secret(self, name: str) -> str:
        """One of its secrets."""
        return self.text(f"secrets/{name}").strip()

    def trust(self) -> ssl.SSLContext:
        """What a trap trusts: the authority of the site, and no other."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.folder / "tls/ca.pem")
        return context


@pytest.fixture
def site() -> Iterator[Site]:
    """A site for docker compose."""
    with tempfile.TemporaryDirectory(prefix="lighttrap-site-") as name:
        Path(name).chmod(0o755)
        init(Path(name) / "site", "--domain", DOMAIN, "--web", "internal")
        yield Site(Path(name) / "site")


class SiteBroker(Server):
    """Mosquitto by deploy/mosquitto/run.sh, from the files of a site: what its container sees elsewhere, is here."""

    host = "127.0.0.1"

    def __init__(self, site: Site, shell: str = "/bin/sh") -> None:
        self.port = free_port()
        self.site = site
        state = site.folder.parent / "state"
        state.mkdir(exist_ok=True)
        config = state / "mosquitto.conf"
        config.write_text(self._settings(state))
        for place in (state, config):
            if IS_ROOT:
                os.chown(place, 1883, 1883)
        super().__init__([shell, RUN, config], site.folder.parent / "mosquitto.log", {"PATH": _path()})

    def _settings(self, state: Path) -> str:
        text = self.site.text("broker/mosquitto.conf")
        places = {"/mosquitto/config": self.site.folder / "broker", "/mosquitto/tls": self.site.folder / "tls",
                  "/mosquitto/data": state, "/run/mosquitto": state}  # fmt: skip
        for there, here in places.items():
            text = text.replace(there, str(here))
        return text.replace("listener 8883 0.0.0.0", f"listener {self.port} 127.0.0.1")

    def start(self) -> None:
        """Starts it as the account of its container and waits until it listens."""
        account: dict[str, Any] = {"user": 1883, "group": 1883, "extra_groups": []} if IS_ROOT else {}
        self.launch(cwd="/", **account)
        wait_until(lambda: not self.is_running or is_listening(self.port))
        assert self.is_running, self.output()


def _path() -> str:
    binary = find_mosquitto()
    if binary is None:
        missing("no mosquitto found")
    return f"{Path(binary).parent}:{os.environ['PATH']}"


@pytest.fixture
def site_broker(site: Site) -> Iterator[SiteBroker]:
    """The broker of a site, running."""
    made = SiteBroker(site)
    made.start()
    yield made
    made.stop()


def mosquitto_sub() -> str:
    """Debian has it in mosquitto-clients."""
    found = shutil.which("mosquitto_sub")
    if found is None:
        missing("no mosquitto_sub found")
    return found
