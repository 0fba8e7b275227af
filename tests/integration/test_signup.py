"""Signing up by a field's code: proved by six digits, with a consent, and telling nobody whose number is known."""

from __future__ import annotations

import html
import logging
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.config import ApiSettings, PreviewSettings, ServerSettings
from api.main import create_app
from lighttrap import model
from lighttrap.config import DatabaseSettings
from lighttrap.model import Role
from lighttrap.notify.channels.channel import Outcome, Receipt
from lighttrap.notify.codes import CodeSender
from lighttrap.notify.loop import Notifier
from lighttrap.notify.settings import NotifierSettings
from lighttrap.notify.texts import Kind
from lighttrap.store import audit, fields, pool, recipients, signups
from tests.farmhouse import COMMUNE, ORG, ORG_NAME, PHONE, Provider, a_farm
from tests.fix_api import a_token
from tests.waiting import wait_until

MOBILE = "0912 345 678"
ADDRESS = "0912345678"


class Desk:
    """A field with a code, the API that asks, and a notifier whose clock a test moves."""

    def __init__(self, conn: pool.Connection, dsn: str, client: TestClient) -> None:
        self.conn, self.dsn, self.client = conn, dsn, client
        a_farm(conn)
        self.code = signups.make_code(conn, ORG, "field-17", "tests").code
        conn.commit()
        self.provider = Provider()
        self.now = datetime.now(UTC) + timedelta(seconds=30)

    def ask(self, phone: str = MOBILE, agree: str = "yes", **form: str) -> Any:  # noqa: ANN401 - the client's answer
        """Fills in the form."""
        body = {"phone": phone, "agree": agree, "language": "vi", "accents": "yes", **form}
        return self.client.post(f"/s/{self.code}", data=body)

    def secret(self, **form: str) -> str:
        """Fills in the form; what the next one carries."""
        [found] = re.findall(r'name="secret" value="([^"]+)"', self.ask(**form).text)
        return str(found)

    def work(self) -> list[str]:
        """Sends what waits; returns the texts."""
        before = len(self.provider.asked)
        sender = CodeSender(self.provider, NotifierSettings(), self.dsn, lambda: self.now)
        while sender.step(self.conn):
            pass
        sender.close()
        return [message.text for message in self.provider.asked[before:]]

    def number(self) -> str:
        """Sends what waits; the six digits of the last message."""
        return str(re.findall(r"\b\d{6}\b", self.work()[-1])[0])

    def give(self, secret: str, number: str) -> Any:  # noqa: ANN401 - the client's answer
        """Gives six digits."""
        body = {"secret": secret, "number": number}
        return self.client.post(f"/s/{self.code}/number", data=body, follow_redirects=False)

    def people(self) -> list[model.Recipient]:
        """Everybody there is."""
        found = recipients.list_recipients(self.conn)
        self.conn.rollback()
        return found

    def states(self) -> list[tuple[str, str | None]]:
        """State and text of every sign-up."""
        found = self.conn.execute("SELECT state, text FROM signup ORDER BY signup_id").fetchall()
        self.conn.rollback()
        return [(state, text) for state, text in found]


MakeDesk = Callable[..., Desk]


@pytest.fixture
def make_desk(database: str, conn: pool.Connection) -> Any:  # noqa: ANN401 - a generator of functions
    clients: list[TestClient] = []

    def make(**own: Any) -> Desk:  # noqa: ANN401 - ServerSettings' own
        server = ServerSettings(**{"signup_channel": "sms", **own})
        pages = PreviewSettings(pages_url="https://bayden.example")
        settings = ApiSettings(database=DatabaseSettings(dsn=SecretStr(database)), api=server, notify=pages)
        client = TestClient(create_app(settings), base_url="https://testserver", raise_server_exceptions=False)
        clients.append(client)
        return Desk(conn, database, client.__enter__())

    yield make
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    return make_desk()


# The whole way


def test_form_says_what_is_sent_how_often_and_by_whom(desk: Desk):
    text = html.unescape(desk.client.get(f"/s/{desk.code}").text)
    for part in ("Ruộng số 17", COMMUNE, ORG_NAME, "không quá 3 tin mỗi ngày", "Tôi đồng ý để", "trả lời TC"):
        assert part in text
    assert desk.states() == []


def test_six_digits_make_a_recipient_with_a_consent_and_lead_to_the_page(desk: Desk, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    secret = desk.secret(language="en", accents="")
    number = desk.number()
    answer = desk.give(secret, f" {number[:3]} {number[3:]} ")
    assert answer.status_code == 303
    page = desk.client.get(answer.headers["location"])
    assert page.status_code == 200
    assert COMMUNE in page.text
    [who] = desk.people()
    assert (who.kind, who.language, who.accents, who.addresses) == ("farmer", "en", False, {"sms": ADDRESS})
    assert (who.quiet_from, who.quiet_to) == recipients.FARMERS_QUIET
    assert who.consent_at is not None
    assert "field-17" in (who.consent_how or "")
    [told] = recipients.subscriptions(desk.conn, who.recipient_id or 0)
    assert told.field_id == "field-17"
    [entry] = [one for one in audit.list_entries(desk.conn, ORG) if one.action == "consent"]
    assert entry.after is not None
    assert "Tôi đồng ý để" in entry.after["text"]
    assert (entry.after["purpose"], entry.after["channel"]) == ("pest alerts", "sms")
    assert ADDRESS not in str(entry)
    ours = [one for one in caplog.records if not one.name.startswith(("httpx", "httpcore"))]
    said = "".join(f"{one.getMessage()}{vars(one)}" for one in ours)
    for private in (number, ADDRESS, secret):
        assert private not in said


def test_number_is_gone_from_the_database_once_it_was_sent(desk: Desk):
    desk.ask()
    [(state, text)] = desk.states()
    assert state == "queued"
    number = desk.number()
    assert number in (text or "")
    assert desk.states() == [("sent", None)]
    assert number not in str(desk.conn.execute("SELECT * FROM signup").fetchall())


def test_known_number_gets_one_more_subscription_and_keeps_its_token(desk: Desk):
    known = model.Recipient(ORG, "Bà Tư", addresses={"sms": "+84912345678"}, consent_at=desk.now, consent_how="paper")
    recipient_id, own = recipients.add_recipient(desk.conn, known)
    recipients.stop(desk.conn, recipient_id)
    desk.conn.commit()
    secret = desk.secret()
    assert recipients.get_recipient(desk.conn, recipient_id).stopped_at is not None, "asking alone ends no STOP"
    desk.conn.rollback()
    answer = desk.give(secret, desk.number())
    [who] = desk.people()
    assert (who.recipient_id, who.name, who.stopped_at) == (recipient_id, "Bà Tư", None)
    assert "signed up" in (who.consent_how or "")
    assert [one.field_id for one in recipients.subscriptions(desk.conn, recipient_id)] == ["field-17"]
    assert own not in answer.headers["location"]
    assert [desk.client.get(path).status_code for path in (answer.headers["location"], f"/f/{own}")] == [200, 200]


@pytest.mark.parametrize("written", ["0912345678", "+84 912 345 678", "84912345678", "(0912) 345-678"])
def test_number_is_one_however_it_is_written(desk: Desk, written: str):
    desk.ask(written)
    assert desk.work()
    assert desk.provider.asked[-1].address == ADDRESS


# What it does not tell, and does not do


def test_answer_is_the_same_for_known_unknown_and_too_often_asked_numbers(make_desk: MakeDesk):
    desk = make_desk(signups_per_number=1)
    known = model.Recipient(ORG, "Bà Tư", addresses={"sms": ADDRESS})
    recipients.add_recipient(desk.conn, known)
    desk.conn.commit()
    answers = [desk.ask(), desk.ask("0987 654 321"), desk.ask()]
    pages = {re.sub(r'value="[\w-]{22}"', "", one.text) for one in answers}
    assert len(pages) == 1
    assert {one.status_code for one in answers} == {200}
    assert len(desk.work()) == 2


@pytest.mark.parametrize(
    ("phone", "agree", "fault"),
    [("12345", "yes", "Số này chưa đúng"), ("0212345678", "yes", "Số này chưa đúng"),
     ("+1 202 555 0100", "yes", "Số này chưa đúng"),
     ("", "yes", "Số này chưa đúng"), (MOBILE, "", "Bà con cần đánh dấu đồng ý")],
)  # fmt: skip
def test_nothing_is_sent_without_a_mobile_number_and_a_consent(desk: Desk, phone: str, agree: str, fault: str):
    answer = desk.ask(phone, agree)
    assert fault in answer.text
    assert html.escape(phone) in answer.text, "what was written stays"
    assert desk.states() == []


def test_limits_of_a_day_hold_for_a_source_and_in_all(make_desk: MakeDesk):
    desk = make_desk(signups_per_source=2)
    answers = [desk.ask(f"091234567{digit}").text for digit in range(3)]
    assert ["Hôm nay đã có quá nhiều" in one for one in answers] == [False, False, True]
    assert PHONE in answers[2]
    desk.conn.execute("UPDATE signup SET source = 'elsewhere'")
    desk.conn.commit()
    assert "Nhập mã xác nhận" in desk.ask("0912345675").text
    desk.conn.execute("UPDATE signup SET created_at = created_at - interval '3 days'")
    desk.conn.commit()
    desk.ask()
    assert len(desk.states()) == 1, "and after two days they are forgotten"


def test_five_wrong_tries_end_a_number(desk: Desk):
    secret = desk.secret()
    number = desk.number()
    wrong = f"{(int(number) + 1) % 1_000_000:06}"
    answers = [desk.give(secret, wrong) for _ in range(5)]
    assert {one.status_code for one in answers} == {200}
    assert "Mã không đúng hoặc đã hết hạn" in answers[0].text
    assert desk.give(secret, number).status_code == 200
    assert desk.people() == []


def test_number_is_good_once_for_a_while_and_with_its_own_form(desk: Desk):
    secret, other = desk.secret(), desk.secret(phone="0987654321")
    numbers = [re.findall(r"\b\d{6}\b", text)[0] for text in desk.work()]
    assert desk.give(other, numbers[0]).status_code == 200 or numbers[0] == numbers[1]
    assert desk.give("made-up", numbers[0]).status_code == 200
    assert desk.give(secret, numbers[0]).status_code == 303
    assert desk.give(secret, numbers[0]).status_code == 200, "only once"
    desk.conn.execute("UPDATE signup SET expires_at = now()")
    desk.conn.commit()
    assert desk.give(other, numbers[1]).status_code == 200
    assert len(desk.people()) == 1


def test_without_a_channel_the_page_says_whom_to_call(make_desk: MakeDesk):
    desk = make_desk(signup_channel=None)
    for answer in (desk.client.get(f"/s/{desk.code}"), desk.ask()):
        assert "Chưa đăng ký qua mạng được" in answer.text
        assert PHONE in answer.text
    assert desk.states() == []


def test_replaced_and_unknown_codes_open_nothing(desk: Desk):
    old = desk.code
    new = signups.make_code(desk.conn, ORG, "field-17", "tests").code
    desk.conn.commit()
    paths = [f"/s/{old}", f"/s/{old}/sheet", "/s/unknown"]
    assert [desk.client.get(path).status_code for path in paths] == [404] * 3
    assert desk.client.post(f"/s/{old}", data={"phone": MOBILE, "agree": "yes"}).status_code == 404
    assert desk.client.get(f"/s/{new}/sheet").status_code == 200


# Sending


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(Outcome.UNKNOWN, "unknown"), (Outcome.REFUSED, "dead"), (Outcome.SENT, "sent")],
)
def test_what_may_have_been_taken_is_not_sent_again(desk: Desk, outcome: Outcome, state: str):
    desk.ask()
    desk.provider.script = [Receipt(outcome)]
    assert len(desk.work()) == 1
    desk.now += timedelta(minutes=5)
    assert desk.work() == []
    assert desk.states() == [(state, None)]


def test_what_was_not_taken_is_tried_again_with_the_same_key_until_it_has_expired(desk: Desk):
    desk.ask()
    desk.provider.script = [Receipt(Outcome.FAILED)] * 2
    texts = desk.work()
    for _ in range(3):
        desk.now += timedelta(seconds=60)
        texts += desk.work()
    assert len(texts) == 3
    assert len(set(texts)) == len({message.key for message in desk.provider.asked}) == 1
    assert desk.states() == [("sent", None)]
    desk.ask()
    desk.now += timedelta(hours=1)
    assert desk.work() == []
    assert desk.states()[-1] == ("dead", None)


def test_notifier_forgets_numbers_after_two_days_though_nobody_asks_again(desk: Desk):
    desk.ask()
    desk.work()
    desk.now += timedelta(days=2)
    desk.work()
    assert desk.states() == []


def test_whoever_died_in_an_attempt_leaves_nothing_that_is_sent_twice(desk: Desk):
    desk.ask()
    assert signups.lease(desk.conn, "sms", desk.now, 60) is not None
    desk.conn.commit()
    desk.now += timedelta(seconds=61)
    assert desk.work() == []
    assert desk.states() == [("unknown", None)]


def listens(conn: pool.Connection) -> bool:
    """Whether a notifier's sessions, four of a sender, one for codes and one that listens, are there and at rest."""
    query = (
        "SELECT count(*) = 6 FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'lighttrap notify' AND state = 'idle' AND query <> ''"
    )
    [(found,)] = conn.execute(query).fetchall()
    conn.rollback()
    return bool(found)


def test_running_notifier_is_woken_and_sends_it_at_once(desk: Desk):
    provider = Provider()
    notifier = Notifier(desk.dsn, NotifierSettings(poll_s=60), [(provider, Kind.SMS)])
    thread = threading.Thread(target=notifier.run)
    thread.start()
    try:
        wait_until(lambda: listens(desk.conn), within=30)
        desk.ask()
        wait_until(lambda: bool(provider.asked), within=30)
    finally:
        notifier.stop()
        thread.join()
    assert len(provider.asked) == 1


# The sheet


def test_code_is_made_by_who_keeps_fields_and_its_sheet_can_be_printed(desk: Desk):
    fields.put_field(desk.conn, model.Field("field-18", ORG, "Ruộng gò", "Asia/Ho_Chi_Minh"))
    headers = a_token(desk.conn, ORG, Role.AGRONOMIST)
    place = f"/v1/orgs/{ORG}/fields/field-18/signup-code"
    assert desk.client.get(place, headers=headers).status_code == 404
    made = desk.client.post(place, headers=headers).json()
    assert made["url"] == f"https://bayden.example/s/{made['code']}"
    assert made["sheet_url"] == f"{made['url']}/sheet"
    assert made["qr_svg"].startswith("<svg")
    assert desk.client.get(place, headers=headers).json() == made
    again = desk.client.post(place, headers=headers).json()
    assert again["code"] != made["code"]
    sheet = desk.client.get(f"/s/{again['code']}/sheet").text
    assert again["url"] in sheet
    assert again["qr_svg"] in sheet
    assert PHONE in sheet


# Odd requests, and two at once


@pytest.mark.parametrize("code", ["%00", "a%00b", "%ff", "A" * 64, "x" * 100, "..%2f"])
def test_code_that_cannot_be_one_is_unknown(desk: Desk, code: str):
    for place in (f"/s/{code}", f"/s/{code}/sheet"):
        assert desk.client.get(place).status_code == 404, place
    for place in (f"/s/{code}", f"/s/{code}/number"):
        assert desk.client.post(place, data={"phone": MOBILE, "agree": "yes"}).status_code == 404, place


def test_two_who_make_a_code_at_once_get_the_one_in_force(desk: Desk):
    headers = a_token(desk.conn, ORG, Role.AGRONOMIST)
    place = f"/v1/orgs/{ORG}/fields/field-17/signup-code"
    with ThreadPoolExecutor(6) as crowd:
        answers = list(crowd.map(lambda _: desk.client.post(place, headers=headers), range(12)))
    assert {answer.status_code for answer in answers} == {201}
    assert desk.client.get(place, headers=headers).json()["code"] in {answer.json()["code"] for answer in answers}
    entries = audit.list_entries(desk.conn, ORG, object_kind="signup-code")
    admin = a_token(desk.conn, ORG, Role.ADMIN)
    listed = desk.client.get(f"/v1/orgs/{ORG}/audit", params={"object_kind": "signup-code"}, headers=admin)
    assert [one["audit_id"] for one in listed.json()["items"]] == [entry.audit_id for entry in entries]


def test_erased_farmer_who_signed_up_leaves_no_number_behind(desk: Desk):
    desk.give(desk.secret(), desk.number())
    [made] = desk.people()
    admin = a_token(desk.conn, ORG, Role.ADMIN)
    place = f"/v1/orgs/{ORG}/recipients/{made.recipient_id}"
    # However it is written.
    body = {"address": "+84 912 345 678"}
    assert desk.client.put(f"{place}/addresses/sms", json=body, headers=admin).status_code == 200
    assert desk.client.delete(place, headers=admin).status_code == 204
    assert desk.conn.execute("SELECT address FROM signup").fetchall() == []
