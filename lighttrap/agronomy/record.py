"""What is stored of a field's traps and one species, as it is handed to the computations. Nights are day numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from lighttrap.agronomy.series import Counts


class TrapNight(NamedTuple):
    """What is stored of one night of a trap. `state` is that of the night, None where the trap stood elsewhere."""

    lamp_s: int
    state: str
    rain_mm: float | None
    temperature_min_c: float | None
    temperature_max_c: float | None


@dataclass(frozen=True, slots=True)
class TrapRecord:
    """What is stored of a trap: its nights by day number, and its counts of one species, which begin years before."""

    trap_id: str
    name: str
    nominal_s: int
    nights: Mapping[int, TrapNight]
    counts: Counts
    heard_at: datetime | None = None


class JudgedNight(NamedTuple):
    """What a rule made of a field's night."""

    rule_id: int
    value: float | None
    level: int
    is_valid: bool
    is_final: bool


def known_until(trap: TrapRecord, last: int, tonight: int) -> int:
    """The last night of a trap, up to `last`, that is over, or complete though it still goes on."""
    night = trap.nights.get(tonight)
    return min(last, tonight if night is not None and night.state == "complete" else tonight - 1)


def usable(counts: Counts, nominal_s: int, until: int) -> Counts:
    """The counts of a trap that may be reckoned with: of its own protocol, and of nights that are known."""
    return counts.where((counts.nominal_s == nominal_s) & (counts.night <= until))
