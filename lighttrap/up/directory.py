"""The data directory: one `up` at a time owns it, and everything that must outlive a stop is in it.

- `lock`: held by the running `up`; its text is that process's id
- `addresses.json`: where the running `up` serves; absent while it starts and after it stopped
- `secrets.json`: generated at the first start, readable by its owner only
- `postgres/`, `broker/`: what the servers keep; `server/`: programs copied for an account that cannot read ours
- `logs/`, `run/`: the children's logs, and their process ids
- `simulator.json`: the simulated traps' own state
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from lighttrap import wholefile
from lighttrap.errors import ConfigError, Conflict

# `lighttrap.up.running` holds the lock for an instant when it looks; that is not another `up`.
_LOCK_WITHIN_S = 1.0


def default(environ: Mapping[str, str], uid: int) -> Path:
    """The data directory when none is named: LIGHTTRAP_DATA, else root's, else the user's own."""
    if environ.get("LIGHTTRAP_DATA"):
        return Path(environ["LIGHTTRAP_DATA"]).expanduser()
    if uid == 0:
        return Path("/var/lib/lighttrap")
    share = Path(environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser()
    return share / "lighttrap"


DEFAULT = default(os.environ, os.geteuid())


@dataclass(frozen=True, slots=True)
class Secrets:
    """What this installation made up for itself at its first start."""

    superuser_password: str
    database_password: str
    ingest_client_id: str


def _new_secrets() -> Secrets:
    # Nobody can take over ingest's MQTT session without knowing its client id.
    return Secrets(secrets.token_urlsafe(24), secrets.token_urlsafe(24), f"ingest-{secrets.token_hex(8)}")


@dataclass(frozen=True, slots=True)
class Directory:
    """A data directory and the places in it."""

    root: Path

    @property
    def addresses(self) -> Path:
        """Where the running `up` serves."""
        return self.root / "addresses.json"

    @property
    def lock(self) -> Path:
        """The file whose lock tells that `up` runs."""
        return self.root / "lock"

    @property
    def logs(self) -> Path:
        """The children's logs."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """The children's process ids."""
        return self.root / "run"

    def secrets(self) -> Secrets:
        """The installation's secrets, made at the first call. Raises ConfigError when their file is damaged."""
        path = self.root / "secrets.json"
        if not path.exists():
            wholefile.replace(path, json.dumps(asdict(_new_secrets()), indent=2).encode() + b"\n")
        try:
            return Secrets(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            raise ConfigError(f"{path} is not what `lighttrap up` wrote there: restore it from a backup") from None


@contextmanager
def owned(root: Path) -> Iterator[Directory]:
    """Makes the data directory where needed and keeps every other `up` out of it meanwhile.

    Raises Conflict when another `up` runs there, ConfigError when the directory cannot be used.
    """
    home = Directory(root.absolute())
    try:
        _make(home)
        descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as exc:
        raise ConfigError(f"the data directory {home.root} cannot be used: {exc.strerror}") from exc
    with os.fdopen(descriptor, "r+", encoding="ascii") as file:
        _take(file.fileno(), home)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        home.addresses.unlink(missing_ok=True)
        try:
            yield home
        finally:
            home.addresses.unlink(missing_ok=True)


def _make(home: Directory) -> None:
    home.root.mkdir(parents=True, exist_ok=True)
    # Servers started by root run as another account and must pass through to their own directories.
    home.root.chmod(0o711 if os.geteuid() == 0 else 0o700)
    for part in (home.logs, home.run):
        part.mkdir(mode=0o700, exist_ok=True)


def _take(descriptor: int, home: Directory) -> None:
    deadline = time.monotonic() + _LOCK_WITHIN_S
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Conflict(
                    f"`lighttrap up` already runs on {home.root} as process {holder(home)}: "
                    "stop it first, or choose another directory with --data"
                ) from None
            time.sleep(0.05)


def holder(home: Directory) -> int | None:
    """The process id that the lock's last owner wrote into it; it may be gone."""
    text = home.lock.read_text(encoding="ascii").strip()
    return int(text) if text.isdecimal() else None
