"""What a trap says, as messages on its topics."""

from __future__ import annotations

from datetime import UTC, datetime

from lighttrap import topics, wire
from simulator.faults import Message
from simulator.journal import Stretch
from simulator.senses import Sensed, Senses

FIRMWARE = "simulator-1"


class Voice:
    """The packets of one trap. Instants are seconds since 1970, in true time."""

    def __init__(self, org: str, trap_id: str, senses: Senses) -> None:
        self._trap_id = trap_id
        self._senses = senses
        self._topic = {kind: topics.build(org, trap_id, kind) for kind in topics.UP}

    def say(self, packet: wire.Packet) -> Message:
        """A packet on its topic; only status is retained."""
        return Message(self._trap_id, self._topic[packet.kind], packet.payload(), packet.kind is topics.Kind.STATUS)

    def reading(self, stretch: Stretch, sensed: Sensed) -> Message:
        """The reading of one interval; the same arguments give the same bytes."""
        return self.say(self._senses.reading(self._trap_id, stretch, sensed))

    def event(self, event: str, at_s: float, boot: int) -> Message:
        """Something that befell the trap."""
        return self.say(wire.EventPacket(v=1, event=event, at=_instant(at_s), boot=boot))

    def gone(self, boot: int, first: int, last: int, now_s: float) -> Message:
        """That the ring no longer holds some readings."""
        at = _instant(now_s)
        return self.say(wire.EventPacket(v=1, event="gone", at=at, boot=boot, from_seq=first, to_seq=last))

    def status(self, now_s: float, boot: int, last_seq: int) -> Message:
        """That the trap is there, and how it is."""
        battery_v, panel_v = self._senses.voltages(self._trap_id, now_s)
        packet = wire.StatusPacket(
            v=1,
            online=True,
            at=_instant(now_s),
            boot=boot,
            last_seq=last_seq,
            firmware=FIRMWARE,
            battery_v=battery_v,
            panel_v=panel_v,
        )
        return self.say(packet)

    def goodbye(self, now_s: float, boot: int, last_seq: int) -> Message:
        """The status before a planned sleep."""
        return self.say(wire.StatusPacket(v=1, online=False, at=_instant(now_s), boot=boot, last_seq=last_seq))

    def last_will(self) -> Message:
        """What the broker says when the connection breaks; nobody knows when that will be."""
        return self.say(wire.StatusPacket(v=1, online=False))


def _instant(at_s: float) -> datetime:
    return datetime.fromtimestamp(int(at_s), UTC)
