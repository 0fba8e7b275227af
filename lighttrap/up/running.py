"""Finds the `up` that runs on a data directory. Whether it runs is told by its lock, never by the files it left."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from lighttrap.errors import ConfigError
from lighttrap.up import directory, orphan


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a running `up` serves.

    `db_dsn` holds the password; `ingest_url` and `notify_url` are the base of /healthz, /readyz and /metrics,
    `api_url` that of /v1 too, `dashboard_url` is for browsers; `pid` is `up` itself.
    """

    data: Path
    db_dsn: str
    broker_url: str
    ingest_url: str
    api_url: str
    notify_url: str
    dashboard_url: str
    pid: int

    def to_json(self) -> str:
        """The document of addresses.json and of --ready-file."""
        return json.dumps({**asdict(self), "data": str(self.data)}, indent=2) + "\n"


def find(data: Path) -> Addresses | None:
    """Where the `up` on that data directory serves; None when none runs or it is not ready yet.

    Raises ConfigError when the directory belongs to somebody else.
    """
    home = directory.Directory(data.absolute())
    try:
        return _read(home) if _is_held(home.lock) else None
    except FileNotFoundError:
        return None
    except PermissionError as exc:
        raise ConfigError(f"{home.root} belongs to another user: run the command as that user") from exc


def _is_held(lock: Path) -> bool:
    descriptor = os.open(lock, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _read(home: directory.Directory) -> Addresses | None:
    document = json.loads(home.addresses.read_text(encoding="utf-8"))
    # A killed `up` leaves its file behind, and the next one holds the lock before it has written its own.
    if orphan.birth(document["pid"]) is None:
        return None
    # One of an older release tells less.
    known = {field.name: document.get(field.name, "") for field in fields(Addresses)}
    return Addresses(**{**known, "data": Path(known["data"])})
