"""The worker: one database session, one loop: take, store, commit, ack, answer.

While a batch is stored, a second thread takes, decodes and packs the next. The worker never acks before the commit.
While the database is away it keeps its batch, acks nothing and stays on MQTT, so the broker stops at the receive
maximum and queues the rest. Only the holder of the advisory lock is on MQTT.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from ingest import replay
from ingest.answers import Answers
from ingest.broker import BrokerLink, Message
from ingest.config import IngestSettings
from ingest.metrics import Metrics
from ingest.pipeline import Outcome, Prepared, prepare, quarantine_one, store_alone, store_batch
from ingest.quota import Quota
from ingest.retry import store_bisecting
from ingest.session import LockLost, Stopped, StoreSession
from lighttrap.errors import StoreError, StoreRejected, StoreUnavailable
from lighttrap.store import alerts, devices, quarantine, retention
from lighttrap.store.pool import Connection, translate_errors

log = logging.getLogger(__name__)


@contextmanager
def _one_try(what: str) -> Iterator[None]:
    """Warns when it fails, for its next turn is another try: nothing beside readings may stop what stores them."""
    try:
        yield
    except (StoreUnavailable, StoreRejected) as fault:
        log.warning("could not %s", what, extra={"sqlstate": fault.sqlstate, "error": str(fault)})


class Worker:
    """Stands by until the lock is its own, then serves until told to stop."""

    def __init__(self, settings: IngestSettings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._stop = threading.Event()
        self.store = StoreSession(settings, metrics, self._stop)
        self.link: BrokerLink | None = None
        self.oldest_unstored_s: float | None = None
        self._room = settings.ingest.room()
        self._next_scan_s = 0.0
        self._next_replay_s = 0.0
        self._next_deletion_s = 0.0
        self._next_gaps_s = 0.0
        self._deletion_places: dict[str, str] = {}

    def stop(self) -> None:
        """Asks the loop to end after the batch in hand."""
        self._stop.set()

    def run(self) -> None:
        """Works until told to stop. Raises StoreMismatch and ConfigError, which a restart will not mend."""
        while self._become_active():
            try:
                self._serve()
            except LockLost:
                log.warning("another worker is active; standing by")
            except Stopped:
                log.warning("stopped while the database was away; the broker keeps what was not stored")
            finally:
                self._metrics.active.set(0)
                self._end_service()

    @property
    def active(self) -> bool:
        """Whether this worker is the one that stores."""
        return self.link is not None

    @property
    def ready(self) -> bool:
        """Whether a reading sent now would be stored now."""
        return self.link is not None and self.link.subscribed.is_set() and self.store.available

    def _become_active(self) -> bool:
        said = ""
        while not self._stop.is_set():
            self.store.beat_s = time.monotonic()
            try:
                if self.store.try_lock():
                    return True
                reason = "another worker is active"
            except StoreUnavailable as fault:
                reason = f"no database: {fault}"
            if reason != said:
                log.info("standing by", extra={"reason": reason})
                said = reason
            self._stop.wait(self._settings.ingest.standby_poll_s)
        return False

    def _serve(self) -> None:
        self._metrics.active.set(1)
        link = self.link = BrokerLink(self._settings.broker, self._settings.ingest, self._metrics)
        settings = self._settings.ingest
        quota = Quota(settings.trap_per_minute, settings.trap_at_once)
        answers = Answers(link, settings, self._metrics, quota)
        link.start()
        log.info("active", extra={"client_id": settings.client_id, "org": settings.org})
        with ThreadPoolExecutor(1, thread_name_prefix="packer") as packer:
            ahead = packer.submit(_next_batch, link, quota, self.store.connection)
            while not self._stop.is_set() and not link.taken_over.is_set():
                self.store.beat_s = time.monotonic()
                messages, prepared = ahead.result()
                ahead = packer.submit(_next_batch, link, quota, self.store.connection)
                if messages:
                    self._store(link, answers, messages, prepared)
                self.store.run(lambda conn: answers.send_due(conn, time.monotonic()))
                self._look_for_gaps(answers, time.monotonic())
                self._replay(answers, time.monotonic())
                self._scan(link, time.monotonic())
                self._delete_old(time.monotonic())

    def _look_for_gaps(self, answers: Answers, now_s: float) -> None:
        """One try, then nine tenths of the time at least for the rest: many gaps must not stop what stores readings."""
        if now_s < self._next_gaps_s:
            return
        for step in (answers.follow_gaps, answers.ask_for_gaps):
            with _one_try("look for gaps"):
                self.store.run_once(step)
        ended_s = time.monotonic()
        self._next_gaps_s = ended_s + max(self._settings.ingest.gap_scan_s, 9 * (ended_s - now_s))

    def _replay(self, answers: Answers, now_s: float) -> None:
        """Takes up some of what somebody asked for; the rest when new messages have had their turn."""
        if now_s < self._next_replay_s:
            return
        settings = self._settings.ingest
        self._next_replay_s = now_s + settings.replay_s
        with _one_try("take up what was asked for"):
            ids = self.store.run_once(lambda conn: quarantine.asked_for(conn, self._org_id, settings.replay_messages))
            for outcome in replay.take_up(self.store.run_once, ids, settings.alert_within_s) if ids else ():
                answers.note(outcome)
                self._count_replayed(outcome)
            if len(ids) == settings.replay_messages:
                self._next_replay_s = now_s

    def _count_replayed(self, outcome: Outcome) -> None:
        replayed = self._metrics.replayed
        replayed.labels("stored").inc(outcome.stored)
        replayed.labels("duplicate").inc(outcome.duplicate)
        replayed.labels("noted").inc(outcome.noted)
        replayed.labels("quarantined").inc(outcome.refused.total())
        self._metrics.alert_events.inc(outcome.alert_events)

    def _scan(self, link: BrokerLink, now_s: float) -> None:
        """Looks, now and then, for what no message tells: nights that are over, and traps that do not speak."""
        if now_s < self._next_scan_s:
            return
        settings = self._settings.ingest
        self._next_scan_s = now_s + settings.scan_s

        def watch(conn: Connection) -> int:
            # While the database was away nobody was heard either.
            listening_s = min(link.listening_s(now_s), now_s - self.store.opened_s)
            return devices.watch(conn, self._org_id, listening_s, settings.device_limits()) if link.caught_up else 0

        self._look(lambda conn: alerts.judge_over(conn, self._org_id, settings.alert_within_s))
        self._look(watch)

    def _look(self, step: Callable[[Connection], int]) -> None:
        with _one_try("look at nights and traps"):
            self._metrics.alert_events.inc(self.store.run_once(step))

    def _delete_old(self, now_s: float) -> None:
        """Deletes some of the readings that are kept no longer; the rest when new messages have had their turn."""
        if now_s < self._next_deletion_s:
            return
        self._next_deletion_s = now_s + self._settings.ingest.retention_s
        with _one_try("delete old readings"):
            deleted = self.store.run_once(lambda conn: retention.delete_some(conn, self._org_id, self._deletion_places))
            self._metrics.deleted.inc(deleted)
            if deleted:
                self._next_deletion_s = now_s

    @property
    def _org_id(self) -> str | None:
        """The org that is served; None for all."""
        return None if self._settings.ingest.org == "+" else self._settings.ingest.org

    def _end_service(self) -> None:
        link, self.link = self.link, None
        if link is not None:
            link.stop()
        self.store.close()

    def _store(
        self, link: BrokerLink, answers: Answers, messages: Sequence[Message], prepared: Prepared | None
    ) -> None:
        self._metrics.received.inc(len(messages))
        self.oldest_unstored_s = messages[0].received_s

        def commit(part: Sequence[Message]) -> Outcome:
            whole = prepared if len(part) == len(messages) else None
            with self._metrics.batch_seconds.time():
                within_s = self._settings.ingest.alert_within_s
                store = store_batch if len(part) > 1 else store_alone
                return self.store.run(lambda conn: store(conn, part, whole, within_s, self._room))

        left = len(messages)
        try:
            for part, outcome in store_bisecting(messages, commit, self._commit_refusal):
                link.ack(part)
                answers.note(outcome)
                self._count(outcome)
                left -= len(part)
        except (LockLost, Stopped):
            self._metrics.messages.labels("given_back").inc(left)
            raise
        self._metrics.lag_seconds.set(time.time() - messages[0].received_s)
        self.oldest_unstored_s = None

    def _commit_refusal(self, message: Message, fault: StoreRejected) -> Outcome:
        log.error("the database refuses a message", extra={"topic": repr(message.topic), "sqlstate": fault.sqlstate})
        return self.store.run(lambda conn: quarantine_one(conn, message, fault, self._room))

    def _count(self, outcome: Outcome) -> None:
        messages = self._metrics.messages
        messages.labels("stored").inc(outcome.stored)
        messages.labels("duplicate").inc(outcome.duplicate)
        messages.labels("noted").inc(outcome.noted)
        messages.labels("quarantined").inc(outcome.refused.total() - outcome.dropped)
        messages.labels("dropped").inc(outcome.dropped)
        self._metrics.alert_events.inc(outcome.alert_events)
        for said in outcome.said:
            what = {"alert": said.alert_id, "word": said.word, "alert_level": said.level, "night": str(said.night)}
            log.info("alert event", extra={"event": said.event_id, **what, "trace": said.cause})
        for reason, number in outcome.refused.items():
            self._metrics.refused.labels(reason).inc(number)


def _next_batch(link: BrokerLink, quota: Quota, conn: Connection | None) -> tuple[list[Message], Prepared | None]:
    """Takes a batch and prepares it, unless there is no connection or no way: storing it then tells what is wrong."""
    messages = quota.judge(link.take())
    if conn is None:
        return messages, None
    try:
        with translate_errors():
            return messages, prepare(conn, messages)
    except StoreError:
        return messages, None
