"""Traps that behave well, with readings drawn from a seed: they send, listen, and send again when they should."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from lighttrap import topics, wire
from tests.builders import NIGHTFALL, ORG, a_reading
from tests.chaos.journal import Journal, Outgoing
from tests.chaos.line import Line, wait_until_answered
from tests.chaos.ring import Ring
from tests.waiting import wait_until

SPECIES = ("nilaparvata-lugens", "sogatella-furcifera", "nephotettix-spp", "unidentified")
BURST = 25
BURSTS_A_SECOND = 50
TRAPS = 20
LINES = 2


class Fleet:
    """Some traps on a few connections, and one journal."""

    def __init__(self, urls: Sequence[str], journal: Journal, rng: random.Random) -> None:
        self._rng = rng
        self.journal = journal
        self.rings = {
            trap_id: Ring(ORG, trap_id, rng.randrange(2**53)) for trap_id in topics.numbered_trap_ids("chaos", TRAPS)
        }
        self.lines = [
            Line(f"fleet-{place}", url, journal, [(ORG, ring.trap_id) for ring in self._share(place)], self._hear)
            for place, url in enumerate(urls)
        ]
        self._line_of = {
            ring.trap_id: line for place, line in enumerate(self.lines) for ring in self._share(place, len(urls))
        }
        wait_until(lambda: all(line.connected for line in self.lines), within=30)

    def readings(self, number: int, start_of: Callable[[int], datetime] | None = None) -> list[Outgoing]:
        """The next readings of all traps in turn; `start_of` gives the start of a trap's reading by its seq."""
        rings = list(self.rings.values())
        return [self._next_reading(rings[place % len(rings)], start_of) for place in range(number)]

    def send(self, messages: Sequence[Outgoing]) -> None:
        """Publishes messages, without waiting for the broker."""
        for line in self.lines:
            own = [message for message in messages if self._line_of.get(message.trap_id, self.lines[0]) is line]
            if own:
                line.send(own)

    def send_and_wait(self, messages: Sequence[Outgoing]) -> None:
        """Publishes messages and waits until the broker has them."""
        self.send(messages)
        self.wait_until_taken()

    def wait_until_taken(self) -> None:
        """Waits until the broker has everything."""
        wait_until_answered(self.lines)

    @contextmanager
    def load(self, messages: Sequence[Outgoing]) -> Iterator[None]:
        """Sends messages steadily while the body runs; at the end all of them are with the broker."""
        paused = threading.Event()

        def send() -> None:
            for first in range(0, len(messages), BURST):
                self.send(messages[first : first + BURST])
                paused.wait(1 / BURSTS_A_SECOND)

        thread = threading.Thread(target=send, name="load")
        thread.start()
        try:
            yield
        finally:
            thread.join()
        self.wait_until_taken()

    def greet(self) -> datetime:
        """Each trap says that it is online and how far it has counted; returns the instant by which that is known."""
        at = datetime.now(UTC)
        self.send([self._greeting(ring, at) for ring in self.rings.values()])
        self.wait_until_taken()
        return at

    def send_again(self) -> int:
        """Answers what was asked for and sends what is unconfirmed, as traps do in time; returns how many."""
        again = {message.payload: message for ring in self.rings.values() for message in ring.asked_for()}
        again |= {message.payload: message for ring in self.rings.values() for message in ring.unconfirmed()}
        self.send_and_wait(list(again.values()))
        return len(again)

    def unconfirmed(self) -> int:
        """Readings that no trap was told are safe."""
        return sum(len(ring.unconfirmed()) for ring in self.rings.values())

    def close(self) -> None:
        """Ends every connection."""
        for line in self.lines:
            line.close()
        self.journal.close()

    def _share(self, place: int, lines: int = LINES) -> list[Ring]:
        return list(self.rings.values())[place::lines]

    def _next_reading(self, ring: Ring, start_of: Callable[[int], datetime] | None) -> Outgoing:
        seq = ring.last_seq + 1
        start = start_of(seq) if start_of else NIGHTFALL + (seq - 1) * timedelta(minutes=10)
        counts = {key: self._rng.randrange(500) for key in self._rng.sample(SPECIES, self._rng.randint(0, 3))}
        packet = a_reading(seq, boot=ring.boot, start=start, counts=counts, lamp_s=self._rng.randint(0, 600))
        topic = topics.build(ring.org, ring.trap_id, topics.Kind.READING)
        return ring.keep(Outgoing(ring.trap_id, ring.boot, seq, topic, packet.payload()))

    def _greeting(self, ring: Ring, at: datetime) -> Outgoing:
        packet = wire.StatusPacket(v=1, online=True, at=at, boot=ring.boot, last_seq=ring.last_seq)
        topic = topics.build(ring.org, ring.trap_id, topics.Kind.STATUS)
        return Outgoing(ring.trap_id, ring.boot, 0, topic, packet.payload(), counts=False)

    def _hear(self, topic: str, payload: bytes) -> None:
        self.rings[topics.parse(topic).trap_id].hear(topic, payload)
