"""One channel's messages, one after the other: leased, sent outside of any transaction, recorded.

A channel has a sender and a connection of its own, so that a dead gateway delays nobody else.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from lighttrap.agronomy.episodes import Word
from lighttrap.errors import StoreUnavailable
from lighttrap.notify import digest, links, policy
from lighttrap.notify.channels.channel import About, Channel, Message, Outcome, Receipt
from lighttrap.notify.metrics import Metrics
from lighttrap.notify.settings import NotifierSettings
from lighttrap.notify.texts import Kind
from lighttrap.store import deliveries, digests, pool, restores
from lighttrap.store.deliveries import Due, Expired, Lease
from lighttrap.store.digests import Member
from lighttrap.store.pool import Connection, translate_errors

log = logging.getLogger(__name__)

T = TypeVar("T")
_FIRST_REST_S = 1.0
_LONGEST_REST_S = 60.0
_DATABASE_REST_S = 2.0


def utc_now() -> datetime:
    """The present."""
    return datetime.now(UTC)


class Sender:
    """Empties the queue of one channel. `step` does one thing; `run` goes on until it is stopped."""

    def __init__(
        self,
        channel: Channel,
        settings: NotifierSettings,
        dsn: str,
        clock: Callable[[], datetime] = utc_now,
        metrics: Metrics | None = None,
    ) -> None:
        self.channel = channel
        self.wake = threading.Event()
        self._settings = settings
        self._dsn = dsn
        self._clock = clock
        self._metrics = metrics or Metrics()
        self._stop = threading.Event()
        self._conn: Connection | None = None
        self._rest_s = 0.0

    def stop(self) -> None:
        """Lets it end after the message in hand."""
        self._stop.set()
        self.wake.set()

    def run(self) -> None:
        """Sends what is due and waits for more. Raises StoreMismatch when the schema is not ours."""
        try:
            while not self._stop.is_set():
                self.wake.clear()
                if self._safely(self._turn) or self._stop.is_set():
                    self._pause()
                else:
                    self.wake.wait(self._settings.poll_s)
        finally:
            self.close()
            self.channel.close()

    def _turn(self, conn: Connection) -> bool:
        """A step, unless a restore holds all messages: what was sent since its backup this database does not know."""
        if restores.holding(conn) is not None:
            conn.rollback()
            return False
        return self.step(conn)

    def step(self, conn: Connection) -> bool:
        """Settles leases that ran out and deals with the next message. Returns whether there was anything to do."""
        self._sweep(conn)
        due = self._next(conn)
        if due is None:
            return False
        if due.recipient_kind == "staff" and not self.channel.tells_each and self._gather(conn, due):
            return True
        admitted = self._admit(conn, due)
        if admitted is None:
            return True
        due, lease = admitted
        what: dict[str, object] = {"delivery": due.delivery_id, "attempt": lease.number, "event": due.event_id}
        receipt = self._send(message_of(due), {**what, "trace": due.cause})
        self._record(due, lease, receipt)
        return True

    def _next(self, conn: Connection) -> Due | None:
        due = deliveries.take_due(conn, self.channel.name, self._clock())
        if due is None:
            conn.rollback()
        return due

    def _admit(self, conn: Connection, due: Due) -> tuple[Due, Lease] | None:
        """Decides on a message that is locked; if it is to go now, leases it, and gives it the link of its reader."""
        now = self._clock()
        gone = policy.superseded(deliveries.waited_together(conn, due.delivery_id, now))
        if gone:
            deliveries.skip(conn, gone, policy.SUPERSEDED, now)
        admitted = None
        if due.delivery_id not in gone:
            match policy.decide(due, now, self._settings):
                case policy.Skip(reason):
                    deliveries.skip(conn, [due.delivery_id], reason, now)
                case policy.Bury(reason):
                    deliveries.bury(conn, due.delivery_id, reason, now)
                case policy.Hold(until):
                    deliveries.hold(conn, due.delivery_id, "quiet", until)
                case policy.Send():
                    lease = deliveries.lease(conn, due.delivery_id, now, self._settings.lease_s)
                    admitted = links.personal(conn, due, self._settings, now), lease
        conn.commit()
        return admitted

    def _gather(self, conn: Connection, due: Due) -> bool:
        """Deals with all that waits for one of the staff, when that is a crowd. False: this one is told by itself."""
        now = self._clock()
        if not isinstance(policy.decide(due, now, self._settings), policy.Send):
            return False
        since = now - timedelta(seconds=self._settings.digest_s)
        crowd = digests.crowd(conn, due.recipient_id, due.channel, since, now)
        match digest.decide(crowd, now, self._settings):
            case digest.Alone():
                return False
            case digest.Wait(until):
                digests.put_off(conn, due.recipient_id, due.channel, until, now)
                conn.commit()
                return True
        members = digests.members(conn, due.recipient_id, due.channel, now)
        gone = [one.delivery_id for one in members if one.word == Word.RAISED and not one.is_active]
        deliveries.skip(conn, gone, policy.SUPERSEDED, now)
        told = [one for one in members if one.delivery_id not in set(gone)]
        if told:
            self._tell_together(conn, due, told, now)
        conn.commit()
        return bool(members)

    def _tell_together(self, conn: Connection, due: Due, members: Sequence[Member], now: datetime) -> None:
        token = digests.lease(conn, [one.delivery_id for one in members], now, self._settings.lease_s)
        conn.commit()
        kind = Kind.SMS if due.segments else Kind.EMAIL if due.subject else Kind.CHAT
        said = digest.render(members, kind, unreviewed=self._settings.unreviewed_texts)
        message = replace(
            message_of(due), key=digest.key_of(members), subject=said.subject or None, text=said.text, values={}
        )
        receipt = self._send(message, {"digest": str(message.key), "deliveries": len(members)})

        def write(conn: Connection) -> bool:
            at = self._clock()
            then = [(one.delivery_id, self._after(receipt, one, token, at)) for one in members]
            digests.record(
                conn, token, [(one, after.state, after.next_try_at) for one, after in then], outcome=receipt.outcome,
                detail=receipt.detail or None, now=at, provider_id=receipt.provider_id,
            )  # fmt: skip
            conn.commit()
            return True

        self._insist(write, receipt, {"digest": str(message.key)})

    def _after(self, receipt: Receipt, one: Member, token: UUID, at: datetime) -> policy.Next:
        tried = Expired(one.delivery_id, token, one.attempts, one.due_at, one.word, one.level, one.unknown_attempts)
        return policy.after(receipt, tried, one.attempts + 1, self.channel.on_unknown, at, self._settings)

    def _send(self, message: Message, what: dict[str, object]) -> Receipt:
        try:
            with self._metrics.provider_seconds.labels(self.channel.name).time():
                receipt = self.channel.send(message)
        except Exception as fault:
            # Who cannot say what happened must not say that nothing did.
            log.exception("channel failed", extra={"channel": self.channel.name, **what})
            receipt = Receipt(Outcome.UNKNOWN, type(fault).__name__)
        self._metrics.attempts.labels(self.channel.name, str(receipt.outcome)).inc()
        self._rest_s = min(_LONGEST_REST_S, self._rest_s * 2 or _FIRST_REST_S) if receipt.is_down else 0.0
        told = {"channel": self.channel.name, **what}
        if receipt.outcome is Outcome.SENT:
            about = message.about
            log.info(
                "message sent", extra={**told, "alert": about.alert_id, "word": about.word, "alert_level": about.level}
            )
        else:
            log.warning("message not sent", extra={**told, "outcome": str(receipt.outcome), "why": receipt.detail})
        return receipt

    def _record(self, due: Due, lease: Lease, receipt: Receipt) -> None:
        """Writes down what came of it, however long the database is away; if we die first, the lease runs out."""

        def write(conn: Connection) -> bool:
            now = self._clock()
            then = policy.after(receipt, due, lease.number, self.channel.on_unknown, now, self._settings)
            is_ours = deliveries.record(
                conn, due.delivery_id, lease.token, state=then.state, outcome=receipt.outcome,
                detail=receipt.detail or None, now=now, provider_id=receipt.provider_id, next_try_at=then.next_try_at,
            )  # fmt: skip
            conn.commit()
            if not is_ours:
                log.warning("lease had run out", extra={"channel": self.channel.name, "delivery": due.delivery_id})
            return True

        self._insist(write, receipt, {"delivery": due.delivery_id})

    def _insist(self, write: Callable[[Connection], bool], receipt: Receipt, what: dict[str, object]) -> None:
        while not self._safely(write):
            if self._stop.is_set():
                log.error("outcome not recorded", extra={**what, "outcome": str(receipt.outcome)})
                return

    def _sweep(self, conn: Connection) -> None:
        """Whoever held these leases is gone: nobody can say whether the messages were sent."""
        now = self._clock()
        lost = Receipt(Outcome.UNKNOWN, "the notifier ended during the attempt")
        for one in deliveries.expired(conn, self.channel.name, now):
            then = policy.after(lost, one, one.attempts, self.channel.on_unknown, now, self._settings)
            deliveries.record(
                conn, one.delivery_id, one.lease_token, state=then.state, outcome=lost.outcome, detail=lost.detail,
                now=now, next_try_at=now if then.next_try_at else None,
            )  # fmt: skip
            log.warning("lease ran out", extra={"delivery": one.delivery_id, "state": then.state})
        conn.commit()

    def _safely(self, work: Callable[[Connection], bool]) -> bool:
        """Does work on a session that lives; False when the database is away, after a moment's rest."""
        self._metrics.beat(self.channel.name, self)
        try:
            with translate_errors():
                if self._conn is None:
                    self._conn = pool.connect(self._dsn, application="lighttrap notify")
                return work(self._conn)
        except StoreUnavailable as fault:
            log.warning("database away", extra={"channel": self.channel.name, "error": str(fault)})
            self.close()
            self._stop.wait(_DATABASE_REST_S)
            return False

    def _pause(self) -> None:
        """Leaves a channel that is down alone for a while: other messages need not use up their tries on it."""
        if self._rest_s:
            deadline = time.monotonic() + self._rest_s
            while not self._stop.is_set() and time.monotonic() < deadline:
                self._stop.wait(max(0.0, deadline - time.monotonic()))

    def close(self) -> None:
        """Ends its database session; the next step opens another."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None


def message_of(due: Due) -> Message:
    """What a channel is given."""
    about = About(
        event_id=due.event_id, alert_id=due.alert_id, org_id=due.org_id, word=due.word, level=due.level,
        night=due.night, at=due.at, kind=due.alert_kind, species=due.species, field_id=due.field_id,
        trap_id=due.trap_id, fault=due.fault, facts=due.facts,
    )  # fmt: skip
    values = {
        name: str(value)
        for name, value in {**due.facts, "alert": due.alert_id, "night": due.night, "level": due.level}.items()
        if value is not None
    }
    return Message(due.key, due.address or "", due.text, about, subject=due.subject, values=values)
