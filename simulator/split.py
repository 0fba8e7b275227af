"""A night's catch as the readings that a trap would have sent: dusk-weighted, exact to the insect, always the same.

Nothing here may ever change its mind: a second replay of a file must repeat every byte, or the server would call it a
conflict. So the weights are whole numbers and the draws come from a generator whose stream is frozen (NEP 19).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from lighttrap import night, wire
from simulator import chance
from simulator.config import LampHours

HOUR_WEIGHTS = (2, 1, 1, 1, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 8, 60, 12, 6, 4, 3)
"""Insects come to a lamp mostly from 19:00 to 20:00; one weight per local hour."""


def split(count: int, weights: Sequence[int], *words: object) -> list[int]:
    """`count` in as many parts as there are weights, drawn by `words`; the parts sum to `count` exactly."""
    if count == 0:
        return [0] * len(weights)
    dice = np.random.RandomState(chance.number("split", *words) % 2**32)
    total = sum(weights)
    return [int(part) for part in dice.multinomial(count, [weight / total for weight in weights])]


@dataclass(frozen=True, slots=True)
class NightPlan:
    """How nights are cut: lamp hours, minutes per reading, time zone of the traps."""

    org: str
    lamp: LampHours
    interval_m: int
    zone: str

    @property
    def readings(self) -> int:
        """Readings in each night; the last is shorter when the interval does not fit the lamp hours."""
        return -(-self.lamp.length_m // self.interval_m)

    def boot(self, trap_id: str, evening: date) -> int:
        """The boot of a replayed night: its own, and the same in every replay."""
        return chance.boot_number("replay", self.org, trap_id, evening.isoformat())

    def packets(self, trap_id: str, evening: date, counts: Mapping[str, int]) -> list[wire.Packet]:
        """The readings of one night, then its summary."""
        boot = self.boot(trap_id, evening)
        weights = [self._weight(at) for at in range(self.readings)]
        parts = {
            species: split(count, weights, self.org, trap_id, evening.isoformat(), species)
            for species, count in counts.items()
        }
        readings = [
            self._reading(evening, boot, at, {species: shares[at] for species, shares in parts.items()})
            for at in range(self.readings)
        ]
        summary = wire.SummaryPacket(
            v=1,
            night=evening,
            boot=boot,
            first_seq=1,
            last_seq=self.readings,
            lamp_s=self.lamp.length_m * 60,
            totals=dict(counts),
        )
        return [*readings, summary]

    def _reading(self, evening: date, boot: int, at: int, counts: dict[str, int]) -> wire.ReadingPacket:
        noon = night.night_bounds(evening, self.zone)[0]
        # Added in UTC: local clocks may be set in the night, the lamp burns on.
        lit = noon.astimezone(UTC) + timedelta(minutes=self.lamp.after_noon_m)
        start, end = self._minutes(at)
        return wire.ReadingPacket(
            v=1,
            boot=boot,
            seq=at + 1,
            start=_at(lit, start),
            end=_at(lit, end),
            lamp_s=(end - start) * 60,
            counts=counts,
        )

    def _minutes(self, at: int) -> tuple[int, int]:
        """First and last minute of a reading, from lamp-on."""
        return at * self.interval_m, min((at + 1) * self.interval_m, self.lamp.length_m)

    def _weight(self, at: int) -> int:
        start, end = self._minutes(at)
        return sum(HOUR_WEIGHTS[(self.lamp.from_m + minute) // 60 % 24] for minute in range(start, end))


def _at(lit: datetime, minute: int) -> datetime:
    return lit + timedelta(minutes=minute)
