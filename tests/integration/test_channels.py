"""Channels against a real HTTP server and a real SMTP server: what arrives, and what each says of it."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import hmac
import json
import logging
import socket
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from lighttrap.cli.main import cli
from lighttrap.notify.channels import exchange, signing
from lighttrap.notify.channels.apprise_service import AppriseService
from lighttrap.notify.channels.channel import About, Channel, Message, OnUnknown, Outcome, Receipt
from lighttrap.notify.channels.email import Email
from lighttrap.notify.channels.settings import EmailSettings, SmsSettings, WebhookSettings, ZnsSettings
from lighttrap.notify.channels.sms_http import SmsHttp
from lighttrap.notify.channels.webhook import Webhook
from lighttrap.notify.channels.zalo_zns import ZaloZns
from tests.gateways import Gateway, Mailbox, Reply, a_gateway, a_mailbox
from tests.services import free_port

KEY = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
SECRET = "a secret of twenty-four and more"
PHONE = "+84901234567"
TEXT = 'Rầy nâu "nguy hiểm"\n& 1.240 con/đèn {text} \\'


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with a_gateway() as made:
        yield made


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with a_mailbox() as made:
        yield made


def a_message(address: str = PHONE, text: str = TEXT, **fields: Any) -> Message:  # noqa: ANN401
    about = About(
        event_id=7, alert_id=123, org_id="soc-trang", word="raised", level=3, night=date(2026, 11, 22),
        at=datetime(2026, 11, 22, 14, 0, tzinfo=UTC), species="nilaparvata-lugens", field_id="field-1",
        facts={"value": 6000},
    )  # fmt: skip
    return Message(KEY, address, text, about, **fields)


def an_sms(gateway: Gateway, **settings: Any) -> SmsHttp:  # noqa: ANN401
    return SmsHttp("sms", SmsSettings.model_validate({"url": f"{gateway.url}/send", "timeout_s": 5, **settings}))


# SMS by an HTTP template


def test_what_is_put_into_a_json_body_stays_what_it_was(gateway: Gateway):
    gateway.reply = lambda _: Reply(201, b'{"messages": [{"id": 4711}]}')
    receipt = an_sms(gateway, id_path="messages.0.id", headers={"Authorization": "Bearer x"}).send(a_message())
    assert receipt == Receipt(Outcome.SENT, provider_id="4711")
    [request] = gateway.requests
    assert request.json() == {"to": PHONE, "text": TEXT}
    assert request.headers["Authorization"] == "Bearer x"


def test_what_is_put_into_a_form_and_a_url_stays_what_it_was(gateway: Gateway):
    sms = an_sms(
        gateway, url=f"{gateway.url}/send?to={{address}}&u={{unicode}}", key_header="X-Request-Id",
        content_type="application/x-www-form-urlencoded", body="message={text}&key={key}",
    )  # fmt: skip
    assert sms.send(a_message()).outcome is Outcome.SENT
    [request] = gateway.requests
    assert request.path == "/send?to=%2B84901234567&u=1"
    assert dict(pair.split("=") for pair in request.body.decode().split("&"))["key"] == str(KEY)
    assert b"%22nguy%20hi%E1%BB%83m%22%0A%26" in request.body
    assert request.headers["X-Request-Id"] == str(KEY)


def test_decomposed_text_is_sent_composed(gateway: Gateway):
    an_sms(gateway).send(a_message(text="Râ\u0300y"))
    assert gateway.requests[0].json()["text"] == "Rầy"


@pytest.mark.parametrize(
    ("reply", "outcome", "is_down"),
    [
        (Reply(200, b'{"CodeResult": "100"}'), Outcome.SENT, False),
        (Reply(200, b'{"CodeResult": "103"}'), Outcome.FAILED, False),
        (Reply(200, b'{"CodeResult": "99"}'), Outcome.REFUSED, False),
        (Reply(400), Outcome.FAILED, False),
        (Reply(401), Outcome.FAILED, True),
        (Reply(429), Outcome.FAILED, True),
        (Reply(500), Outcome.FAILED, True),
        (Reply(503), Outcome.FAILED, True),
        (Reply(502), Outcome.UNKNOWN, False),
        (Reply(504), Outcome.UNKNOWN, False),
        (Reply(hangs_up=True), Outcome.UNKNOWN, False),
    ],
)
def test_outcome_of_an_sms_follows_the_answer(gateway: Gateway, reply: Reply, outcome: Outcome, is_down: bool):
    gateway.reply = lambda _: reply
    sms = an_sms(gateway, success_pattern='"CodeResult": "100"', refused_pattern='"CodeResult": "99"')
    receipt = sms.send(a_message())
    assert (receipt.outcome, receipt.is_down) == (outcome, is_down)
    assert len(gateway.requests) == 1


def test_a_gateway_that_is_not_there_has_surely_not_sent():
    sms = SmsHttp("sms", SmsSettings.model_validate({"url": f"http://127.0.0.1:{free_port()}/"}))
    receipt = sms.send(a_message())
    assert (receipt.outcome, receipt.is_down) == (Outcome.FAILED, True)


def test_an_answer_that_comes_byte_by_byte_ends_at_the_deadline(gateway: Gateway):
    gateway.reply = lambda _: Reply(body=b"x" * 1000, drip_s=0.05)
    started = datetime.now(UTC)
    assert an_sms(gateway, timeout_s=0.5).send(a_message()).outcome is Outcome.UNKNOWN
    assert (datetime.now(UTC) - started).total_seconds() < 5


def test_a_provider_says_how_long_to_wait(gateway: Gateway):
    gateway.reply = lambda _: Reply(429, headers={"Retry-After": "120"})
    assert an_sms(gateway).send(a_message()).retry_after_s == 120


def test_neither_numbers_nor_tokens_are_logged(gateway: Gateway, caplog: pytest.LogCaptureFixture):
    sms = an_sms(gateway, url=f"{gateway.url}/{{address}}", headers={"Authorization": "Bearer secret"})
    with caplog.at_level(logging.DEBUG):
        assert sms.send(a_message()).outcome is Outcome.SENT
    assert "secret" not in caplog.text
    assert "901234567" not in caplog.text


def test_details_hold_no_telephone_number(gateway: Gateway):
    gateway.reply = lambda _: Reply(200, f"number {PHONE} is odd".encode())
    assert "90123" not in str(an_sms(gateway, success_pattern="^OK").send(a_message()))


@pytest.mark.parametrize(("key_header", "rule"), [(None, OnUnknown.ALARM_ONCE_MORE), ("Key", OnUnknown.SEND_AGAIN)])
def test_only_a_gateway_that_knows_keys_is_asked_again(gateway: Gateway, key_header: str | None, rule: OnUnknown):
    assert an_sms(gateway, key_header=key_header).on_unknown is rule


# webhooks


def a_webhook(**settings: Any) -> Webhook:  # noqa: ANN401
    return Webhook("webhook", WebhookSettings.model_validate({"secret": SECRET, "allow_private": True, **settings}))


def test_an_event_is_signed_and_the_same_at_every_try(gateway: Gateway):
    channel = a_webhook()
    for _ in range(2):
        assert channel.send(a_message(f"{gateway.url}/hook")) == Receipt(Outcome.SENT)
    first, second = gateway.requests
    assert first.body == second.body
    headers = {name.lower(): value for name, value in first.headers.items()}
    assert headers["content-type"].startswith("application/cloudevents+json")
    assert headers["idempotency-key"] == headers["webhook-id"] == str(KEY)
    shown = signing.shown_key(SECRET, f"{gateway.url}/hook").removeprefix("whsec_")
    signed = b".".join([str(KEY).encode(), headers["webhook-timestamp"].encode(), first.body])
    code = base64.b64encode(hmac.new(base64.b64decode(shown), signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{code}"
    event = first.json()
    assert (event["specversion"], event["type"], event["source"]) == (
        "1.0", "lighttrap.alert.raised.v1", "/lighttrap/soc-trang",
    )  # fmt: skip
    assert event["data"]["level"] == 3
    assert event["data"]["facts"] == {"value": 6000}


def test_each_url_has_a_key_of_its_own():
    assert signing.shown_key(SECRET, "https://a.example/") != signing.shown_key(SECRET, "https://b.example/")


def test_the_key_of_a_url_is_shown_by_a_command(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LIGHTTRAP_NOTIFY__WEBHOOK__SECRET", SECRET)
    shown = CliRunner().invoke(cli, ["recipient", "webhook-key", "https://a.example/"], catch_exceptions=False)
    assert shown.output.strip() == signing.shown_key(SECRET, "https://a.example/")


def test_a_redirect_is_not_followed(gateway: Gateway):
    gateway.reply = lambda _: Reply(302, headers={"Location": f"{gateway.url}/elsewhere"})
    assert a_webhook().send(a_message(f"{gateway.url}/hook")).outcome is Outcome.FAILED
    assert len(gateway.requests) == 1


def test_a_flood_of_an_answer_is_left_unread(gateway: Gateway):
    gateway.reply = lambda _: Reply(body=b"x" * (8 << 20))
    assert a_webhook().send(a_message(gateway.url)).outcome is Outcome.SENT


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://0.0.0.0/", "https://0/",
        "https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/", "https://127.1/", "https://10.0.0.7/",
        "https://172.16.0.1/", "https://192.168.1.1/", "https://169.254.169.254/latest/", "https://100.64.0.1/",
        "https://[fe80::1]/", "https://[fc00::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:a00:1]/",
        "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://224.0.0.1/", "https://255.255.255.255/",
        "http://example.com/", "https://example.com:22/", "https://user:password@example.com/", "file:///etc/passwd",
        "gopher://example.com/", "https:///", "https://[/", "nonsense",
    ],
)  # fmt: skip
def test_no_address_of_ours_is_posted_to(url: str, monkeypatch: pytest.MonkeyPatch):
    def dialled(*_: object, **__: object) -> None:
        raise AssertionError("it was dialled")

    monkeypatch.setattr(socket, "create_connection", dialled)
    receipt = a_webhook(allow_private=False).send(a_message(url))
    assert receipt.outcome is Outcome.REFUSED
    assert receipt.detail.startswith("not sent there")


def test_a_name_that_answers_differently_the_second_time_gains_nothing(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []

    def rebinding(host: str, port: int, *_: object, **__: object) -> list[tuple[Any, ...]]:
        asked.append(host)
        address = "93.184.215.14" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    dialled: list[Any] = []

    def refuse(address: Any, *_: object, **__: object) -> None:  # noqa: ANN401
        dialled.append(address)
        raise OSError("nothing there")

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(socket, "create_connection", refuse)
    a_webhook(allow_private=False).send(a_message("https://rebind.example/"))
    assert asked == ["rebind.example"]
    assert dialled == [("93.184.215.14", 443)]
    assert gateway.requests == []


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700:4700::1111", "::ffff:93.184.215.14"])
def test_addresses_of_the_public_internet_are_public(address: str):
    assert exchange.is_public(address)


# mail


def an_email(port: int, **settings: Any) -> Email:  # noqa: ANN401
    given = {"host": "127.0.0.1", "port": port, "tls": "none", "sender": "canh-bao@bvtv.example", "timeout_s": 5}
    return Email("email", EmailSettings.model_validate({**given, **settings}))


def test_a_mail_arrives_as_written_with_the_same_id_at_every_try(mailbox: Mailbox):
    channel = an_email(mailbox.port)
    for _ in range(2):
        sent = channel.send(a_message("can-bo@example.com", subject="Rầy nâu:\r\nBcc: x@example.com"))
        assert sent == Receipt(Outcome.SENT)
    first, second = (
        email.message_from_bytes(one.original_content or b"", policy=email.policy.default) for one in mailbox.mails
    )
    assert first["Message-ID"] == second["Message-ID"] == f"<{KEY}@bvtv.example>"
    assert first["Subject"] == "Rầy nâu: Bcc: x@example.com"
    assert first["Bcc"] is None
    assert first["Auto-Submitted"] == "auto-generated"
    assert first.get_content().splitlines() == TEXT.splitlines()
    assert mailbox.mails[0].rcpt_tos == ["can-bo@example.com"]


@pytest.mark.parametrize(
    ("rcpt", "data", "outcome"),
    [
        ("550 nobody here", "250 OK", Outcome.REFUSED),
        ("450 later", "250 OK", Outcome.FAILED),
        ("250 OK", "554 no", Outcome.REFUSED),
        ("250 OK", "451 later", Outcome.FAILED),
        ("250 OK", None, Outcome.UNKNOWN),
    ],
)
def test_outcome_of_a_mail_follows_the_server(mailbox: Mailbox, rcpt: str, data: str | None, outcome: Outcome):
    mailbox.rcpt_reply, mailbox.data_reply = rcpt, data
    receipt = an_email(mailbox.port).send(a_message("can-bo@example.com"))
    assert receipt.outcome is outcome
    assert "example" not in receipt.detail


def test_a_mail_server_that_is_not_there_has_surely_not_sent():
    receipt = an_email(free_port()).send(a_message("can-bo@example.com"))
    assert (receipt.outcome, receipt.is_down) == (Outcome.FAILED, True)


def test_a_server_without_tls_gets_nothing_when_tls_is_asked_for(mailbox: Mailbox):
    assert an_email(mailbox.port, tls="starttls").send(a_message("can-bo@example.com")).outcome is Outcome.FAILED
    assert mailbox.mails == []


def test_what_is_no_mail_address_is_refused(mailbox: Mailbox):
    assert an_email(mailbox.port).send(a_message("no address\r\nX: y")).outcome is Outcome.REFUSED


# Zalo


@pytest.fixture
def zns(gateway: Gateway, tmp_path) -> ZaloZns:
    (tmp_path / "tokens.json").write_text('{"refresh_token": "r1"}')
    return ZaloZns(
        "zns",
        ZnsSettings.model_validate(
            {
                "app_id": "a", "app_secret": "s", "token_file": str(tmp_path / "tokens.json"),
                "templates": {"raised-3": "T3"}, "url": f"{gateway.url}/template", "token_url": f"{gateway.url}/token",
            }
        ),
    )  # fmt: skip


def zalo(error: int) -> Any:  # noqa: ANN401
    def reply(request: Any) -> Reply:  # noqa: ANN401
        if request.path == "/token":
            return Reply(body=b'{"access_token": "t", "refresh_token": "r2", "expires_in": "90000"}')
        return Reply(body=json.dumps({"error": error, "message": "m", "data": {"msg_id": "z1"}}).encode())

    return reply


def test_zns_renews_its_token_once_and_keeps_the_next(gateway: Gateway, zns: ZaloZns, tmp_path):
    gateway.reply = zalo(0)
    for _ in range(2):
        assert zns.send(a_message(values={"value": "6000"})) == Receipt(Outcome.SENT, provider_id="z1")
    renewal, *sent = gateway.requests
    assert [request.path for request in gateway.requests] == ["/token", "/template", "/template"]
    assert b"refresh_token=r1" in renewal.body
    assert json.loads((tmp_path / "tokens.json").read_text())["refresh_token"] == "r2"
    assert sent[0].json() == {
        "phone": "84901234567", "template_id": "T3", "template_data": {"value": "6000"}, "tracking_id": str(KEY),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("error", "outcome"), [(-118, Outcome.REFUSED), (-133, Outcome.FAILED), (-124, Outcome.FAILED)]
)
def test_outcome_of_zns_follows_its_error_number(gateway: Gateway, zns: ZaloZns, error: int, outcome: Outcome):
    gateway.reply = zalo(error)
    assert zns.send(a_message()).outcome is outcome


def test_zns_asks_for_a_new_token_after_the_old_one_has_ended(gateway: Gateway, zns: ZaloZns):
    gateway.reply = zalo(-124)
    zns.send(a_message())
    gateway.reply = zalo(0)
    assert zns.send(a_message()).outcome is Outcome.SENT
    assert [request.path for request in gateway.requests].count("/token") == 2


# apprise


def test_apprise_reaches_a_service_and_says_no_when_it_does_not(gateway: Gateway, caplog: pytest.LogCaptureFixture):
    channel: Channel = AppriseService("team", f"json://127.0.0.1:{gateway.port}/{{address}}")
    assert channel.send(a_message("room 1", subject="Rầy nâu")).outcome is Outcome.SENT
    [request] = gateway.requests
    assert request.json()["message"] == TEXT
    assert request.path == "/room%201"
    gateway.reply = lambda _: Reply(500)
    with caplog.at_level(logging.DEBUG):
        assert channel.send(a_message("room 1")).outcome is Outcome.FAILED
    assert "room" not in caplog.text
