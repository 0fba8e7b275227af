"""The state file: what the flash of every simulated trap holds over a restart of the program.

Without it a restarted simulator would number its readings from 1 again, under new boots, and make its history twice.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lighttrap.errors import ConfigError, InputFault
from simulator.device import Device

FORMAT = 1


@dataclass(slots=True)
class Memory:
    """One fleet's state. `nonce` makes its boots differ from those of every other fleet."""

    org: str
    prefix: str
    seed: int
    nonce: str = field(default_factory=lambda: secrets.token_hex(8))
    saved_s: float | None = None
    traps: dict[str, Any] = field(default_factory=dict)

    def recall(self, device: Device) -> bool:
        """Puts a trap back where it was; False when it is new. Raises InputFault for a damaged state."""
        state = self.traps.get(device.trap_id)
        if state is None:
            return False
        try:
            device.restore(state)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as fault:
            raise InputFault(f"the state of trap {device.trap_id} cannot be read") from fault
        return True

    def save(self, path: Path, devices: Iterable[Device], now_s: float) -> None:
        """Writes the file anew; a crash leaves the old one or the new one whole. Raises InputFault."""
        self.saved_s = now_s
        self.traps.update((device.trap_id, device.state()) for device in devices)
        document = {
            "format": FORMAT,
            "org": self.org,
            "prefix": self.prefix,
            "seed": self.seed,
            "nonce": self.nonce,
            "saved_s": now_s,
            "traps": self.traps,
        }
        fresh = path.with_name(path.name + ".new")
        try:
            with fresh.open("w", encoding="utf-8") as file:
                json.dump(document, file, separators=(",", ":"))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except OSError as fault:
            raise InputFault(f"the state file {path} cannot be written: {fault.strerror}") from fault


def load(path: Path | None, org: str, prefix: str, seed: int) -> Memory:
    """The memory in a file; a new one when there is none.

    Raises InputFault when the file cannot be read, ConfigError when it is that of another fleet.
    """
    if path is None or not path.exists():
        return Memory(org, prefix, seed)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise InputFault(f"the state file {path} is of another version; remove it to begin anew")
        memory = Memory(*(document[key] for key in ("org", "prefix", "seed", "nonce", "saved_s", "traps")))
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise InputFault(f"the state file {path} cannot be read; remove it to begin anew") from fault
    if (memory.org, memory.prefix, memory.seed) != (org, prefix, seed):
        raise ConfigError(
            f"the state file {path} is that of org {memory.org}, prefix {memory.prefix}, seed {memory.seed}; "
            "give the same, or another file"
        )
    return memory
