"""What one trap keeps: every reading it sent, what it was told is safe, and what it was asked for."""

from __future__ import annotations

import threading
from datetime import datetime

from lighttrap import topics, wire
from tests.chaos.journal import Outgoing


class Ring:
    """A trap's memory of one boot. Nothing leaves it, neither by a PUBACK nor by the watermark."""

    def __init__(self, org: str, trap_id: str, boot: int) -> None:
        self.org = org
        self.trap_id = trap_id
        self.boot = boot
        self.highest_told = 0
        self._kept: dict[int, Outgoing] = {}
        self._told = 0
        self._told_at: datetime | None = None
        self._asked: list[tuple[int, int]] = []
        self._lock = threading.Lock()

    @property
    def last_seq(self) -> int:
        """The last seq given out."""
        return max(self._kept, default=0)

    def keep(self, message: Outgoing) -> Outgoing:
        """Keeps a reading and returns it."""
        self._kept[message.seq] = message
        return message

    def hear(self, topic: str, payload: bytes) -> None:
        """Takes in a `stored` or `command` packet; called from the connection's thread."""
        packet = wire.decode(topics.parse(topic).kind, payload)
        with self._lock:
            if isinstance(packet, wire.StoredPacket):
                self._hear_stored(packet)
            elif isinstance(packet, wire.CommandPacket) and packet.boot == self.boot:
                self._asked.append((packet.from_seq or 1, packet.to_seq or 0))

    def unconfirmed(self) -> list[Outgoing]:
        """The readings beyond the watermark."""
        return [message for seq, message in sorted(self._kept.items()) if seq > self._told]

    def asked_for(self) -> list[Outgoing]:
        """The readings that `resend` commands named, once each; asks are forgotten with this."""
        with self._lock:
            asked, self._asked = self._asked, []
        wanted = {seq for first, last in asked for seq in range(first, last + 1)}
        return [self._kept[seq] for seq in sorted(wanted & set(self._kept))]

    def _hear_stored(self, packet: wire.StoredPacket) -> None:
        if self._told_at is not None and packet.at < self._told_at:
            return
        self._told_at = packet.at
        for mark in packet.stored:
            if mark.boot == self.boot:
                self._told = mark.seq
                self.highest_told = max(self.highest_told, mark.seq)
