"""`python -m simulator replay`: real catches through the path that traps use, until all of them are stored."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from lighttrap import topics, wire
from lighttrap.config import BrokerSettings
from lighttrap.errors import InputFault, LightTrapError
from lighttrap.nightfile import NightCount, NightFile
from simulator.faults import Message
from simulator.link import Links, make_sessions
from simulator.pace import Pace
from simulator.patience import Patience
from simulator.progress import Show
from simulator.replaybook import ReplayBook
from simulator.session import Session
from simulator.split import NightPlan

log = logging.getLogger(__name__)

SESSION_S = 3_600
PATIENCE_S = (20.0, 600.0)
HINT_AFTER_S = 30.0
LOOK_S = 0.2


@dataclass(slots=True)
class Replayed:
    """What became of a replay."""

    nights: int = 0
    readings: int = 0
    confirmed: int = 0
    nights_stored: int = 0
    seconds: float = 0.0
    left_out: int = field(default=0)

    @property
    def is_whole(self) -> bool:
        """Whether everything that was sent is stored."""
        return self.confirmed == self.readings


class Replay:
    """One run over one file. `stopped` is asked some times a second."""

    def __init__(self, plan: NightPlan, file: NightFile, broker: BrokerSettings, connections: int) -> None:
        if not file.nights:
            raise InputFault("the file holds no night that can be sent")
        self._plan = plan
        self._file = file
        by_trap = {trap_id: list(nights) for trap_id, nights in groupby(file.nights, key=attrgetter("trap_id"))}
        self._sessions = make_sessions(broker, plan.org, "replay", list(by_trap), connections, SESSION_S)
        self._links = Links(self._sessions)
        self._pace = Pace()
        self._books = {session: self._book(session, by_trap) for session in self._sessions}

    def run(self, stopped: Callable[[], bool], timeout_s: float | None, show: Show) -> Replayed:
        """Sends all, sends again what stays unconfirmed, and returns when all is stored, or it is stopped."""
        began = time.monotonic()
        deadline = began + timeout_s if timeout_s else float("inf")
        hint_at = began + HINT_AFTER_S
        next_look, last = 0.0, 0
        while not all(book.is_done for book in self._books.values()):
            tick = time.monotonic()
            if tick >= next_look:
                next_look = tick + LOOK_S
                done = self._confirmed()
                show(done)
                self._keep_pace(done, tick)
                self._refusal()
                if stopped() or tick >= deadline:
                    break
                hint_at = self._hint(tick, hint_at, done > last)
                last = done
            self._turn(tick)
        show(self._confirmed())
        self._links.stop(for_good=True)
        return self._result(time.monotonic() - began)

    @property
    def total(self) -> int:
        """Readings in the whole file."""
        return len(self._file.nights) * self._plan.readings

    def _book(self, session: Session, by_trap: dict[str, list[NightCount]]) -> ReplayBook:
        nights = [night for trap_id in session.traps for night in by_trap[trap_id]]
        nights.sort(key=attrgetter("night", "trap_id"))
        window = self._pace.window // len(self._sessions)
        book = ReplayBook(nights, self._messages, self._plan.readings, window, Patience(*PATIENCE_S))
        session.begins_clean = True
        session.hear = lambda trap_id, packet, retained: _tell(book, trap_id, packet, retained)
        session.on_up = lambda _session: book.reconnected(time.monotonic())
        return book

    def _messages(self, night: NightCount) -> tuple[int, list[Message]]:
        packets = self._plan.packets(night.trap_id, night.night, night.counts)
        messages = [
            Message(night.trap_id, topics.build(self._plan.org, night.trap_id, packet.kind), packet.payload())
            for packet in packets
        ]
        return self._plan.boot(night.trap_id, night.night), messages

    def _turn(self, tick: float) -> None:
        worked = 0
        for session, book in self._books.items():
            messages = book.poll(tick, session.room)
            worked += len(messages)
            for message in messages:
                session.publish(message)
        waits = [book.due_in_s(tick) for session, book in self._books.items() if session.room]
        self._links.turn(0.0 if worked else min([0.1, *waits]))

    def _keep_pace(self, done: int, tick: float) -> None:
        self._pace.learn(done, tick)
        busy = [book for book in self._books.values() if not book.is_done]
        for book in busy:
            book.window = self._pace.window // len(busy)

    def _confirmed(self) -> int:
        return sum(book.confirmed for book in self._books.values())

    def _refusal(self) -> None:
        """Raises LightTrapError when the broker will never have us."""
        refused = next((session.refused for session in self._sessions if session.refused), None)
        if refused is not None:
            raise LightTrapError(f"the broker refuses the connection: {refused}")

    def _hint(self, tick: float, hint_at: float, progressed: bool) -> float:
        if progressed:
            return tick + HINT_AFTER_S
        if tick < hint_at:
            return hint_at
        up = sum(session.is_up for session in self._sessions)
        log.warning(
            "nothing was confirmed for a while; is ingest running, are the traps registered?",
            extra={"connections": f"{up} of {len(self._sessions)}", "confirmed": self._confirmed(), "of": self.total},
        )
        return tick + 2 * HINT_AFTER_S

    def _result(self, seconds: float) -> Replayed:
        books: Sequence[ReplayBook] = list(self._books.values())
        return Replayed(
            nights=len(self._file.nights),
            readings=self.total,
            confirmed=self._confirmed(),
            nights_stored=sum(book.nights_done for book in books),
            seconds=round(seconds, 1),
            left_out=len(self._file.left_out),
        )


def _tell(book: ReplayBook, trap_id: str, packet: wire.Packet, retained: bool) -> None:
    if isinstance(packet, wire.StoredPacket):
        book.hear(trap_id, packet, retained, time.monotonic())
