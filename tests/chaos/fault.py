"""What a fault is: a way to hurt the system, what it needs, and how often a set tries it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tests.chaos.scene import Scene

SmallDiskHolds = Literal["", "database", "wal", "broker"]
Strike = Callable[["Scene"], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to hurt the system.

    `strike` starts ingest, sends, and hurts; it returns when everything works again, or soon will.
    """

    name: str
    says: str
    strike: Strike
    settings: Mapping[str, str] = field(default_factory=dict)
    proxied: tuple[str, ...] = ()
    """Legs of ingest that lead through a killable proxy: `broker`, `database`."""
    logins: bool = False
    """Whether the broker asks for logins and takes them for client ids."""
    cabled: tuple[str, ...] = ()
    """Legs that lead through a network namespace, by a cable that can be pulled; needs root."""
    small_disk: SmallDiskHolds = ""
    """What lies on a small file system of its own; needs root."""
    quick: int = 1
    long: int = 1
    """Runs in one round of the short and of the long set."""
