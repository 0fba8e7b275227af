"""Links in messages: each farmer is led to their own page, for some days, and no list of messages holds the token."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime

import pytest

from lighttrap import model
from lighttrap.agronomy.level import Level
from lighttrap.notify import fanout, links
from lighttrap.notify.segments import segments
from lighttrap.notify.sender import Sender
from lighttrap.notify.settings import NotifierSettings
from lighttrap.notify.texts import Kind
from lighttrap.store import erasure, pool, recipients
from tests.farmhouse import ORG, RISING, Provider, a_farm
from tests.fix_api import Api

BASE = "https://bayden.example"
SETTINGS = NotifierSettings(pages_url=BASE, link="https://office.example/alerts/{alert}")
NOON = datetime.now(UTC).replace(hour=5)
LINK = re.compile(rf"{re.escape(BASE)}/f/([\w-]{{22}})(?![\w-])")


def sent(conn: pool.Connection, dsn: str, kind: Kind, settings: NotifierSettings = SETTINGS) -> dict[str, str]:
    """Has an alarm told; returns what each address was sent."""
    farm = a_farm(conn)
    farm.nights(RISING)
    farm.say("raised", Level.ALARM, value=6120)
    provider = Provider()
    fanout.fan_out(conn, settings, {"sms": kind}, NOON)
    conn.commit()
    sender = Sender(provider, settings, dsn, lambda: NOON)
    while sender.step(conn):
        pass
    sender.close()
    return {message.address: message.text for message in provider.asked}


def a_reader(conn: pool.Connection, address: str, kind: str = "farmer", *, accents: bool = True) -> int:
    consent = {"consent_at": NOON, "consent_how": "on paper"}
    who = model.Recipient(ORG, "Ai", kind, accents=accents, addresses={"sms": address}, **consent)  # type: ignore[arg-type]
    recipient_id, _ = recipients.add_recipient(conn, who)
    recipients.subscribe(conn, model.Subscription(recipient_id))
    conn.commit()
    return recipient_id


def test_each_farmer_is_led_to_a_page_of_their_own_and_staff_to_the_alert(api: Api, conn):
    a_farm(conn, "field-0")
    for address in ("0911", "0912"):
        a_reader(conn, address)
    a_reader(conn, "0913", "staff")
    texts = sent(conn, api.dsn, Kind.CHAT)
    tokens = [LINK.findall(texts[address]) for address in ("0911", "0912")]
    assert [len(found) for found in tokens] == [1, 1]
    assert tokens[0] != tokens[1]
    assert re.search(r"https://office.example/alerts/\d+", texts["0913"])
    assert links.MARK not in "".join(texts.values())
    page = api.client.get(f"/f/{tokens[0][0]}")
    assert page.status_code == 200
    assert "Nguy hiểm: rầy nâu" in page.text


def test_token_is_in_the_message_alone(api: Api, conn, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    a_farm(conn, "field-0")
    a_reader(conn, "0911")
    [token] = LINK.findall(sent(conn, api.dsn, Kind.CHAT)["0911"])
    [(text,)] = conn.execute("SELECT text FROM delivery").fetchall()
    assert f"{BASE}/f/{links.MARK}" in text
    assert token not in "".join(f"{record.getMessage()}{vars(record)}" for record in caplog.records)
    [(sha,)] = conn.execute("SELECT link_sha FROM farmer_link").fetchall()
    assert sha == recipients.token_sha(token)


def test_link_ends_by_itself_and_the_own_token_stays(api: Api, conn):
    a_farm(conn, "field-0")
    recipient_id = a_reader(conn, "0911")
    own = recipients.new_token(conn, recipient_id)
    [token] = LINK.findall(sent(conn, api.dsn, Kind.CHAT)["0911"])
    [(days,)] = conn.execute("SELECT extract(day FROM expires_at - created_at)::int FROM farmer_link").fetchall()
    assert days == 7
    assert api.client.get(f"/f/{token}").status_code == 200
    conn.execute("UPDATE farmer_link SET created_at = now() - interval '8 days', expires_at = now()")
    conn.commit()
    ended, unknown = api.client.get(f"/f/{token}"), api.client.get("/f/unknown")
    assert (ended.status_code, ended.text) == (404, unknown.text)
    assert api.client.get(f"/f/{own}").status_code == 200


def test_whoever_stopped_or_was_forgotten_has_no_link_that_opens(api: Api, conn):
    a_farm(conn, "field-0")
    stopped, forgotten = a_reader(conn, "0911"), a_reader(conn, "0912")
    texts = sent(conn, api.dsn, Kind.CHAT)
    [one], [other] = LINK.findall(texts["0911"]), LINK.findall(texts["0912"])
    assert api.client.post(f"/f/{one}/stop").status_code == 200
    erasure.erase(conn, ORG, forgotten)
    conn.commit()
    assert [api.client.get(f"/f/{token}").status_code for token in (one, other)] == [404, 404]
    assert conn.execute("SELECT recipient_id FROM farmer_link").fetchall() == [(stopped,)]


def test_sms_has_the_link_where_there_is_room_and_costs_no_more_than_allowed(api: Api, conn):
    a_farm(conn, "field-0")
    a_reader(conn, "0911")
    a_reader(conn, "0912", accents=False)
    texts = sent(conn, api.dsn, Kind.SMS)
    assert LINK.search(texts["0911"])
    assert segments(texts["0911"]).count == 3
    assert "f/" not in texts["0912"], "one part has no room for it, and half a link is none"
    assert segments(texts["0912"]).count == 1
    assert "Ruong so 17" in texts["0912"], "and nothing else was left out for it"


def test_without_an_address_of_the_pages_farmers_get_no_link(api: Api, conn):
    a_farm(conn, "field-0")
    a_reader(conn, "0911")
    text = sent(conn, api.dsn, Kind.CHAT, NotifierSettings(link=SETTINGS.link))["0911"]
    assert "https://" not in text
    assert conn.execute("SELECT count(*) FROM farmer_link").fetchall() == [(0,)]


def test_no_link_is_made_for_what_is_not_sent(api: Api, conn):
    a_farm(conn, "field-0")
    recipient_id = a_reader(conn, "0911")
    recipients.stop(conn, recipient_id)
    conn.commit()
    assert sent(conn, api.dsn, Kind.CHAT) == {}
    assert conn.execute("SELECT count(*) FROM farmer_link").fetchall() == [(0,)]
