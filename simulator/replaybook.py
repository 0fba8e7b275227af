"""What of a replay is sent, confirmed, and due again. A night is a boot of its own and is sent, and resent, whole."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from lighttrap import wire
from lighttrap.nightfile import NightCount
from simulator import chance
from simulator.faults import Message
from simulator.patience import Patience

Make = Callable[[NightCount], tuple[int, list[Message]]]
"""The boot and the messages of a night."""


@dataclass(slots=True)
class Flight:
    """A night that is sent and not confirmed. Ticks are seconds on a clock that never steps."""

    night: NightCount
    confirmed: int
    sent_at: float
    retry_at: float
    tries: int


class ReplayBook:
    """The nights of one session's traps. Pure: it is told the time and what it hears."""

    def __init__(
        self, nights: Iterable[NightCount], make: Make, readings_a_night: int, window: int, patience: Patience
    ) -> None:
        self.confirmed = 0
        """Readings known to be stored."""
        self.nights_done = 0
        self._left: Iterator[NightCount] = iter(nights)
        self._next: NightCount | None = next(self._left, None)
        self._make = make
        self._readings = readings_a_night
        self.window = window
        """How many readings may be under way; one night always may."""
        self._patience = patience
        self._flights: dict[tuple[str, int], Flight] = {}
        self._retries: list[tuple[float, tuple[str, int]]] = []
        self._pending: deque[Message] = deque()
        self._known_before: dict[str, datetime] = {}

    @property
    def is_done(self) -> bool:
        """Whether every night is stored."""
        return self._next is None and not self._flights and not self._pending

    def poll(self, tick: float, room: int) -> list[Message]:
        """What is sent now, `room` messages at most."""
        sent: list[Message] = []
        while len(sent) < room and (self._pending or self._fetch(tick)):
            sent.append(self._pending.popleft())
        return sent

    def hear(self, trap_id: str, packet: wire.StoredPacket, retained: bool, tick: float) -> None:
        """Takes in a watermark.

        A retained one may be older than the database: the first such word on a trap is what was known before, and
        confirms nothing.
        """
        before = self._known_before.get(trap_id)
        if retained and (before is None or packet.at <= before):
            self._known_before[trap_id] = packet.at
            return
        self._known_before.setdefault(trap_id, datetime.min.replace(tzinfo=UTC))
        for mark in packet.stored:
            flight = self._flights.get((trap_id, mark.boot))
            if flight is not None:
                self._confirm((trap_id, mark.boot), flight, mark.seq, tick)

    def reconnected(self, tick: float) -> None:
        """Soon sends again what was under way: a broker may have lost what it acknowledged."""
        for key, flight in self._flights.items():
            flight.retry_at = min(flight.retry_at, tick + chance.between(6, 12, "again", *key))
        self._retries = [(flight.retry_at, key) for key, flight in self._flights.items()]
        heapq.heapify(self._retries)

    def due_in_s(self, tick: float) -> float:
        """Seconds until a night may be due again; 0 when something can be sent now."""
        if self._pending or (self._next is not None and self._has_room()):
            return 0.0
        return max(0.0, self._retries[0][0] - tick) if self._retries else 60.0

    def _fetch(self, tick: float) -> bool:
        """Takes up the night that is sent next: one that is due again, else a new one."""
        while self._retries and self._retries[0][0] <= tick:
            at, key = heapq.heappop(self._retries)
            flight = self._flights.get(key)
            if flight is not None and flight.retry_at == at:
                self._send(flight.night, flight.tries + 1, flight.confirmed, tick)
                return True
        if self._next is None or not self._has_room():
            return False
        night, self._next = self._next, next(self._left, None)
        self._send(night, 0, 0, tick)
        return True

    def _has_room(self) -> bool:
        return not self._flights or (len(self._flights) + 1) * self._readings <= self.window

    def _send(self, night: NightCount, tries: int, confirmed: int, tick: float) -> None:
        boot, messages = self._make(night)
        self._pending.extend(messages[confirmed:])
        key = (night.trap_id, boot)
        flight = Flight(night, confirmed, tick, tick + self._patience.wait_s(tries, *key), tries)
        self._flights[key] = flight
        heapq.heappush(self._retries, (flight.retry_at, key))

    def _confirm(self, key: tuple[str, int], flight: Flight, seq: int, tick: float) -> None:
        seq = min(seq, self._readings)
        self.confirmed += seq - flight.confirmed
        flight.confirmed = seq
        if seq < self._readings:
            return
        if flight.tries == 0:
            self._patience.learn(tick - flight.sent_at)
        del self._flights[key]
        self.nights_done += 1
