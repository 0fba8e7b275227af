"""The small JSON file beside each dump: what was saved, and by what one can tell that it came back."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lighttrap import wholefile
from lighttrap.errors import InputFault

SUFFIX = ".json"
_PIECE = 1 << 20


class Part(BaseModel):
    """A part of a manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Table(Part):
    """Rows of a table and their checksum in any order; see `lighttrap.store.backups.Sum`."""

    rows: int
    checksum: str


class Source(Part):
    """What the dump was taken from, and with what."""

    postgresql: str
    major: int
    timescaledb: str | None
    license: str | None
    pg_dump: str
    pg_dump_major: int
    roles: list[str]


class Withdrawn(Part):
    """Something that had been taken back; see `lighttrap.store.withdrawals.Withdrawal`."""

    kind: str
    org_id: str
    id: str
    made_at: datetime
    at: datetime


class Manifest(Part):
    """One backup. It is written last: a dump without one was never finished."""

    format: int = Field(default=1, le=1)
    taken_at: datetime
    lighttrap: str
    seconds: float
    migrations: dict[str, str]
    source: Source
    tables: dict[str, Table]
    sequences: dict[str, int]
    withdrawn: list[Withdrawn] = []
    """What an older backup would give back, were it restored instead."""
    file: str
    bytes: int
    sha256: str
    proven_at: datetime | None = None
    """When it was last restored into a database of its own and found equal."""

    @property
    def rows(self) -> int:
        """Rows of all tables together."""
        return sum(table.rows for table in self.tables.values())


def path_of(dump: Path) -> Path:
    """Where the manifest of a dump lies."""
    return dump.with_name(dump.name + SUFFIX)


def read(dump: Path) -> Manifest:
    """The manifest beside a dump. Raises InputFault when there is none that can be read."""
    path = path_of(dump)
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise InputFault(
            f"{path} is not there: a dump and its manifest belong together; without one nothing tells whether the "
            f"dump is whole"
        ) from None
    except (OSError, ValidationError) as fault:
        raise InputFault(f"{path} cannot be read: {fault}") from fault


def write(dump: Path, manifest: Manifest) -> None:
    """Puts a manifest beside its dump, whole or not at all, on disk when this returns; it is the folder's owner's."""
    text = manifest.model_dump_json(indent=1).encode() + b"\n"
    wholefile.replace(path_of(dump), text, owner=wholefile.owner_of(dump.parent))


def sha256_of(file: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with file.open("rb") as source:
        while piece := source.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def require_whole(dump: Path, manifest: Manifest) -> None:
    """Refuses a dump that is not byte for byte what its manifest tells of. Raises InputFault."""
    try:
        size = dump.stat().st_size
        if size != manifest.bytes:
            raise InputFault(f"{dump} has {size} bytes, and its manifest says {manifest.bytes}: it is not whole")
        if sha256_of(dump) != manifest.sha256:
            raise InputFault(f"{dump} has another SHA-256 than its manifest says: it was changed or is damaged")
    except OSError as fault:
        raise InputFault(f"{dump} cannot be read: {fault}") from fault
