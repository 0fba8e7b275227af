"""One trap, protocol-true and without a network: told the time and what it hears, it returns what it sends.

It numbers what it takes, sends in order, keeps everything for 30 days, and believes only the watermark on its
`stored` topic. A PUBACK means nothing to it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lighttrap import wire
from simulator.faults import Message
from simulator.journal import RING_S, Journal
from simulator.nightbook import NightBook
from simulator.patience import Patience
from simulator.rounds import Rounds
from simulator.senses import Sensed, Senses
from simulator.voice import Voice

STATUS_EVERY_S = 6 * 3_600.0
HELD_BACK_S = 2 * 86_400
"""In fast motion a trap's time never runs so far ahead that its ring would lose an unconfirmed reading; this much
of the ring stays free."""
MAX_REQUESTS = 1_000
OFFLINE_S = 3_600.0
"""A trap without a connection is woken by the next one, not by its clock."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How a trap sends. `window` bounds its unconfirmed readings, `phase_s` spreads traps over an interval."""

    window: int = 500
    phase_s: float = 0.0
    in_fast_motion: bool = False


class Device:
    """One trap. `now_s` is true time in seconds since 1970, `tick` seconds on a clock that never steps."""

    def __init__(self, org: str, journal: Journal, senses: Senses, patience: Patience, manners: Manners) -> None:
        self.trap_id = journal.trap_id
        self.journal = journal
        self.online = False
        self.is_past = False
        """Whether it still reads at the rhythm of its past."""
        self._manners = manners
        self._senses = senses
        self._voice = Voice(org, self.trap_id, senses)
        self._rounds = Rounds(journal, patience, manners.window)
        self._book = NightBook()
        self._outbox: deque[Message] = deque()
        self._requests: deque[tuple[int, int, int]] = deque()
        self._repeats: deque[int] = deque()
        self._wishes: deque[wire.CommandPacket] = deque()
        self._status_at = -STATUS_EVERY_S

    # What it sends

    def connected(self, now_s: float, tick: float) -> None:
        """The radio is up: says so, and soon checks whether what was under way arrived."""
        self.online = True
        self._say_status(now_s, tick)
        self._rounds.reconnected(tick)

    def disconnected(self) -> None:
        """The radio is down; readings pile up in the ring."""
        self.online = False

    def goodbye(self, now_s: float) -> Message:
        """The status before a planned sleep."""
        return self._voice.goodbye(now_s, *self._last_sent())

    def last_will(self) -> Message:
        """What the broker says in its place when its connection breaks."""
        return self._voice.last_will()

    def poll(self, now_s: float, tick: float, room: int) -> list[Message]:
        """What is sent now, `room` messages at most."""
        if not self.online or self.journal.radio_out_until(now_s) is not None:
            return []
        self._live(now_s, tick)
        return list(islice(self._due(now_s, tick), room))

    def has_more(self, now_s: float) -> bool:
        """Whether `poll` would send something at once."""
        if not self.online or self.journal.radio_out_until(now_s) is not None:
            return False
        return bool(self._outbox or self._repeats or self._requests) or self._rounds.is_open(self._last(now_s))

    def due_in_s(self, now_s: float, tick: float) -> float:
        """Seconds until `poll` may have something to send that it has not now."""
        if not self.online:
            return OFFLINE_S
        out_until_s = self.journal.radio_out_until(now_s)
        if out_until_s is not None:
            return max(0.0, out_until_s - now_s)
        waits = [self._status_at + STATUS_EVERY_S - tick]
        if self._rounds.retry_at is not None:
            waits.append(self._rounds.retry_at - tick)
        if not self._manners.in_fast_motion:
            phase_s = self._manners.phase_s
            waits.append(self.journal.next_end_s(now_s - phase_s) + phase_s - now_s)
        return max(0.0, min(waits))

    def is_stalled(self, tick: float) -> bool:
        """Whether patience has run out."""
        return self.online and self._rounds.retry_at is not None and tick >= self._rounds.retry_at

    @property
    def unconfirmed(self) -> int:
        """Readings sent in this round and not confirmed."""
        return self._rounds.unconfirmed

    def missing(self, now_s: float) -> int:
        """Readings taken by now, in the ring, and not confirmed."""
        self.journal.advance(now_s)
        return sum(last - first + 1 for first, last in self._rounds.open(self.journal.last_complete(now_s)))

    # What it hears

    def hear(self, packet: wire.Packet, tick: float) -> int:
        """Takes in a packet from its `stored` or `command` topic; returns how many readings it newly confirms."""
        if isinstance(packet, wire.StoredPacket):
            return self._rounds.hear(packet, tick)
        if isinstance(packet, wire.CommandPacket):
            self._hear_command(packet)
        return 0

    def _hear_command(self, packet: wire.CommandPacket) -> None:
        if packet.command == "set":
            self._wishes.append(packet)
        elif packet.boot is not None and packet.from_seq is not None and packet.to_seq is not None:
            wanted = (packet.boot, packet.from_seq, packet.to_seq)
            if len(self._requests) < MAX_REQUESTS and wanted not in self._requests:
                self._requests.append(wanted)

    # How it changes its ways

    def set_manners(self, manners: Manners, patience: Patience) -> None:
        """Another way of sending, from now on."""
        self._manners = manners
        self._rounds.change(manners.window, patience)

    def set_rhythm(self, now_s: float, interval_s: int | None = None, lamp: tuple[int, int] | None = None) -> None:
        """Another interval or other lamp hours, from the end of the last reading on."""
        self.journal.advance(now_s)
        self.journal.change(now_s, interval_s, lamp)

    def _obey(self, wish: wire.CommandPacket, now_s: float) -> None:
        current = self.journal.current
        lamp_from_m = minutes(wish.lamp_from) if wish.lamp_from else current.lamp_from_m
        lamp_to_m = minutes(wish.lamp_to) if wish.lamp_to else current.lamp_to_m
        self.set_rhythm(now_s, wish.interval_s, (lamp_from_m, lamp_to_m))

    # How it goes about it

    def _live(self, now_s: float, tick: float) -> None:
        """Catches up with time: nights begun, events, wishes of the server, patience run out."""
        self.journal.advance(now_s)
        while self.journal.news:
            self._outbox.append(self._voice.event(*self.journal.news.pop(0), self.journal.current.boot))
        while self._wishes and not self._manners.in_fast_motion:
            self._obey(self._wishes.popleft(), now_s)
        while self._requests:
            self._answer(*self._requests.popleft(), now_s)
        for first, last in self._rounds.overwritten(self._own_time(now_s) - RING_S):
            self._give_up(first, last, now_s)
        if tick >= self._status_at + STATUS_EVERY_S:
            self._say_status(now_s, tick)
            self._rounds.forget(self._own_time(now_s))
        self._rounds.stall(tick)

    def _due(self, now_s: float, tick: float) -> Iterator[Message]:
        """Messages in order; the caller may stop at any, and the next call goes on there."""
        while self._outbox:
            yield self._outbox.popleft()
        while self._repeats:
            position = self._repeats.popleft()
            if (stretch := self.journal.at(position)) is not None:
                yield self._voice.reading(stretch, self._senses.sense(self.trap_id, stretch, position))
        for position in self._rounds.next(self._last(now_s)):
            stretch = self.journal.at(position)
            if stretch is None:
                return
            sensed = self._senses.sense(self.trap_id, stretch, position)
            if self._rounds.sent(position, tick):
                self._first_sending(position, sensed)
            self._outbox.append(self._voice.reading(stretch, sensed))
            while self._outbox:
                yield self._outbox.popleft()

    def _first_sending(self, position: int, sensed: Sensed) -> None:
        """Queues what belongs before a reading that was never sent: its night's end, and what its lamp did."""
        if not self._book.follows(sensed):
            self._recollect(position, sensed)
        lamp = self._book.lamp_event(sensed)
        summary = self._book.close(sensed)
        self._book.add(sensed)
        self._outbox.extend(self._voice.say(packet) for packet in (summary, lamp) if packet is not None)

    def _recollect(self, position: int, sensed: Sensed) -> None:
        """Fills the book with the earlier readings of a night, after a restart."""
        earlier: list[Sensed] = []
        while (stretch := self.journal.at(position - 1 - len(earlier))) is not None:
            before = self._senses.sense(self.trap_id, stretch, position - 1 - len(earlier))
            if (before.boot, before.night) != (sensed.boot, sensed.night):
                break
            earlier.append(before)
        self._book.clear()
        for before in reversed(earlier):
            self._book.add(before)

    def _answer(self, boot: int, first: int, last: int, now_s: float) -> None:
        """Queues the readings the server asks for again; what the ring no longer holds is said to be gone."""
        oldest, newest = self.journal.kept(boot, self._own_time(now_s) - RING_S, now_s)
        if first < oldest:
            self._outbox.append(self._voice.gone(boot, first, min(last, oldest - 1), now_s))
        if last > newest >= oldest and boot != self.journal.current.boot:
            self._outbox.append(self._voice.gone(boot, max(first, newest + 1), last, now_s))
        positions = (self.journal.position_of(boot, seq) for seq in range(max(first, oldest), min(last, newest) + 1))
        self._repeats.extend(position for position in positions if position is not None)

    def _give_up(self, first: int, last: int, now_s: float) -> None:
        stretch = self.journal.at(first)
        if stretch is not None:
            seq = stretch.first_seq - stretch.position
            self._outbox.append(self._voice.gone(stretch.boot, first + seq, last + seq, now_s))

    def _own_time(self, now_s: float) -> float:
        """The trap's time: in fast motion no further than its ring allows, else behind by its phase."""
        if not self._manners.in_fast_motion:
            return now_s - self._manners.phase_s
        last = self.journal.last_complete(now_s)
        first_open = self._rounds.first_open(last)
        return now_s if first_open > last else min(now_s, self.journal.end_s(first_open) + RING_S - HELD_BACK_S)

    def _last(self, now_s: float) -> int:
        return self.journal.last_complete(self._own_time(now_s))

    def _say_status(self, now_s: float, tick: float) -> None:
        self._status_at = tick
        self._outbox.append(self._voice.status(now_s, *self._last_sent()))

    def _last_sent(self) -> tuple[int, int]:
        """Boot and seq of the newest reading that was ever sent; seq 0 before the first of the current boot."""
        stretch = self.journal.at(self._rounds.highest)
        if stretch is None:
            return self.journal.current.boot, 0
        return stretch.boot, stretch.first_seq + self._rounds.highest - stretch.position

    # Its memory over a restart

    def state(self) -> dict[str, Any]:
        """What its flash holds: enough to take and send the very same readings after a restart."""
        marks = {str(boot): seq for boot, seq in self._rounds.marks.items()}
        return {"journal": self.journal.state(), "marks": marks, "is_past": self.is_past}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on where `state()` was taken. Raises KeyError, TypeError or ValueError for anything else."""
        self.is_past = bool(state["is_past"])
        self.journal.restore(state["journal"])
        self._rounds.restore({int(boot): int(seq) for boot, seq in state["marks"].items()})


def minutes(text: str) -> int:
    """Minutes after midnight of a time `HH:MM`."""
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)
