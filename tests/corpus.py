"""The golden packets and the malformed ones, as any test may send or decode them.

Small ones are files under tests/data, with a manifest beside them; big ones are made here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lighttrap import topics, wire

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Golden:
    """A packet written by hand from docs/protocol.md; `ignored` are the fields that decoding leaves out."""

    name: str
    kind: topics.Kind
    retain: bool
    means: str
    payload: bytes
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class Malformed:
    """A payload that is no packet of this kind, and the reason it is refused for."""

    name: str
    kind: topics.Kind
    reason: str
    payload: bytes


def golden() -> list[Golden]:
    """Every golden packet, as it goes on the wire: without the file's last line end."""
    return [
        Golden(name, topics.Kind(entry["kind"]), entry["retain"], entry["means"], _payload("packets", name),
               tuple(entry.get("ignored", ())))
        for name, entry in _manifest("packets").items()
    ]  # fmt: skip


def malformed() -> list[Malformed]:
    """Every malformed payload, the big ones too."""
    files = [
        Malformed(name, topics.Kind(entry["kind"]), entry["reason"], (DATA / "malformed" / name).read_bytes())
        for name, entry in _manifest("malformed").items()
    ]
    return [*files, *_big()]


def files_of(folder: str) -> set[str]:
    """The names of the files that a manifest must list."""
    return {path.name for path in (DATA / folder).iterdir()} - {"manifest.json"}


def _big() -> list[Malformed]:
    limit = wire.MAX_PAYLOAD_BYTES
    whole = _payload("packets", "reading.json")
    digits = whole.replace(b'"seq": 812', b'"seq": ' + b"9" * 5_000)
    cases = [
        ("one-megabyte", "too_large", whole.ljust(1_000_000)),
        ("one-byte-too-many", "too_large", whole.ljust(limit + 1)),
        ("100000-brackets", "too_large", b"[" * 100_000),
        ("50000-brackets", "too_deep", b"[" * 50_000),
        ("30000-closed-brackets", "too_deep", b"[" * 30_000 + b"]" * 30_000),
        ("10000-objects", "too_deep", b'{"a":' * 10_000),
        ("5000-digits", "not_json", digits),
        ("4000-digits", "invalid", digits.replace(b"9" * 5_000, b"9" * 4_000)),
        ("4000-digits-of-version", "unknown_version", whole.replace(b'"v": 1', b'"v": ' + b"9" * 4_000)),
    ]
    return [Malformed(name, topics.Kind.READING, reason, payload) for name, reason, payload in cases]


def _manifest(folder: str) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((DATA / folder / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def _payload(folder: str, name: str) -> bytes:
    return (DATA / folder / name).read_bytes().removesuffix(b"\n")
