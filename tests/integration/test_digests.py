"""Many alerts at once: each farmer is told of his own, staff of all of them together, programs of each."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from lighttrap.notify.channels.channel import Message, OnUnknown, Outcome, Receipt
from lighttrap.notify.fanout import fan_out
from lighttrap.notify.sender import Sender
from lighttrap.notify.settings import NotifierSettings
from lighttrap.notify.texts import Kind
from lighttrap.store import pool
from tests.builders import ORG
from tests.outbreak import BPH, a_person, a_village

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
FORMS = {"sms": Kind.SMS, "email": Kind.EMAIL}
FIELDS = 40


class Provider:
    """Takes messages and answers by its script, then always `sent`."""

    on_unknown = OnUnknown.ALARM_ONCE_MORE

    def __init__(self, name: str, tells_each: bool = False) -> None:
        self.name = name
        self.tells_each = tells_each
        self.script: list[Receipt] = []
        self.asked: list[Message] = []

    def send(self, message: Message) -> Receipt:
        self.asked.append(message)
        return self.script.pop(0) if self.script else Receipt(Outcome.SENT)

    def close(self) -> None: ...


class Office:
    """A notifier with mail for staff and SMS for farmers, whose clock a test moves."""

    def __init__(self, dsn: str, conn: pool.Connection) -> None:
        self.dsn, self.conn, self.now = dsn, conn, NOON
        self.settings = NotifierSettings(daily_cap=10)
        self.mail, self.sms = Provider("email"), Provider("sms")

    def work(self, **by: float) -> list[Message]:
        """Does all there is to do after a while; returns the mails that went out."""
        self.now += timedelta(**by)
        before = len(self.mail.asked)
        while fan_out(self.conn, self.settings, FORMS, self.now):
            self.conn.commit()
        self.conn.rollback()
        for provider in (self.mail, self.sms):
            sender = Sender(provider, self.settings, self.dsn, lambda: self.now)
            while sender.step(self.conn):
                pass
            sender.close()
        return self.mail.asked[before:]

    def states(self) -> dict[tuple[str, str], int]:
        query = "SELECT channel, state, count(*)::int FROM delivery GROUP BY 1, 2"
        return {(channel, state): number for channel, state, number in self.conn.execute(query).fetchall()}


@pytest.fixture
def office(database: str, conn: pool.Connection) -> Office:
    a_village(conn, FIELDS)
    for number in range(1, FIELDS + 1):
        a_person(conn, f"field-{number}", addresses={"sms": f"09{number:08}"})
    a_person(conn, None, kind="staff", name="Cán bộ", addresses={"email": "can-bo@example.com"})
    query = """
        INSERT INTO alert (org_id, rule_id, species, field_id, level, highest, opened_night)
        SELECT %s, rule_id, species, 'field-' || number, 1, 1, %s FROM alert_rule, generate_series(1, %s) AS number
    """
    conn.execute(query, [ORG, date(2026, 11, 22), FIELDS])
    conn.commit()
    return Office(database, conn)


def say(office: Office, word: str, level: int, upto: int = FIELDS, above: int = 0) -> None:
    """Writes an event of each of the alerts; the higher the number of the field, the higher the catch."""
    query = """
        INSERT INTO alert_event (alert_id, number, word, level, night, facts)
        SELECT a.alert_id, 1 + (SELECT count(*) FROM alert_event o WHERE o.alert_id = a.alert_id), %(word)s, %(level)s,
               '2026-11-22', jsonb_build_object('value', 400 + substr(field_id, 7)::int, 'threshold', 300)
        FROM alert a WHERE substr(field_id, 7)::int > %(above)s AND substr(field_id, 7)::int <= %(upto)s
        ORDER BY a.alert_id
    """
    office.conn.execute(query, {"word": word, "level": level, "upto": upto, "above": above})
    if word == "cleared":
        office.conn.execute("UPDATE alert SET state = 'cleared', cleared_at = now(), cleared_night = '2026-11-22'")
    office.conn.commit()


def test_staff_are_told_of_a_wave_in_one_message_and_each_farmer_of_his_field(office: Office):
    say(office, "raised", 1)
    assert office.work() == [], "more may be coming in"
    [mail] = office.work(seconds=6)
    assert "40 tin cảnh báo, đêm 22/11" in (mail.subject or "")
    assert "- 40 nơi mức theo dõi" in mail.text
    assert "rầy nâu Ruộng 40 440 (#A40); rầy nâu Ruộng 39 439 (#A39)" in mail.text
    assert office.states() == {("email", "sent"): 40, ("sms", "sent"): 40}
    assert len({message.address for message in office.sms.asked}) == len(office.sms.asked) == 40


def test_a_few_are_told_one_by_one_and_what_follows_soon_waits_and_comes_together(office: Office):
    say(office, "raised", 1, upto=3)
    assert len(office.work()) == 3
    say(office, "raised", 1, upto=20, above=3)
    assert office.work(seconds=30) == []
    [mail] = office.work(seconds=600)
    assert "17 tin" in mail.text
    say(office, "raised", 1, upto=21, above=20)
    assert office.work(seconds=60) == [], "after a digest there is a rest"
    [mail] = office.work(seconds=600)
    assert "#A21" in mail.text


def test_a_digest_waits_for_the_last_of_a_wave_but_not_for_ever(office: Office):
    told = []
    for second in range(0, 80, 4):
        say(office, "raised", 1, upto=2 * second // 4 + 2, above=2 * second // 4)
        told += [(second, mail) for mail in office.work(seconds=4)]
    # The first ones of a trickle are as few as any other day's.
    digests = [(second, mail) for second, mail in told if "tin cảnh báo" in mail.text]
    assert len(told) - len(digests) <= 3
    assert len(digests) <= 1


def test_the_highest_level_of_each_place_counts_and_all_of_its_words_are_told(office: Office):
    for level in (1, 2, 3):
        say(office, "raised", level, upto=10)
    assert office.work() == []
    [mail] = office.work(seconds=6)
    assert mail.text.splitlines()[1:3] == ["10 tin cảnh báo, đêm 22/11:", "- 10 nơi mức nguy hiểm"]
    assert office.states()["email", "sent"] == 30


def test_the_end_of_what_was_told_together_is_told_together(office: Office):
    say(office, "raised", 2)
    office.work()
    office.work(seconds=6)
    say(office, "cleared", 2)
    assert office.work(seconds=60) == []
    [mail] = office.work(seconds=600)
    assert "- 40 nơi đã hết cảnh báo" in mail.text


def test_what_is_over_before_it_was_told_is_not_told(office: Office):
    say(office, "raised", 1, upto=10)
    assert office.work() == []
    say(office, "cleared", 1, upto=10)
    assert office.work(seconds=6) == []
    assert office.work(minutes=1) == []
    assert office.states()["email", "skipped"] == 20


@pytest.mark.parametrize(
    ("level", "answer", "states"),
    [
        (1, Receipt(Outcome.FAILED, "later"), {"failed": 40}),
        (1, Receipt(Outcome.REFUSED, "never"), {"dead": 40}),
        (1, Receipt(Outcome.UNKNOWN, "?"), {"unknown": 40}),
        (3, Receipt(Outcome.UNKNOWN, "?"), {"failed": 40}),
    ],
)
def test_all_of_a_digest_share_its_fate(office: Office, level: int, answer: Receipt, states: dict[str, int]):
    say(office, "raised", level)
    office.mail.script = [answer]
    office.work()
    [first] = office.work(seconds=6)
    assert {state: number for (channel, state), number in office.states().items() if channel == "email"} == states
    again = office.work(seconds=60)
    assert [mail.key for mail in again] == ([first.key] if "failed" in states else [])
    [(attempts,)] = office.conn.execute(
        "SELECT count(*) FROM delivery_attempt JOIN delivery USING (delivery_id) WHERE channel = 'email'"
    ).fetchall()
    assert attempts == 40 * (1 + len(again))


def test_a_digest_whose_notifier_died_is_told_again_when_it_may_be(office: Office):
    say(office, "raised", 3)
    office.work()

    class Died(BaseException):
        """As SIGKILL would."""

    def die(message: Message) -> Receipt:
        office.mail.asked.append(message)
        raise Died

    office.mail.send = die  # type: ignore[method-assign]
    with pytest.raises(Died):
        office.work(seconds=6)
    assert office.states()["email", "leased"] == 40
    del office.mail.send
    office.conn.rollback()
    [again] = office.work(seconds=200)
    assert again.key == office.mail.asked[0].key
    assert office.states()["email", "sent"] == 40


def test_programs_are_told_of_each(office: Office):
    office.mail = Provider("email", tells_each=True)
    say(office, "raised", 1)
    assert len(office.work()) == 40


def test_a_digest_waits_for_the_end_of_quiet_hours(office: Office):
    office.conn.execute(
        "UPDATE recipient SET quiet_from = %s, quiet_to = %s WHERE kind = 'staff'", [time(11, 0), time(13, 0)]
    )
    say(office, "raised", 1)
    assert office.work(minutes=1) == []
    assert office.work(minutes=30) == []
    [mail] = office.work(minutes=30)
    assert "40 tin" in mail.text


def test_the_catch_of_a_pest_that_has_no_name_is_told_all_the_same(office: Office):
    office.conn.execute("UPDATE alert SET species = 'unheard-of' WHERE field_id = 'field-40'")
    say(office, "raised", 1)
    office.work()
    [mail] = office.work(seconds=6)
    assert "unheard-of Ruộng 40" in mail.text
    assert BPH not in mail.text


@pytest.mark.parametrize("language", ["vi", "en", "km"])
def test_a_digest_by_sms_is_short_in_every_language(office: Office, language: str):
    office.conn.execute("UPDATE recipient SET language = %s, accents = false WHERE kind = 'staff'", [language])
    office.conn.execute("UPDATE recipient_address SET channel = 'sms' WHERE channel = 'email'")
    office.conn.execute("UPDATE field SET name = 'Ruộng lúa nhà bà Nguyễn Thị Hường ' || field_id")
    say(office, "raised", 2)
    office.work()
    office.work(seconds=6)
    [text] = [message.text for message in office.sms.asked if message.address == "can-bo@example.com"]
    assert text.startswith("BVTV: 40 ")
    assert text.isascii()
    assert len(text) <= 160


def test_facts_that_are_odd_do_not_stop_a_digest(office: Office):
    facts: list[Any] = [None, "x", -1, 1e300, True]
    say(office, "raised", 1)
    for number, value in enumerate(facts, 1):
        office.conn.execute(
            "UPDATE alert_event SET facts = jsonb_build_object('value', %s::jsonb) WHERE event_id = %s",
            [Jsonb(value), number],
        )
    office.work()
    assert len(office.work(seconds=6)) == 1
