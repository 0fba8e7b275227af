"""What we tell traps: which readings are stored, and which we ask for again."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from itertools import groupby

from ingest.broker import BrokerLink
from ingest.config import WorkerSettings
from ingest.metrics import Metrics
from ingest.pipeline import Outcome
from ingest.quota import Quota
from lighttrap import topics, wire
from lighttrap.store import ledger
from lighttrap.store.ledger import Ask, BootWatermark
from lighttrap.store.pool import Connection

log = logging.getLogger(__name__)

TRAPS_AT_ONCE = 500
BOOTS_AT_ONCE = 1000
ASKS_AT_ONCE = 100
ASKS_OF_A_TRAP = 10
READINGS_AN_ASK = 200


class Answers:
    """Remembers which boots moved, and answers each trap at most once per interval.

    What it remembers may be lost with the process: a trap that waits for its watermark sends again, the readings are
    recognised as duplicates, and that makes it due here.
    """

    def __init__(self, link: BrokerLink, settings: WorkerSettings, metrics: Metrics, quota: Quota) -> None:
        self._link = link
        self._quota = quota
        self._settings = settings
        self._metrics = metrics
        self._moved: dict[str, set[int]] = {}
        self._greeted: set[str] = set()
        self._told_s: dict[str, float] = {}

    def note(self, outcome: Outcome) -> None:
        """Takes in what a committed batch touched."""
        for trap_id, boot in outcome.boots:
            self._moved.setdefault(trap_id, set()).add(boot)
        for trap_id in outcome.greeted:
            self._moved.setdefault(trap_id, set())
        self._greeted |= outcome.greeted

    def send_due(self, conn: Connection, now_s: float) -> None:
        """Tells watermarks that are due at `now_s` (monotonic seconds). Reads the store, and commits that."""
        due = self._due_traps(now_s)
        if not due:
            return
        boots = {(trap_id, boot) for trap_id in due for boot in sorted(self._moved[trap_id])[:BOOTS_AT_ONCE]}
        if greeted := self._greeted.intersection(due):
            boots |= ledger.recent_boots(conn, greeted)
        marks = ledger.watermarks(conn, boots)
        conn.commit()
        for trap_id, own in groupby(marks, key=lambda mark: mark.trap_id):
            told = list(own)
            if self._publish_stored(told):
                self._told_s[trap_id] = now_s
                self._greeted.discard(trap_id)
                self._forget(trap_id, {mark.boot for mark in told})
        for trap_id in set(due) - {mark.trap_id for mark in marks}:
            self._moved.pop(trap_id, None)

    def _due_traps(self, now_s: float) -> list[str]:
        last = now_s - self._settings.stored_interval_s
        due = (trap_id for trap_id in self._moved if self._told_s.get(trap_id, last) <= last)
        return [trap_id for trap_id, _ in zip(due, range(TRAPS_AT_ONCE), strict=False)]

    def _forget(self, trap_id: str, boots: set[int]) -> None:
        left = self._moved[trap_id] - boots
        if left:
            self._moved[trap_id] = left
        else:
            del self._moved[trap_id]

    def _publish_stored(self, marks: list[BootWatermark]) -> bool:
        topic = topics.build(marks[0].org_id, marks[0].trap_id, topics.Kind.STORED)
        told = [wire.Watermark(boot=mark.boot, seq=mark.seq) for mark in marks]
        packet = wire.StoredPacket(v=wire.VERSION, at=datetime.now(UTC), stored=told)
        return self._link.publish(topic, packet.payload(), retain=True)

    def follow_gaps(self, conn: Connection) -> None:
        """Brings the gaps up to date with the ledger, and commits that."""
        opened = ledger.follow_gaps(conn)
        conn.commit()
        self._metrics.gaps_opened.inc(opened)
        if opened:
            log.info("gaps in seq", extra={"opened": opened})

    def ask_for_gaps(self, conn: Connection) -> None:
        """Counts the gaps of traps, and asks for some that are due. Commits each."""
        ledger.mark_full(conn)
        conn.commit()
        asks = ledger.ask_for_gaps(
            conn,
            org=self._settings.org,
            patience_s=self._settings.gap_patience_s,
            again_s=self._settings.gap_again_s,
            gaps=ASKS_AT_ONCE,
            a_trap=ASKS_OF_A_TRAP,
            readings=READINGS_AN_ASK,
        )
        if all(self._publish_ask(ask) for ask in asks):
            conn.commit()
        else:
            conn.rollback()
            return
        self._metrics.resends_asked.inc(len(asks))
        if asks:
            log.info("gaps in seq", extra={"asked_for": len(asks)})

    def _publish_ask(self, ask: Ask) -> bool:
        packet = wire.CommandPacket(
            v=wire.VERSION, command="resend", boot=ask.boot, from_seq=ask.from_seq, to_seq=ask.to_seq
        )
        self._quota.lend(topics.build(ask.org_id, ask.trap_id, topics.Kind.READING), ask.to_seq - ask.from_seq + 1)
        return self._link.publish(topics.build(ask.org_id, ask.trap_id, topics.Kind.COMMAND), packet.payload())
