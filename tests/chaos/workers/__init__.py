"""Workers that break the promise on purpose, each by a small change of the real one, and the fault that shows it.

A harness that lets one of them pass proves nothing about ours.
"""

from __future__ import annotations

import importlib
from typing import NamedTuple

OURS = "ours"
BROKEN = (
    "acks_before_commit",
    "acks_stale",
    "clean_start",
    "drops_on_full_queue",
    "drops_some",
    "quarantines_outages",
    "without_dedup",
)


class Broken(NamedTuple):
    """A broken worker: what it does wrong, the fault that shows it, and the figure it is condemned by."""

    name: str
    sin: str
    fault: str
    figure: str


def broken(name: str) -> Broken:
    """The broken worker of a name."""
    module = importlib.import_module(f"{__package__}.{name}")
    sin = str(module.__doc__).splitlines()[0]
    return Broken(name, sin, module.FAULT, module.FIGURE)


def sabotage(name: str) -> None:
    """Changes the real classes of this process into the broken worker's; nothing for ours."""
    if name != OURS:
        importlib.import_module(f"{__package__}.{name}").sabotage()
