"""The private MQTT broker on loopback: Mosquitto where there is one, else rumqttd, which comes in a wheel."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from lighttrap.errors import ConfigError
from lighttrap.up import account
from lighttrap.up.account import Account
from lighttrap.up.child import Program
from lighttrap.up.ports import HOST

# Debian keeps servers where an ordinary user's PATH does not look.
_BESIDES_PATH = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
_ALARMING = re.compile(r"\b(Error|Warning)\b")
_ANSWERS_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Broker:
    """A kind of broker, and where it finds its settings and keeps its data."""

    label: str
    caution: str | None
    argv: tuple[str, ...]
    settings: Path
    text: str
    runs_as: Account | None

    def program(self, environ: Mapping[str, str]) -> Program:
        """The broker as a child process."""
        return Program(
            name="broker",
            argv=self.argv,
            environ=environ,
            account=self.runs_as,
            cwd=Path("/"),
            stop_within_s=5.0,
            alarming=_ALARMING,
        )

    def prepare(self) -> None:
        """Writes the settings, in a folder that the broker's account owns."""
        self.settings.parent.mkdir(mode=0o700, exist_ok=True)
        account.give(self.settings.parent, self.runs_as)
        self.settings.write_text(self.text, encoding="utf-8")
        account.give(self.settings, self.runs_as)


def choose(folder: Path, port: int, runs_as: Account | None, search: str) -> Broker:
    """The best broker of this machine, set up for that folder and port; `search` is the caller's PATH.

    Raises ConfigError when there is none.
    """
    mosquitto = shutil.which("mosquitto", path=os.pathsep.join((search, *_BESIDES_PATH)))
    if mosquitto:
        return _mosquitto(mosquitto, folder, port, runs_as)
    if importlib.util.find_spec("iotcore"):
        return _rumqttd(folder, port)
    raise ConfigError("no MQTT broker is here: install mosquitto or the package iotcore, or name one with --broker-url")


def accepts(host: str, port: int) -> bool:
    """True when something takes TCP connections there."""
    try:
        with socket.create_connection((host, port), timeout=_ANSWERS_WITHIN_S):
            return True
    except OSError:
        return False


def _mosquitto(program: str, folder: Path, port: int, runs_as: Account | None) -> Broker:
    settings = folder / "mosquitto.conf"
    own = f"\nlistener {port} {HOST}\npersistence_location {folder}/\n"
    shown = subprocess.run([program, "-h"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"mosquitto version ([\d.]+)", shown)
    return Broker(
        label=f"mosquitto {version[1]}" if version else "mosquitto",
        caution=None,
        argv=(program, "-c", str(settings)),
        settings=settings,
        text=_template("mosquitto.conf") + own,
        runs_as=runs_as,
    )


def _rumqttd(folder: Path, port: int) -> Broker:
    # It runs in Python, perhaps from a place that only we can read; it keeps nothing on disk.
    settings = folder / "rumqttd.toml"
    return Broker(
        label="rumqttd (from the package iotcore)",
        caution="without mosquitto on this machine the broker keeps nothing over its own restart; traps send it again",
        # rumqttd reports each packet as an error, so its words are of no use.
        argv=(sys.executable, "-m", "iotcore", "--config", str(settings), "--log-level", "CRITICAL"),
        settings=settings,
        text=_template("rumqttd.toml").replace("{port}", str(port)),
        runs_as=None,
    )


def _template(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
