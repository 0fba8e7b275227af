"""From readings to telephones and mailboxes: the notifier as a process, a real SMTP server, a real HTTP gateway."""

from __future__ import annotations

import email
import email.policy
import itertools
import json
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from typer.testing import CliRunner

from ingest.broker import Message
from lighttrap.cli.main import cli
from lighttrap.store import pool, restores
from tests.fix_programs import Program, StartProgram
from tests.gateways import Gateway, Mailbox, Reply, Request, a_gateway, a_mailbox
from tests.outbreak import SAID, a_person, a_village, an_outbreak, store
from tests.waiting import wait_until

pytestmark = [pytest.mark.db, pytest.mark.slow]

SICK = 2
"""The outbreak is in the third of six fields."""
PEOPLE = {"vi": "0912000", "en": "0988000"}
Told = list[tuple[str, int]]


@dataclass
class World:
    """Six fields, two farmers each, one notifier or more, and what its messages arrive at."""

    dsn: str
    conn: pool.Connection
    gateway: Gateway
    mailbox: Mailbox
    start_program: StartProgram
    traps: list[str]
    notifiers: list[Program] = field(default_factory=list)

    def start(self, **settings: str) -> Program:
        """Starts a notifier that does not wait long for anything."""
        own = {
            "DATABASE__DSN": self.dsn, "NOTIFY__SMS__URL": f"{self.gateway.url}/send", "NOTIFY__SMS__ID_PATH": "id",
            "NOTIFY__SMS__BODY": '{"to": "{address}", "text": "{text}", "key": "{key}"}',
            "NOTIFY__EMAIL__HOST": "127.0.0.1", "NOTIFY__EMAIL__PORT": str(self.mailbox.port),
            "NOTIFY__EMAIL__TLS": "none", "NOTIFY__EMAIL__SENDER": "bvtv@example.vn", "NOTIFY__POLL_S": "0.2",
            "NOTIFY__LEASE_S": "2", "NOTIFY__RETRY_FIRST_S": "0.2", "NOTIFY__RETRY_LONGEST_S": "0.5",
            "NOTIFY__METRICS_PORT": "0",
        }  # fmt: skip
        named = {f"LIGHTTRAP_{name}": value for name, value in {**own, **settings}.items()}
        self.notifiers.append(self.start_program("lighttrap.notify", **named))
        return self.notifiers[-1]

    def come_to_rest(self, within: float = 40) -> None:
        """Waits until every event is fanned out and every message is done with."""
        query = """
            SELECT (SELECT count(*) FROM alert_event WHERE fanned_out_at IS NULL),
                   (SELECT count(*) FROM delivery WHERE state IN ('queued', 'failed', 'leased')),
                   (SELECT count(*) > 0 FROM alert_event)
        """

        def left() -> object:
            for program in self.notifiers:
                if not program.is_running:
                    program.start()
            row = self.conn.execute(query).fetchone()
            self.conn.rollback()
            return row

        try:
            wait_until(left, equals=(0, 0, True), within=within)
        except AssertionError:
            print(self.notifiers[-1].output()[-3000:])  # noqa: T201 - pytest shows it with the failure
            raise

    def what(self, name: str, text: str) -> tuple[str, int]:
        """Which word and level a text that arrived at an address says."""
        query = """
            SELECT DISTINCT e.word, e.level FROM delivery d JOIN alert_event e USING (event_id)
            JOIN recipient_address a USING (recipient_id, channel) WHERE a.address = %s AND d.text = %s
        """
        [(word, level)] = self.conn.execute(query, [name, text]).fetchall()
        return word, level

    def by_sms(self, *, keys_known: bool = False) -> dict[str, Told]:
        """What arrived by telephone number; a gateway that knows keys sends each once."""
        found: dict[str, Told] = {}
        seen: set[str] = set()
        for request in self.gateway.requests:
            said = request.json()
            if not (keys_known and said["key"] in seen):
                found.setdefault(said["to"], []).append(self.what(said["to"], said["text"]))
            seen.add(said["key"])
        return found

    def by_mail(self) -> dict[str, Told]:
        """What arrived by mailbox; mails with the same Message-ID are one."""
        found: dict[str, Told] = {}
        seen: set[str] = set()
        for envelope in self.mailbox.mails:
            mail = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
            assert isinstance(mail, EmailMessage)
            if mail["Message-ID"] not in seen:
                [to] = envelope.rcpt_tos
                found.setdefault(to, []).append(self.what(to, mail.get_content().replace("\r\n", "\n").strip()))
            seen.add(mail["Message-ID"])
        return found


def numbers(place: int) -> list[str]:
    """The telephones of a field's farmers, of the Vietnamese-speaking one first."""
    return [f"{start}{place:03}" for start in PEOPLE.values()]


def mailboxes(place: int) -> list[str]:
    return [f"{language}{place}@example.vn" for language in PEOPLE]


@pytest.fixture
def world(database: str, conn: pool.Connection, start_program: StartProgram) -> Iterator[World]:
    traps = a_village(conn, 6)
    for place in range(6):
        for language, number, box in zip(PEOPLE, numbers(place), mailboxes(place), strict=True):
            a_person(conn, f"field-{place + 1}", language=language, addresses={"sms": number, "email": box})
    with a_gateway() as gateway, a_mailbox() as mailbox:
        gateway.reply = lambda request: Reply(body=json.dumps({"id": request.json()["key"]}).encode())
        yield World(database, conn, gateway, mailbox, start_program, traps)


def ordered(order: str, world: World) -> Iterator[list[Message]]:
    """The batches of an outbreak in some order of arrival."""
    nights = an_outbreak(world.traps, SICK)
    messages = list(itertools.chain.from_iterable(nights))
    match order:
        case "in order":
            yield from nights
        case "ten times":
            yield from ([message] * 10 for message in messages if message.topic.endswith(b"trap-3/reading"))
            yield from nights * 2
        case "reversed":
            yield from ([message] for message in reversed(messages))
        case _:
            random.Random(7).shuffle(messages)
            yield from ([message] for message in messages)


@pytest.mark.parametrize("order", ["in order", "ten times", "reversed", "shuffled"])
def test_each_word_of_an_outbreak_reaches_the_field_s_farmers_once_and_nobody_else(world: World, order: str):
    world.start()
    for batch in ordered(order, world):
        store(world.conn, batch)
    world.come_to_rest()
    # The level of an all-clear is that which was known to be reached when the last calm night arrived.
    said = the_events(world)
    assert sorted(word for word, _ in said) == sorted(word for word, _ in SAID)
    assert [one for one in sorted(said) if one[0] == "raised"] == SAID[:3]
    assert world.by_sms() == dict.fromkeys(numbers(SICK), said)
    assert world.by_mail() == dict.fromkeys(mailboxes(SICK), said)
    assert said == SAID or order in ("reversed", "shuffled")
    assert len(world.gateway.requests) == len(world.mailbox.mails) == 8


def test_everybody_is_told_in_the_own_language(world: World):
    world.start()
    for night in an_outbreak(world.traps, SICK):
        store(world.conn, night)
    world.come_to_rest()
    texts: dict[str, list[str]] = {language: [] for language in PEOPLE}
    for request in world.gateway.requests:
        said = request.json()
        texts[next(one for one, start in PEOPLE.items() if said["to"].startswith(start))].append(said["text"])
    assert all("Rầy nâu" in text or "rầy nâu" in text for text in texts["vi"]), texts["vi"]
    assert all("planthopper" in text.lower() for text in texts["en"]), texts["en"]


def the_events(world: World) -> Told:
    query = "SELECT word, level FROM alert_event ORDER BY alert_id, number"
    return [(word, level) for word, level in world.conn.execute(query).fetchall()]


def kills(world: World, mine: Callable[[Request], bool]) -> Callable[[Request], Reply]:
    """A gateway that takes each new message it is asked for and kills the notifier before it can say so."""
    seen: set[tuple[str, str]] = set()
    guard = threading.Lock()

    def reply(request: Request) -> Reply:
        said = request.json()
        with guard:
            is_new = (said["to"], said["text"]) not in seen
            seen.add((said["to"], said["text"]))
            if is_new and mine(request):
                world.notifiers[-1].send(signal.SIGKILL)
                return Reply(hangs_up=True)
        return Reply(body=json.dumps({"id": said["key"]}).encode())

    return reply


@pytest.mark.parametrize("knows_keys", [True, False])
def test_killed_between_send_and_record_only_an_alarm_may_come_twice(world: World, knows_keys: bool):
    world.gateway.reply = kills(world, lambda request: request.json()["to"] == numbers(SICK)[0])
    # Without keys, one message at a time: of another that was leased and not yet sent, nobody could say so either.
    world.start(**({"NOTIFY__SMS__KEY_HEADER": "Idempotency-Key"} if knows_keys else {"NOTIFY__SENDERS": "1"}))
    for night in an_outbreak(world.traps, SICK):
        store(world.conn, night)
        if the_events(world):
            world.come_to_rest()
    world.come_to_rest()
    assert world.by_sms(keys_known=True) == dict.fromkeys(numbers(SICK), SAID)
    assert world.by_mail() == dict.fromkeys(mailboxes(SICK), SAID)
    asked = Counter(world.by_sms()[numbers(SICK)[0]])
    states = Counter(
        state for (state,) in world.conn.execute(
            "SELECT state FROM delivery JOIN recipient_address a USING (recipient_id, channel) WHERE a.address = %s",
            [numbers(SICK)[0]],
        )
    )  # fmt: skip
    if knows_keys:
        assert asked == dict.fromkeys(SAID, 2)
        assert states == {"sent": 4}
    else:
        assert asked == {**dict.fromkeys(SAID, 1), ("raised", 3): 2}
        assert states == {"unknown": 3, "sent": 1}


def test_two_notifiers_at_once_tell_everybody_once(world: World):
    world.start()
    world.start()
    for batch in ordered("ten times", world):
        store(world.conn, batch)
    world.come_to_rest()
    assert world.by_sms() == dict.fromkeys(numbers(SICK), SAID)
    assert len(world.gateway.requests) == len(world.mailbox.mails) == 8


def test_a_gateway_that_was_dead_gets_everything_once_in_order_and_delays_no_mail(world: World):
    world.gateway.reply = lambda _: Reply(status=503)
    world.start(NOTIFY__TRIES="100")
    for night in an_outbreak(world.traps, SICK):
        store(world.conn, night)
    wait_until(lambda: len(world.mailbox.mails), equals=8, within=20)
    wait_until(lambda: world.gateway.requests, within=20)
    world.gateway.reply = lambda request: Reply(body=json.dumps({"id": request.json()["key"]}).encode())
    world.come_to_rest()
    sent = world.conn.execute("SELECT count(*) FROM delivery_attempt WHERE outcome = 'sent'").fetchone()
    assert sent == (16,)
    order = world.conn.execute(
        "SELECT a.address, e.word, e.level FROM delivery d JOIN alert_event e USING (event_id) "
        "JOIN recipient_address a USING (recipient_id, channel) WHERE channel = 'sms' ORDER BY d.sent_at"
    ).fetchall()
    for number in numbers(SICK):
        assert [(word, level) for name, word, level in order if name == number] == SAID


def test_a_gateway_that_stays_dead_leaves_dead_letters_with_the_reason(world: World):
    world.gateway.reply = lambda _: Reply(status=500)
    world.start(NOTIFY__TRIES="2")
    store(world.conn, an_outbreak(world.traps, SICK)[0] + an_outbreak(world.traps, SICK)[1])
    world.come_to_rest()
    found = world.conn.execute("SELECT state, attempts, reason FROM delivery WHERE channel = 'sms'").fetchall()
    assert [(state, attempts) for state, attempts, _ in found] == [("dead", 2)] * 2
    assert all("500" in reason for _, _, reason in found)


def test_a_notifier_stops_when_told_and_goes_on_after_an_outage_of_the_database(world: World):
    notifier = world.start()
    wait_until(lambda: "notifier started" in notifier.output(), within=20)
    world.conn.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lighttrap notify'"
    )
    world.conn.commit()
    for night in an_outbreak(world.traps, SICK):
        store(world.conn, night)
    world.come_to_rest()
    assert world.by_sms() == dict.fromkeys(numbers(SICK), SAID)
    notifier.send(signal.SIGTERM)
    assert notifier.wait() == 0


def test_a_paused_notifier_writes_down_and_sends_nothing_and_what_is_passed_over_stays_unsent(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    paused = world.start(NOTIFY__PAUSED="true")
    nights = an_outbreak(world.traps, SICK)
    store(world.conn, nights[0] + nights[1])
    written = "SELECT count(*) FROM delivery WHERE state = 'queued'"
    wait_until(lambda: world.conn.execute(written).fetchone(), equals=(4,), within=20)
    world.conn.rollback()
    paused.stop()
    monkeypatch.setenv("LIGHTTRAP_DATABASE__DSN", world.dsn)
    said = CliRunner().invoke(cli, ["alert", "pass-over"], catch_exceptions=False).output
    assert said == "4 messages are passed over\n"
    world.notifiers.clear()
    world.start()
    for night in nights[2:]:
        store(world.conn, night)
    world.come_to_rest()
    assert world.by_sms() == dict.fromkeys(numbers(SICK), SAID[1:])


def test_after_a_restore_messages_are_written_down_and_held_until_a_person_resumes(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    restores.note(world.conn, datetime(2026, 10, 1, tzinfo=UTC), "lighttrap-1.dump")
    world.conn.commit()
    notifier = world.start()
    wait_until(lambda: "messages are held after a restore" in notifier.output(), within=20)
    nights = an_outbreak(world.traps, SICK)
    store(world.conn, nights[0] + nights[1])
    written = "SELECT count(*) FROM delivery WHERE state = 'queued'"
    wait_until(lambda: world.conn.execute(written).fetchone(), equals=(4,), within=20)
    world.conn.rollback()
    monkeypatch.setenv("LIGHTTRAP_DATABASE__DSN", world.dsn)
    said = CliRunner().invoke(cli, ["alert", "pass-over"], catch_exceptions=False).output
    assert said == "4 messages are passed over\n"
    CliRunner().invoke(cli, ["alert", "resume"], catch_exceptions=False)
    for night in nights[2:]:
        store(world.conn, night)
    world.come_to_rest()
    assert world.by_sms() == dict.fromkeys(numbers(SICK), SAID[1:])


def test_a_wrong_setting_is_named_and_ends_it_with_code_2(world: World):
    notifier = world.start(NOTIFY__TRIES="0")
    assert notifier.wait() == 2
    assert "LIGHTTRAP_NOTIFY__TRIES" in notifier.output()
