"""Which readings of a trap are sent, confirmed, and due to be sent again.

The window works as TCP's does, with the watermark for an acknowledgement: what is unconfirmed is bounded; patience
that runs out goes back to the first unconfirmed reading with a smaller window; every step forward doubles it; and a
watermark that is told again without a step shows a hole before patience runs out. So a server that is down for days
finds some hundred readings a trap in its broker, and the rest safe in the ring.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from lighttrap import wire
from simulator import chance
from simulator.journal import RING_S, Journal
from simulator.patience import Patience

PROBE = 20
"""Readings sent when patience has run out twice; halved each further time, for one is enough to ask."""


class Rounds:
    """Positions of one journal: cursor, watermarks, window. `tick` is seconds on a clock that never steps."""

    def __init__(self, journal: Journal, patience: Patience, window: int) -> None:
        self.marks: dict[int, int] = {}
        """Per boot, the seq up to which everything is stored."""
        self.cursor = journal.stretches[0].position - 1
        """The last position sent in this round."""
        self.highest = self.cursor
        """The last position ever sent."""
        self.retry_at: float | None = None
        self._journal = journal
        self._patience = patience
        self._oldest = self.cursor + 1
        self._marks_at = datetime.min.replace(tzinfo=UTC)
        self._most = self._window = window
        self._tries = 0
        self._sample: tuple[int, float] | None = None
        self._told: dict[int, int] = {}
        self._went_back_at = 0.0

    def change(self, window: int, patience: Patience) -> None:
        """Another bound and another patience from now on."""
        self._most = self._window = window
        self._patience = patience

    def open(self, upto: int) -> Iterator[tuple[int, int]]:
        """Ranges of positions up to `upto` that are in the ring and not confirmed."""
        for stretch in self._journal:
            known = self.marks.get(stretch.boot, 0) - stretch.first_seq + 1
            first = max(stretch.position + max(0, known), self._oldest)
            last = min(stretch.end - 1, upto)
            if first <= last:
                yield first, last

    def first_open(self, upto: int) -> int:
        """The first position up to `upto` that is not confirmed; the one after it when all are."""
        return next(self.open(upto), (upto + 1, 0))[0]

    @property
    def unconfirmed(self) -> int:
        """Readings sent in this round and not confirmed."""
        return sum(last - first + 1 for first, last in self.open(self.cursor))

    def is_open(self, upto: int) -> bool:
        """Whether a reading up to `upto` may be sent now."""
        return self.unconfirmed < self._window and any(last > self.cursor for _, last in self.open(upto))

    def next(self, upto: int) -> Iterator[int]:
        """Positions to be sent now, in order; each must be reported to `sent` before the next is taken."""
        room = self._window - self.unconfirmed
        for first, last in list(self.open(upto)):
            for position in range(max(first, self.cursor + 1), last + 1):
                if room <= 0:
                    return
                room -= 1
                yield position

    def sent(self, position: int, tick: float) -> bool:
        """Takes note of a sending; True when it was the first of this reading."""
        self.cursor = position
        if self.retry_at is None:
            self.retry_at = tick + self._wait_s()
        if position <= self.highest:
            return False
        self.highest = position
        self._sample = self._sample or (position, tick)
        return True

    def hear(self, packet: wire.StoredPacket, tick: float) -> int:
        """Moves the watermarks; returns how many readings that confirms, negative when the server lost some.

        The newest word counts, also when it takes a promise back: a restored backup must be refilled.
        """
        is_news = packet.at >= self._marks_at
        self._marks_at = max(self._marks_at, packet.at)
        gained = 0
        stuck: set[int] = set()
        for mark in packet.stored:
            known = self.marks.get(mark.boot, 0)
            if mark.seq == self._told.get(mark.boot):
                stuck.add(mark.boot)
            self._told[mark.boot] = mark.seq
            if mark.seq > known or (is_news and mark.seq < known):
                gained += self._move(mark.boot, known, mark.seq)
        if gained > 0:
            self._progress(tick)
        elif gained < 0:
            self._go_back(tick)
            self.retry_at = None
        self._look_for_hole(stuck, tick)
        return gained

    def stall(self, tick: float) -> None:
        """Starts again behind the watermark, with few readings, when patience has run out."""
        if self.retry_at is None or tick < self.retry_at:
            return
        self._tries += 1
        self._window = max(PROBE, self._window // 2) if self._tries == 1 else max(1, PROBE >> (self._tries - 2))
        self._go_back(tick)
        self.retry_at = tick + self._wait_s() if self._waits else None

    def reconnected(self, tick: float) -> None:
        """Soon checks whether what was under way arrived: a broker may have lost what it acknowledged."""
        if self.retry_at is not None:
            self.retry_at = min(self.retry_at, tick + chance.between(6, 12, "again", self._journal.trap_id))
            self._sample = None

    def overwritten(self, before_s: float) -> Iterator[tuple[int, int]]:
        """Ranges of unconfirmed positions that ended before a true time and leave the ring now."""
        oldest = self._journal.oldest(before_s)
        lost = list(self.open(oldest - 1))
        self._oldest = max(self._oldest, oldest)
        yield from lost

    def forget(self, now_s: float) -> None:
        """Lets go of what is confirmed and older than the ring."""
        self._journal.forget(now_s - RING_S, self.first_open(self.highest))
        boots = {stretch.boot for stretch in self._journal}
        self.marks = {boot: seq for boot, seq in self.marks.items() if boot in boots}
        self._told = {boot: seq for boot, seq in self._told.items() if boot in boots}

    def restore(self, marks: dict[int, int]) -> None:
        """Goes on after a restart, from the first reading not known to be stored."""
        self.marks = marks
        self._oldest = self._journal.stretches[0].position
        self.cursor = self.highest = self.first_open(self._journal.current.end - 1) - 1

    @property
    def _waits(self) -> bool:
        return self.first_open(self.highest) <= self.highest

    def _wait_s(self) -> float:
        return self._patience.wait_s(self._tries, self._journal.trap_id)

    def _move(self, boot: int, known: int, seq: int) -> int:
        last = max((stretch.last_seq for stretch in self._journal if stretch.boot == boot), default=None)
        if last is None:
            return 0
        self.marks[boot] = seq
        return min(seq, last) - min(known, last)

    def _look_for_hole(self, stuck: set[int], tick: float) -> None:
        """Goes back when the server tells the same of a boot again: it hears of the boot, but not the next reading.

        What was sent again is given the usual time first.
        """
        first_open = self.first_open(self.cursor)
        stretch = self._journal.at(first_open)
        if first_open > self.cursor or stretch is None or stretch.boot not in stuck:
            return
        if tick - self._went_back_at > self._patience.usual_s:
            self._window = max(PROBE, self._window // 2)
            self._go_back(tick)

    def _go_back(self, tick: float) -> None:
        self._went_back_at = tick
        first = next(self.open(self.cursor), None)
        if first is not None:
            self.cursor = first[0] - 1
            self._sample = None

    def _progress(self, tick: float) -> None:
        self._tries = 0
        self._window = min(self._most, self._window * 2)
        if self._sample is not None and self.first_open(self.highest) > self._sample[0]:
            self._patience.learn(tick - self._sample[1])
            self._sample = None
        self.retry_at = tick + self._wait_s() if self._waits else None
