"""A trap's own account of its night: totals for the summary, and when the lamp went on and off."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from lighttrap import wire
from simulator.senses import Sensed


class NightBook:
    """Adds up the readings of one night and boot, in order of taking."""

    def __init__(self) -> None:
        self._first: Sensed | None = None
        self._last: Sensed | None = None
        self._lamp_s = 0
        self._totals: Counter[str] = Counter()

    def follows(self, sensed: Sensed) -> bool:
        """Whether a reading is the next one after those in the book."""
        return self._last is not None and (
            (sensed.boot, sensed.seq) == (self._last.boot, self._last.seq + 1) or sensed.seq == 1
        )

    def close(self, sensed: Sensed) -> wire.SummaryPacket | None:
        """The account of the night before, when a reading opens another night or boot."""
        if self._first is None or self._last is None or _same(self._first, sensed):
            return None
        summary = wire.SummaryPacket(
            v=1,
            night=self._first.night,
            boot=self._first.boot,
            first_seq=self._first.seq,
            last_seq=self._last.seq,
            lamp_s=min(self._lamp_s, 86_400),
            totals=dict(self._totals),
        )
        self.clear()
        return summary

    def lamp_event(self, sensed: Sensed) -> wire.EventPacket | None:
        """What the lamp did at or within a reading, compared with the one before it in the book."""
        last = self._last
        if last is None:
            return None
        if sensed.lamp_s and not last.lamp_s:
            return _event("lamp-on", sensed.end_s - sensed.lamp_s)
        failing = sensed.lamp_s < sensed.planned_lamp_s
        if failing and last.lamp_s and last.lamp_s == last.planned_lamp_s:
            return _event("lamp-fault", sensed.start_s + sensed.lamp_s, "battery low")
        if last.lamp_s and not sensed.lamp_s and last.lamp_s == last.planned_lamp_s:
            return _event("lamp-off", last.start_s + last.lamp_s)
        return None

    def add(self, sensed: Sensed) -> None:
        """Takes a reading in."""
        self._first = self._first or sensed
        self._last = sensed
        self._lamp_s += sensed.lamp_s
        self._totals.update(sensed.counts)

    def clear(self) -> None:
        """An empty book."""
        self._first = self._last = None
        self._lamp_s = 0
        self._totals = Counter()


def _same(first: Sensed, sensed: Sensed) -> bool:
    return (first.boot, first.night) == (sensed.boot, sensed.night)


def _event(event: str, at_s: int, note: str | None = None) -> wire.EventPacket:
    return wire.EventPacket(v=1, event=event, at=datetime.fromtimestamp(at_s, UTC), note=note)
