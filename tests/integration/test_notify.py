"""Who is told what, when, and how often: the notifier on a real database, its provider played by a script."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from lighttrap import model
from lighttrap.errors import Conflict, InputFault, NotFound
from lighttrap.notify.channels.channel import Message, OnUnknown, Outcome, Receipt
from lighttrap.notify.fanout import fan_out
from lighttrap.notify.sender import Sender
from lighttrap.notify.settings import NotifierSettings
from lighttrap.notify.texts import Kind
from lighttrap.store import approvals, deliveries, pool, recipients
from tests.builders import ORG
from tests.outbreak import BPH, SAID, a_person, a_village, an_outbreak, store

FORMS = {"sms": Kind.SMS, "email": Kind.EMAIL}
QUIET: dict[str, Any] = {"quiet_from": time(21, 0), "quiet_to": time(5, 30)}
NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
"""Noon in Sóc Trăng."""
EVENING = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""22:00 there."""
MORNING = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
"""05:30 of the 24th there."""
SENT = Receipt(Outcome.SENT)
DOWN = Receipt(Outcome.FAILED, "HTTP 503")
LOST = Receipt(Outcome.UNKNOWN, "no answer")


class Provider:
    """Takes messages and answers by its script, then always `sent`."""

    tells_each = False

    def __init__(self, name: str = "sms", on_unknown: OnUnknown = OnUnknown.ALARM_ONCE_MORE) -> None:
        self.name = name
        self.on_unknown = on_unknown
        self.script: list[Receipt] = []
        self.asked: list[Message] = []

    def send(self, message: Message) -> Receipt:
        self.asked.append(message)
        return self.script.pop(0) if self.script else SENT

    def close(self) -> None: ...


class Office:
    """A notifier whose clock a test moves."""

    def __init__(self, dsn: str, conn: pool.Connection) -> None:
        self.conn = conn
        self.now = NOON
        self.settings = NotifierSettings()
        self.provider = Provider()
        self.dsn = dsn

    def sender(self) -> Sender:
        return Sender(self.provider, self.settings, self.dsn, lambda: self.now)

    def work(self) -> list[tuple[str, int]]:
        """Does all there is to do just now; returns what the provider was asked to send, as word and level."""
        before = len(self.provider.asked)
        while fan_out(self.conn, self.settings, FORMS, self.now):
            self.conn.commit()
        self.conn.rollback()
        sender = self.sender()
        while sender.step(self.conn):
            pass
        sender.close()
        return [(message.about.word, message.about.level) for message in self.provider.asked[before:]]

    def later(self, **by: float) -> list[tuple[str, int]]:
        """The same after a while."""
        self.now += timedelta(**by)
        return self.work()

    def states(self) -> list[tuple[str, str | None]]:
        """State and reason of every delivery, in order of what they say."""
        query = "SELECT state, reason FROM delivery ORDER BY alert_id, number, recipient_id, channel"
        return [(state, reason) for state, reason in self.conn.execute(query).fetchall()]


@pytest.fixture
def office(database: str, conn: pool.Connection) -> Office:
    a_village(conn, 2)
    return Office(database, conn)


def an_alert(conn: pool.Connection, number: int = 1) -> int:
    """An active alert of a field; its events are written by `say`."""
    query = """
        INSERT INTO alert (org_id, rule_id, species, field_id, level, highest, opened_night)
        SELECT %s, rule_id, species, %s, 1, 1, %s FROM alert_rule RETURNING alert_id
    """
    [(alert_id,)] = conn.execute(query, [ORG, f"field-{number}", date(2026, 11, 22)]).fetchall()
    conn.commit()
    return int(alert_id)


def say(conn: pool.Connection, alert_id: int, word: str, level: int, *, is_late: bool = False) -> int:
    """Writes one event of an alert; returns its id."""
    query = """
        INSERT INTO alert_event (alert_id, number, word, level, night, facts, is_late)
        SELECT %(a)s, 1 + count(*), %(w)s, %(l)s, '2026-11-22', '{"value": 1234, "threshold": 300}', %(late)s
        FROM alert_event WHERE alert_id = %(a)s RETURNING event_id
    """
    [(event_id,)] = conn.execute(query, {"a": alert_id, "w": word, "l": level, "late": is_late}).fetchall()
    conn.commit()
    return int(event_id)


# Who is told


def test_only_the_farmers_of_the_field_are_told_each_word_once(office: Office):
    one, other = a_person(office.conn, "field-1"), a_person(office.conn, "field-2")
    traps = [f"trap-{number}" for number in (1, 2)]
    for night in an_outbreak(traps, sick=0):
        store(office.conn, night)
        office.later(days=1)
    assert [(message.about.word, message.about.level) for message in office.provider.asked] == SAID
    assert office.conn.execute("SELECT DISTINCT recipient_id FROM delivery").fetchall() == [(one,)] != [(other,)]


@pytest.mark.parametrize(
    ("place", "level", "told"),
    [
        ({"field_id": "field-1"}, 1, True), ({"field_id": "field-2"}, 1, False), ({}, 1, True),
        ({"commune_code": "31318"}, 1, False), ({"species": BPH}, 1, True),
        ({"species": "scirpophaga-incertulas"}, 1, False), ({"min_level": 2}, 1, False), ({"min_level": 2}, 2, True),
        ({"kind": "device"}, 1, False),
    ],
)  # fmt: skip
def test_a_subscription_is_met_by_place_species_and_level(office: Office, place, level: int, told: bool):
    recipient_id, _ = recipients.add_recipient(
        office.conn, model.Recipient(ORG, "Staff", "staff", addresses={"sms": "09"})
    )
    recipients.subscribe(office.conn, model.Subscription(recipient_id, **place))
    say(office.conn, an_alert(office.conn), "raised", level)
    assert bool(office.work()) is told


def test_whoever_heard_of_an_alert_hears_its_end_whatever_the_level_of_the_subscription(office: Office):
    a_person(office.conn, "field-1", min_level=2)
    alert_id = an_alert(office.conn)
    for word, level in [("raised", 1), ("raised", 2), ("cleared", 2)]:
        say(office.conn, alert_id, word, level)
    assert office.work() == [("raised", 2), ("cleared", 2)]


def test_history_tells_nobody(office: Office):
    a_person(office.conn, "field-1")
    say(office.conn, an_alert(office.conn), "raised", 3, is_late=True)
    assert office.work() == []
    assert office.states() == []


def test_without_consent_or_after_stop_nobody_is_told_and_the_reason_is_kept(office: Office):
    a_person(office.conn, "field-1", consent_at=None, consent_how=None)
    recipients.stop(office.conn, a_person(office.conn, "field-1"))
    say(office.conn, an_alert(office.conn), "raised", 3)
    assert office.work() == []
    assert office.states() == [("skipped", "no consent"), ("skipped", "stopped")]


def test_stop_counts_for_what_is_queued_already_and_for_every_channel_of_an_address(office: Office):
    a_person(office.conn, "field-1", addresses={"sms": "0911", "email": "tu@example.vn"})
    alert_id = an_alert(office.conn)
    office.provider.script = [DOWN]
    say(office.conn, alert_id, "raised", 1)
    office.work()
    assert recipients.stop_address(office.conn, "sms", "0911") == 1
    office.conn.commit()
    office.provider.asked.clear()
    assert office.later(hours=1) == []
    assert ("skipped", "stopped") in office.states()
    office.provider.name = "email"
    assert office.work() == []


@pytest.mark.parametrize("written", ["0912345678", "84912345678", "+84 912 345 678", "0912.345-678"])
def test_a_telephone_is_the_same_however_it_is_written(office: Office, written: str):
    recipient_id = a_person(office.conn, "field-1", addresses={"sms": "091 234 5678", "email": "a@example.vn"})
    known, token = recipients.put_recipient(office.conn, model.Recipient(ORG, "Bà Tư", addresses={"sms": written}))
    assert (known, token) == (recipient_id, None)
    assert recipients.stop_address(office.conn, "sms", written) == 1
    assert recipients.stop_address(office.conn, "sms", "0912345679") == 0
    assert recipients.get_recipient(office.conn, recipient_id).stopped_at is not None


def test_an_address_of_a_channel_that_nobody_set_up_is_skipped(office: Office):
    a_person(office.conn, "field-1", addresses={"pigeon": "loft 3"})
    say(office.conn, an_alert(office.conn), "raised", 1)
    assert office.work() == []
    assert office.states() == [("skipped", "no channel")]


def test_watches_and_warnings_have_a_daily_cap_alarms_and_all_clears_have_none(office: Office):
    office.settings = NotifierSettings(weekly_cap=99)
    a_person(office.conn, None)
    for number in (1, 2, 1, 2):
        alert_id = an_alert_of_its_own(office.conn, number)
        say(office.conn, alert_id, "raised", 1)
        say(office.conn, alert_id, "raised", 3)
        say(office.conn, alert_id, "cleared", 3)
    sent = office.work()
    assert sent.count(("raised", 1)) == 3
    assert sent.count(("raised", 3)) == sent.count(("cleared", 3)) == 4
    assert ("skipped", "daily cap") in office.states()
    say(office.conn, an_alert_of_its_own(office.conn, 1), "raised", 2)
    assert office.later(days=1) == [("raised", 2)]


def test_after_three_raises_of_a_pest_in_a_week_only_a_higher_level_is_told(office: Office):
    a_person(office.conn, None)
    told = []
    for level in (1, 1, 1, 1, 2, 1, 2, 3, 3):
        alert_id = an_alert_of_its_own(office.conn, 1)
        say(office.conn, alert_id, "raised", level)
        heard = office.later(hours=12)
        told += heard
        say(office.conn, alert_id, "cleared", level)
        assert office.later(hours=1) == ([("cleared", level)] if heard else [])
    assert told == [("raised", level) for level in (1, 1, 1, 2, 3, 3)]
    assert office.states().count(("skipped", "weekly cap")) == 3
    say(office.conn, an_alert_of_its_own(office.conn, 2), "raised", 1)
    assert office.later(days=8) == [("raised", 1)]


def an_alert_of_its_own(conn: pool.Connection, number: int) -> int:
    conn.execute("UPDATE alert SET state = 'cleared', cleared_at = now() WHERE state = 'active'")
    return an_alert(conn, number)


# When they are told


def test_messages_wait_for_the_morning_and_of_what_waited_only_the_highest_is_told(office: Office):
    a_person(office.conn, "field-1", **QUIET)
    alert_id = an_alert(office.conn)
    office.now = EVENING
    for level in (1, 2, 3):
        say(office.conn, alert_id, "raised", level)
        assert office.later(minutes=10) == []
    office.now = MORNING - timedelta(seconds=1)
    assert office.work() == []
    office.now = MORNING
    assert office.work() == [("raised", 3)]
    assert office.states() == [("skipped", "superseded")] * 2 + [("sent", None)]


def test_by_day_every_level_is_told(office: Office):
    a_person(office.conn, "field-1", **QUIET)
    alert_id = an_alert(office.conn)
    for level in (1, 2, 3):
        say(office.conn, alert_id, "raised", level)
    assert office.work() == SAID[:3]


def test_what_was_over_before_the_morning_is_not_told_at_all(office: Office):
    a_person(office.conn, "field-1", **QUIET)
    alert_id = an_alert(office.conn)
    office.now = EVENING
    say(office.conn, alert_id, "raised", 2)
    say(office.conn, alert_id, "cleared", 2)
    office.work()
    office.now = MORNING
    assert office.work() == []
    assert office.states() == [("skipped", "superseded"), ("skipped", "not told")]


def test_whoever_was_told_by_day_hears_of_the_end_in_the_morning(office: Office):
    a_person(office.conn, "field-1", **QUIET)
    alert_id = an_alert(office.conn)
    say(office.conn, alert_id, "raised", 1)
    assert office.work() == [("raised", 1)]
    office.now = EVENING
    say(office.conn, alert_id, "raised", 2)
    say(office.conn, alert_id, "cleared", 2)
    office.work()
    office.now = MORNING
    assert office.work() == [("cleared", 2)]


def test_an_alarm_breaks_quiet_hours_only_where_a_setting_says_so(office: Office):
    a_person(office.conn, "field-1", **QUIET)
    office.settings = NotifierSettings(alarm_breaks_quiet=True)
    office.now = EVENING
    alert_id = an_alert(office.conn)
    say(office.conn, alert_id, "raised", 2)
    assert office.work() == []
    say(office.conn, alert_id, "raised", 3)
    assert office.work() == [("raised", 3)]
    assert office.later(hours=12) == []


def test_a_retry_that_falls_into_quiet_hours_waits_too(office: Office):
    a_person(office.conn, "field-1", **QUIET)
    office.now = EVENING - timedelta(hours=1, seconds=10)
    office.provider.script = [DOWN]
    say(office.conn, an_alert(office.conn), "raised", 1)
    assert office.work() == [("raised", 1)]
    assert office.later(minutes=5) == []
    office.now = MORNING
    assert office.work() == [("raised", 1)]


def test_an_alarm_that_breaks_quiet_hours_is_not_held_back_by_a_retry_that_waits(office: Office):
    a_person(office.conn, "field-1", **QUIET)
    office.settings = NotifierSettings(alarm_breaks_quiet=True)
    office.now = EVENING - timedelta(hours=1, seconds=10)
    office.provider.script = [DOWN]
    alert_id = an_alert(office.conn)
    say(office.conn, alert_id, "raised", 1)
    office.work()
    assert office.later(minutes=5) == []
    say(office.conn, alert_id, "raised", 3)
    assert office.later(minutes=5) == [("raised", 3)]
    office.now = MORNING
    assert office.work() == []
    assert office.states() == [("skipped", "superseded"), ("sent", None)]


# Approval


def test_farmers_are_told_what_was_approved_and_staff_at_once(office: Office):
    recipients.put_setting(office.conn, ORG, "the office", farmers_need_approval=True)
    a_person(office.conn, "field-1", addresses={"sms": "farmer"})
    a_person(office.conn, "field-1", kind="staff", addresses={"sms": "staff"})
    alert_id = an_alert(office.conn)
    events = [say(office.conn, alert_id, "raised", level) for level in (1, 2, 3)]
    office.work()
    assert [message.address for message in office.provider.asked] == ["staff"] * 3
    assert approvals.pending(office.conn, alert_id) == events
    approvals.approve(office.conn, events[1], "an agronomist", office.now)
    office.conn.commit()
    assert office.later(minutes=1) == [("raised", 2)]
    assert office.provider.asked[-1].address == "farmer"
    approvals.reject(office.conn, events[2], "an agronomist", office.now)
    office.conn.commit()
    assert office.later(minutes=1) == []
    assert approvals.pending(office.conn, alert_id) == []
    assert sorted(state for state in office.states() if state[0] == "skipped") == [
        ("skipped", "rejected"), ("skipped", "superseded"),
    ]  # fmt: skip
    notes = office.conn.execute("SELECT kind FROM alert_note ORDER BY note_id").fetchall()
    assert notes == [("approved",), ("rejected",)]


def test_a_verdict_given_before_the_fan_out_counts_and_is_given_once(office: Office):
    recipients.put_setting(office.conn, ORG, "the office", farmers_need_approval=True)
    a_person(office.conn, "field-1")
    event_id = say(office.conn, an_alert(office.conn), "raised", 3)
    approvals.approve(office.conn, event_id, "an agronomist", office.now)
    office.conn.commit()
    assert office.work() == [("raised", 3)]
    with pytest.raises(Conflict):
        approvals.reject(office.conn, event_id, "somebody else", office.now)
    with pytest.raises(NotFound):
        approvals.reject(office.conn, event_id, "another org's", office.now, org_id="can-tho")


def test_what_a_proposed_rule_raises_reaches_no_farmer_unseen(office: Office):
    office.conn.execute("UPDATE alert_rule SET is_proposal = true")
    a_person(office.conn, "field-1", addresses={"sms": "farmer"})
    a_person(office.conn, "field-1", kind="staff", addresses={"sms": "staff"})
    event_id = say(office.conn, an_alert(office.conn), "raised", 2)
    office.work()
    assert [message.address for message in office.provider.asked] == ["staff"]
    approvals.approve(office.conn, event_id, "an agronomist", office.now)
    office.conn.commit()
    assert office.later(minutes=1) == [("raised", 2)]


def test_what_is_approved_in_the_night_waits_for_the_morning(office: Office):
    recipients.put_setting(office.conn, ORG, "the office", farmers_need_approval=True)
    a_person(office.conn, "field-1", **QUIET)
    event_id = say(office.conn, an_alert(office.conn), "raised", 3)
    office.now = EVENING
    office.work()
    approvals.approve(office.conn, event_id, "an agronomist", office.now)
    office.conn.commit()
    assert office.work() == []
    office.now = MORNING
    assert office.work() == [("raised", 3)]


# When it goes wrong


def test_a_dead_gateway_is_asked_again_and_nothing_is_lost_or_told_twice(office: Office):
    a_person(office.conn, "field-1")
    alert_id = an_alert(office.conn)
    for level in (1, 2, 3):
        say(office.conn, alert_id, "raised", level)
    office.provider.script = [DOWN] * 3
    assert office.work() == [("raised", 1)]
    assert office.later(seconds=20) == []
    assert office.later(seconds=20) == [("raised", 1)]
    assert office.later(minutes=3) == [("raised", 1)]
    assert office.later(minutes=10) == SAID[:3]
    attempts = office.conn.execute("SELECT number, outcome FROM delivery_attempt ORDER BY delivery_id, number")
    assert attempts.fetchall() == [(1, "failed"), (2, "failed"), (3, "failed"), (4, "sent"), (1, "sent"), (1, "sent")]


def test_a_further_word_hurries_the_one_that_waits_to_be_tried_again(office: Office):
    a_person(office.conn, "field-1")
    alert_id = an_alert(office.conn)
    say(office.conn, alert_id, "raised", 1)
    office.provider.script = [DOWN, DOWN, DOWN]
    office.work()
    office.later(minutes=1)
    office.later(minutes=3)
    say(office.conn, alert_id, "raised", 3)
    assert office.later(seconds=1) == [("raised", 1), ("raised", 3)]


def test_a_message_is_given_up_after_so_many_tries(office: Office):
    a_person(office.conn, "field-1")
    office.settings = NotifierSettings(tries=3)
    office.provider.script = [DOWN] * 9
    say(office.conn, an_alert(office.conn), "raised", 3)
    assert [office.later(hours=1) for _ in range(4)] == [[("raised", 3)]] * 3 + [[]]
    assert office.states() == [("dead", "HTTP 503")]


def test_a_message_is_given_up_when_it_is_of_no_more_use(office: Office):
    a_person(office.conn, "field-1")
    office.provider.script = [DOWN] * 9
    say(office.conn, an_alert(office.conn), "raised", 3)
    office.work()
    assert office.later(hours=13) == []
    assert office.states() == [("dead", "too late")]


def test_a_refusal_is_final_and_marks_the_address(office: Office):
    a_person(office.conn, "field-1")
    office.provider.script = [Receipt(Outcome.REFUSED, "HTTP 400")]
    alert_id = an_alert(office.conn)
    say(office.conn, alert_id, "raised", 1)
    say(office.conn, alert_id, "cleared", 1)
    assert office.work() == [("raised", 1)]
    assert office.states() == [("dead", "HTTP 400"), ("skipped", "not told")]
    assert office.conn.execute("SELECT refused_at IS NOT NULL FROM recipient_address").fetchall() == [(True,)]


@pytest.mark.parametrize(
    ("level", "rule", "asked", "state"),
    [
        (1, OnUnknown.ALARM_ONCE_MORE, 1, "unknown"), (2, OnUnknown.ALARM_ONCE_MORE, 1, "unknown"),
        (3, OnUnknown.ALARM_ONCE_MORE, 2, "unknown"), (1, OnUnknown.SEND_AGAIN, 5, "sent"),
        (1, OnUnknown.AT_LEAST_ONCE, 5, "sent"),
    ],
)  # fmt: skip
def test_what_may_have_been_sent_is_sent_again_by_level_and_channel(office: Office, level, rule, asked, state):
    a_person(office.conn, "field-1")
    office.provider.on_unknown = rule
    office.provider.script = [LOST] * 4
    say(office.conn, an_alert(office.conn), "raised", level)
    for _ in range(6):
        office.later(hours=1)
    assert len(office.provider.asked) == asked
    assert len({message.key for message in office.provider.asked}) == 1
    assert len({message.text for message in office.provider.asked}) == 1
    assert office.states()[0][0] == state


@pytest.mark.parametrize(("level", "again"), [(2, []), (3, [("raised", 3)])])
def test_a_lease_that_ran_out_is_an_unknown_outcome(office: Office, level: int, again: list[tuple[str, int]]):
    a_person(office.conn, "field-1")
    say(office.conn, an_alert(office.conn), "raised", level)
    office.provider.script = [SENT]
    _die_between_send_and_record(office)
    assert office.later(seconds=100) == []
    assert office.later(seconds=100) == again
    assert office.states()[0][0] == ("sent" if again else "unknown")


def _die_between_send_and_record(office: Office) -> None:
    fan_out(office.conn, office.settings, FORMS, office.now)
    office.conn.commit()
    sender = office.sender()
    due = deliveries.take_due(office.conn, "sms", office.now)
    assert due is not None
    assert sender._admit(office.conn, due) is not None


def test_a_late_record_does_not_touch_a_delivery_that_somebody_else_has(office: Office):
    a_person(office.conn, "field-1")
    say(office.conn, an_alert(office.conn), "raised", 3)
    fan_out(office.conn, office.settings, FORMS, office.now)
    first = deliveries.lease(office.conn, _the_delivery(office), office.now, 1)
    second = deliveries.lease(office.conn, _the_delivery(office), office.now, 1)

    def record(token: UUID) -> bool:
        return deliveries.record(
            office.conn, first.delivery_id, token, state="sent", outcome="sent", detail=None, now=office.now
        )

    assert record(first.token) is False
    assert record(second.token) is True


def _the_delivery(office: Office) -> int:
    [(delivery_id,)] = office.conn.execute("SELECT delivery_id FROM delivery").fetchall()
    return int(delivery_id)


# Corrections


@pytest.mark.parametrize(
    ("told", "then", "heard"),
    [
        ([("raised", 1), ("raised", 3)], ("corrected", 1), [("corrected", 1)]),
        ([("raised", 1)], ("corrected", 0), [("corrected", 0)]),
        ([("raised", 1)], ("corrected", 1), []),
        ([("raised", 1), ("cleared", 1)], ("reopened", 1), [("reopened", 1)]),
        ([("raised", 1)], ("reopened", 1), []),
    ],
)
def test_only_what_was_told_is_taken_back(office: Office, told, then, heard):
    a_person(office.conn, "field-1")
    alert_id = an_alert(office.conn)
    for word, level in told:
        say(office.conn, alert_id, word, level)
    assert office.work() == told
    say(office.conn, alert_id, *then)
    assert office.later(minutes=1) == heard


def test_a_raise_that_was_withdrawn_before_it_went_out_is_not_told(office: Office):
    a_person(office.conn, "field-1")
    alert_id = an_alert(office.conn)
    say(office.conn, alert_id, "raised", 1)
    office.conn.execute("UPDATE alert SET state = 'withdrawn', cleared_at = now()")
    say(office.conn, alert_id, "corrected", 0)
    assert office.work() == []


def test_the_outbox_says_what_waits_and_since_when(office: Office):
    a_person(office.conn, "field-1")
    alert_id = an_alert(office.conn)
    say(office.conn, alert_id, "raised", 1)
    assert deliveries.outbox(office.conn, office.now).events == 1
    office.provider.script = [DOWN]
    office.work()
    office.now += timedelta(hours=1)
    assert deliveries.outbox(office.conn, office.now) == deliveries.Outbox(0, 1, 1, 0, 0, NOON)
    office.provider.script = [LOST]
    office.work()
    assert deliveries.outbox(office.conn, office.now) == deliveries.Outbox(0, 0, 0, 1, 0, None)
    assert deliveries.outbox(office.conn, office.now + timedelta(days=2)).unknown == 0


# Receipts


def test_receipts_come_late_twice_and_in_any_order(office: Office):
    a_person(office.conn, "field-1")
    office.provider.script = [Receipt(Outcome.SENT, provider_id="m-1")]
    say(office.conn, an_alert(office.conn), "raised", 1)
    office.work()

    def note(name: str, state: str) -> bool:
        return deliveries.note_receipt(office.conn, "sms", name, state)

    assert note("m-2", "delivered") is False
    assert note("m-1", "failed") is True
    assert office.states() == [("dead", "undelivered")]
    assert note("m-1", "delivered") is True
    assert note("m-1", "failed") is False
    assert office.states() == [("delivered", None)]
    with pytest.raises(InputFault):
        note("m-1", "perhaps")


def test_a_receipt_under_our_own_key_settles_an_unknown_outcome(office: Office):
    a_person(office.conn, "field-1")
    office.provider.script = [LOST]
    alert_id = an_alert(office.conn)
    say(office.conn, alert_id, "raised", 1)
    office.work()
    assert office.states() == [("unknown", "no answer")]
    assert deliveries.note_receipt(office.conn, "sms", str(office.provider.asked[0].key), "delivered")
    assert office.states() == [("delivered", None)]
