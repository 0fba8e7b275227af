"""Simulated traps for tests: built in one line, and a stand-in server that keeps a ledger and says what is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from lighttrap import night, topics, wire
from lighttrap.errors import PacketError
from simulator import chance, faults
from simulator.device import Device, Manners
from simulator.faults import Faults, Message
from simulator.insects import World
from simulator.journal import Journal, Stretch
from simulator.patience import Patience
from simulator.power import Power
from simulator.senses import Senses

P = TypeVar("P", bound=wire.Packet)
ORG = "demo"
TRAP = "sim-00001"
EVENING = date(2026, 6, 1)
NOON_S = int(night.night_bounds(EVENING)[0].timestamp())
DAY_S = 86_400
BPH = "nilaparvata-lugens"


def a_journal(trap_id: str = TRAP, chosen: Faults | None = None, **stretch: float) -> Journal:
    """The journal of a trap that begins at noon of `EVENING` and reads each half hour."""
    own: dict[str, Any] = {
        "first_seq": 1,
        "position": 1,
        "start_s": NOON_S,
        "interval_s": 1800,
        "lamp_from_m": 1080,
        "lamp_to_m": 300,
    }
    first = Stretch(**{"boot": chance.boot_number("test", trap_id), **own, **stretch})
    fate = chosen or Faults()
    return Journal(
        trap_id, first, NOON_S, lambda noon_s: faults.fate_of(fate, 7, trap_id, noon_s), "nonce", night.DEFAULT_ZONE
    )


def some_senses(seed: int = 7, species: tuple[str, ...] = (BPH, "sogatella-furcifera")) -> Senses:
    """The senses of all traps of one world."""
    world = World(seed)
    return Senses(world, Power(seed, world.weather), species, night.DEFAULT_ZONE)


def a_device(
    trap_id: str = TRAP,
    *,
    seed: int = 7,
    chosen: Faults | None = None,
    manners: Manners | None = None,
    patience: Patience | None = None,
    **stretch: float,
) -> Device:
    """A trap without a network, that nobody has connected yet."""
    journal = a_journal(trap_id, chosen, **stretch)
    return Device(ORG, journal, some_senses(seed), patience or Patience(20, 3600), manners or Manners())


def packets(messages: Iterable[Message], kind: type[P]) -> list[P]:
    """The packets of one kind among messages."""
    decoded = (wire.decode(topics.parse(one.topic).kind, one.payload) for one in messages)
    return [packet for packet in decoded if isinstance(packet, kind)]


class StandIn:
    """A server that stores what it can read, once, and tells each trap its watermarks."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, int], dict[int, wire.ReadingPacket]] = defaultdict(dict)
        self.gone: dict[tuple[str, int], set[int]] = defaultdict(set)
        self.events: list[tuple[str, wire.EventPacket]] = []
        self.summaries: list[tuple[str, wire.SummaryPacket]] = []
        self.duplicates = 0
        self.conflicts = 0
        self.unreadable = 0
        self._bytes: dict[tuple[str, int, int], bytes] = {}
        self._at = datetime(2026, 11, 23, tzinfo=UTC)

    def take(self, topic_text: str, payload: bytes) -> str | None:
        """Stores one message; returns the trap's id when it could be read."""
        topic = topics.parse(topic_text)
        try:
            packet = wire.decode(topic.kind, payload)
        except PacketError:
            self.unreadable += 1
            return None
        if isinstance(packet, wire.ReadingPacket):
            self._take_reading(topic.trap_id, packet, payload)
        elif isinstance(packet, wire.EventPacket):
            self._take_event(topic.trap_id, packet)
        elif isinstance(packet, wire.SummaryPacket):
            self.summaries.append((topic.trap_id, packet))
        return topic.trap_id

    def take_all(self, messages: list[Message]) -> None:
        """Stores messages as they come."""
        for message in messages:
            self.take(message.topic, message.payload)

    def watermark(self, trap_id: str, boot: int) -> int:
        """The seq up to which all is stored or gone."""
        seq = 0
        while seq + 1 in self.stored[trap_id, boot] or seq + 1 in self.gone[trap_id, boot]:
            seq += 1
        return seq

    def stored_packet(self, trap_id: str) -> wire.StoredPacket:
        """What the trap is told."""
        self._at += timedelta(seconds=1)
        boots = [boot for trap, boot in self.stored if trap == trap_id]
        marks = [wire.Watermark(boot=boot, seq=self.watermark(trap_id, boot)) for boot in boots]
        return wire.StoredPacket(v=1, at=self._at, stored=marks)

    def readings(self, trap_id: str) -> list[wire.ReadingPacket]:
        """All that is stored of a trap, by time."""
        found = [one for (trap, _), kept in self.stored.items() if trap == trap_id for one in kept.values()]
        return sorted(found, key=lambda one: one.start)

    @property
    def number(self) -> int:
        """How many readings are stored."""
        return len(self._bytes)

    def _take_reading(self, trap_id: str, packet: wire.ReadingPacket, payload: bytes) -> None:
        key = (trap_id, packet.boot, packet.seq)
        known = self._bytes.setdefault(key, payload)
        if known != payload:
            self.conflicts += 1
        elif packet.seq in self.stored[trap_id, packet.boot]:
            self.duplicates += 1
        self.stored[trap_id, packet.boot].setdefault(packet.seq, packet)

    def _take_event(self, trap_id: str, packet: wire.EventPacket) -> None:
        self.events.append((trap_id, packet))
        if packet.event == "gone" and packet.boot is not None and packet.from_seq and packet.to_seq:
            self.gone[trap_id, packet.boot].update(range(packet.from_seq, packet.to_seq + 1))
