"""Recipients over HTTP: who is told, by which address, and how somebody is forgotten."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from psycopg import sql

from api.masks import masked
from lighttrap import model
from lighttrap.model import Role
from lighttrap.store import audit, pool, recipients
from tests.builders import ORG, TRAP, a_trap
from tests.fix_api import Api, a_token
from tests.outbreak import a_person, a_village, an_outbreak, store
from tests.post import DOWN, LOST, Post
from tests.waiting import wait_until

NUMBER = "0912345678"
PLACE = f"/v1/orgs/{ORG}/recipients"
BA_TU = {"name": "Bà Tư", "consent_how": "on paper", "addresses": [{"channel": "sms", "address": NUMBER}]}


@pytest.fixture
def office(api: Api, conn: pool.Connection) -> dict[str, str]:
    """Headers of an agronomist."""
    return a_token(conn, ORG, Role.AGRONOMIST)


@pytest.fixture
def admin(conn: pool.Connection) -> dict[str, str]:
    return a_token(conn, ORG, Role.ADMIN)


def add(api: Api, headers: dict[str, str], **own: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of the body
    answer = api.client.post(PLACE, json={**BA_TU, **own}, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def holding(conn: pool.Connection, needle: str) -> list[str]:
    """Columns of the database that hold a text anywhere, in whatever type."""
    columns = conn.execute(
        "SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN information_schema.tables t"
        " USING (table_schema, table_name)"
        " WHERE table_schema = 'public' AND t.table_type = 'BASE TABLE'"
        " AND data_type IN ('text', 'jsonb', 'json', 'character varying', 'bytea', 'ARRAY', 'uuid')"
    ).fetchall()
    found = []
    for table, column in columns:
        query = sql.SQL("SELECT count(*) FROM {} WHERE position({} IN {}::text) > 0").format(
            sql.Identifier(table), sql.Literal(needle), sql.Identifier(column)
        )
        [(number,)] = conn.execute(query).fetchall()
        if number:
            found.append(f"{table}.{column}")
    return found


def test_address_is_masked_in_every_answer_and_in_the_audit_log(api, conn, office, admin, caplog):
    caplog.set_level(logging.DEBUG)
    made = add(api, office)
    place = f"{PLACE}/{made['recipient']['recipient_id']}"
    assert made["recipient"]["addresses"] == [{"channel": "sms", "address": "0912***678", "is_refused": False}]
    answers = [
        api.client.get(PLACE, headers=office),
        api.client.get(place, headers=office),
        api.client.put(place, json={"name": "Bà Năm"}, headers=office),
        api.client.put(f"{place}/addresses/sms", json={"address": "+84 912 345 678"}, headers=office),
        api.client.post(PLACE, json=BA_TU, headers=office),
        api.client.post(f"{place}/stop", headers=office),
        api.client.get(f"/v1/orgs/{ORG}/audit", headers=admin),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 409, 200, 200]
    for answer in answers:
        assert "345678" not in answer.text
        assert "345 678" not in answer.text
    assert "345678" not in caplog.text
    assert holding(conn, "0912345678") == []  # as it is written by now
    assert holding(conn, "+84912345678") == ["recipient_address.address"]


def test_page_of_somebody_new_opens_with_the_token_that_was_told(api, conn, office):
    made = add(api, office)
    assert recipients.by_token(conn, made["page_token"]).recipient_id == made["recipient"]["recipient_id"]


@pytest.mark.parametrize(
    ("kind", "own", "quiet"),
    [
        ("farmer", {}, ("21:00", "05:30")),
        ("farmer", {"quiet_from": None, "quiet_to": None}, (None, None)),
        ("farmer", {"quiet_from": "22:00", "quiet_to": "06:00"}, ("22:00", "06:00")),
        ("staff", {}, (None, None)),
    ],
)
def test_quiet_hours_are_a_farmer_s_unless_others_are_given(api, office, kind, own, quiet):
    made = add(api, office, kind=kind, **own)["recipient"]
    assert (made["quiet_from"], made["quiet_to"]) == quiet


@pytest.mark.parametrize(
    "wrong",
    [
        {"addresses": [{"channel": "sms", "address": "call me"}]},
        {"addresses": [{"channel": "email", "address": "0912345678"}]},
        {"addresses": [{"channel": "webhook", "address": "http://example.org/x"}]},
        {"addresses": [{"channel": "0912345678", "address": "x"}]},
        {"addresses": [{"channel": "sms", "address": NUMBER}, {"channel": "sms", "address": "0987654321"}]},
        {"addresses": [{"channel": "telegram", "address": "  "}]},
        {"quiet_from": "21:00"},
        {"consent_at": "2026-01-01T00:00:00Z", "consent_how": None},
        {"consent_at": "2099-01-01T00:00:00Z"},
        {"time_zone": "Asia/Soc_Trang"},
        {"name": ""},
    ],
)
def test_recipient_that_makes_no_sense_is_refused_and_no_number_repeated(api, conn, office, wrong):
    answer = api.client.post(PLACE, json={**BA_TU, **wrong}, headers=office)
    assert answer.status_code == 422
    assert "09" not in answer.json()["detail"] + str(answer.json()["faults"])
    assert recipients.list_recipients(conn) == []


def test_address_belongs_to_one_however_it_is_written(api, office):
    first = add(api, office)["recipient"]["recipient_id"]
    other = add(api, office, addresses=[])["recipient"]["recipient_id"]
    place = f"{PLACE}/{other}/addresses/sms"
    taken = api.client.put(place, json={"address": "+84 912 345 678"}, headers=office)
    assert (taken.status_code, taken.json()["detail"]) == (409, f"recipient {first} has that address")
    assert api.client.put(place, json={"address": "no number"}, headers=office).status_code == 422
    assert api.client.put(place, json={"address": "0987654321"}, headers=office).status_code == 200
    own = api.client.put(f"{PLACE}/{first}/addresses/sms", json={"address": "84912345678"}, headers=office)
    assert own.status_code == 200
    assert api.client.delete(place, headers=office).json()["recipient"]["addresses"] == []
    assert api.client.delete(place, headers=office).status_code == 404


def test_change_keeps_what_is_left_out(api, conn, office):
    made = add(api, office, language="en")["recipient"]
    place = f"{PLACE}/{made['recipient_id']}"
    changed = api.client.put(place, json={"quiet_from": None, "quiet_to": None}, headers=office).json()["recipient"]
    assert changed == {**made, "quiet_from": None, "quiet_to": None}
    assert api.client.put(place, json={"quiet_from": "20:00"}, headers=office).status_code == 422
    [entry] = audit.list_entries(conn, ORG, object_kind="recipient")[:1]
    assert ((entry.before or {})["quiet"], (entry.after or {})["quiet"]) == (["21:00", "05:30"], [None, None])
    assert "Bà Tư" not in str(entry)


def test_recipients_are_found_by_what_they_are_told_of(api, conn, office):
    a_trap(conn, TRAP)
    conn.execute("INSERT INTO field (field_id, org_id, name) VALUES ('f-1', %s, 'F')", (ORG,))
    conn.commit()
    one, other = (add(api, office, addresses=[])["recipient"]["recipient_id"] for _ in range(2))
    api.client.post(f"{PLACE}/{one}/subscriptions", json={"field_id": "f-1", "min_level": 3}, headers=office)
    api.client.post(f"{PLACE}/{other}/subscriptions", json={"commune_code": "31498"}, headers=office)
    api.client.post(f"{PLACE}/{other}/stop", headers=office)

    def found(**wanted: object) -> list[int]:
        items = api.client.get(PLACE, params=wanted, headers=office).json()["items"]
        return [item["recipient_id"] for item in items]

    assert found(field_id="f-1") == [one]
    assert found(commune_code="31498") == found(stopped=True) == [other]
    assert found(stopped=False) == [one]
    assert found(kind="staff") == []
    first = api.client.get(PLACE, params={"limit": 1}, headers=office).json()
    second = api.client.get(PLACE, params={"limit": 1, "after": first["next"]}, headers=office).json()
    assert [page["items"][0]["recipient_id"] for page in (first, second)] == [one, other]
    assert second["next"] is None


def test_subscriptions_are_added_changed_and_ended(api, conn, office):
    made = add(api, office)["recipient"]["recipient_id"]
    place = f"{PLACE}/{made}/subscriptions"
    first = api.client.post(place, json={"species": "nilaparvata-lugens"}, headers=office).json()
    again = api.client.post(place, json={"species": "nilaparvata-lugens", "min_level": 2}, headers=office).json()
    assert (again["subscription_id"], again["min_level"]) == (first["subscription_id"], 2)
    assert api.client.post(place, json={"field_id": "no-such-field"}, headers=office).status_code == 422
    both = {"field_id": "f-1", "commune_code": "31498"}
    assert api.client.post(place, json=both, headers=office).status_code == 422
    assert api.client.get(place, headers=office).json() == [again]
    assert api.client.delete(f"{place}/{again['subscription_id']}", headers=office).status_code == 204
    assert api.client.delete(f"{place}/{again['subscription_id']}", headers=office).status_code == 404
    log = [entry.action for entry in audit.list_entries(conn, ORG)]
    assert log == ["unsubscribe", "subscribe", "subscribe", "add"]


def test_only_an_admin_sees_an_address_whole_and_it_is_written_down_who_looked(api, conn, office, admin):
    made = add(api, office)["recipient"]["recipient_id"]
    assert api.client.post(f"{PLACE}/{made}/reveal", headers=office).status_code == 403
    seen = api.client.post(f"{PLACE}/{made}/reveal", headers=admin)
    assert seen.json() == {"recipient_id": made, "addresses": {"sms": NUMBER}}
    assert seen.headers["cache-control"] == "no-store"
    [entry, *_] = audit.list_entries(conn, ORG, object_kind="recipient")
    assert (entry.action, entry.who, entry.after) == ("reveal", entry.who, {"channels": ["sms"]})
    assert "(admin)" in entry.who
    assert NUMBER not in str(entry)


# STOP


def test_stop_holds_at_once_for_what_waits_and_ends_only_by_a_new_consent(database, api, conn, office):
    village = a_village(conn, 1)
    made = a_person(conn, "field-1")
    post = Post(database)
    nights = an_outbreak(village, sick=0)
    for night in nights[:2]:
        store(conn, night)
    post.script = [DOWN]
    assert len(post.work()) == 1
    place = f"{PLACE}/{made}"
    assert api.client.post(f"{place}/stop", headers=office).json()["recipient"]["stopped_at"]
    conn.execute("UPDATE delivery SET next_try_at = now()")
    conn.commit()
    assert post.work() == []
    assert conn.execute("SELECT state, reason FROM delivery").fetchall() == [("skipped", "stopped")]
    assert api.client.post(f"{place}/consent", json={"how": "by telephone"}, headers=office).status_code == 200
    store(conn, nights[2])
    assert post.work() == []
    old = {"how": "by telephone", "at": "2025-01-01T00:00:00Z"}
    assert api.client.post(f"{place}/resume", json=old, headers=office).status_code == 422
    again = api.client.post(f"{place}/resume", json={"how": "by telephone"}, headers=office).json()["recipient"]
    assert (again["stopped_at"], again["consent_how"]) == (None, "by telephone")
    assert api.client.post(f"{place}/resume", json={"how": "by telephone"}, headers=office).status_code == 409
    store(conn, nights[3])
    assert len(post.work()) == 1


# Being forgotten


def test_erased_recipient_is_nowhere_in_the_database_and_the_counts_stay(database, api, conn, office, admin):
    village = a_village(conn, 1)
    made = add(api, office, name="Nguyễn Thị Tư", quiet_from=None, quiet_to=None)["recipient"]["recipient_id"]
    api.client.put(f"{PLACE}/{made}/addresses/email", json={"address": "tu@example.org"}, headers=office)
    api.client.post(f"{PLACE}/{made}/subscriptions", json={"field_id": "field-1"}, headers=office)
    nights = an_outbreak(village, sick=0)
    for night in nights[:3]:
        store(conn, night)
    post = Post(database)
    post.script = [LOST, DOWN]
    post.work()
    # A provider that answers with the number, in spite of what channels promise.
    conn.execute("UPDATE delivery SET provider_id = '0912345678', reason = 'to 0912345678'")
    conn.execute("UPDATE delivery_attempt SET detail = 'to 0912345678'")
    conn.commit()
    assert holding(conn, NUMBER) != []
    assert holding(conn, "Nguyễn Thị Tư") == ["recipient.name"]
    [(before,)] = conn.execute("SELECT count(*) FROM delivery").fetchall()
    assert before > 1

    assert api.client.delete(f"{PLACE}/{made}", headers=office).status_code == 403
    assert api.client.delete(f"{PLACE}/{made}", headers=admin).status_code == 204
    conn.rollback()
    for needle in (NUMBER, NUMBER[1:], "Nguyễn Thị Tư", "tu@example.org"):
        assert holding(conn, needle) == [], needle
    states = conn.execute("SELECT state, text, reason FROM delivery ORDER BY number, channel").fetchall()
    assert len(states) == before
    assert {text for _, text, _ in states} == {None}
    assert ("unknown", None, None) in states
    assert {state for state, _, _ in states} <= {"unknown", "skipped", "sent"}
    assert api.client.get(f"{PLACE}/{made}", headers=office).status_code == 404
    assert api.client.delete(f"{PLACE}/{made}", headers=admin).status_code == 404
    assert api.client.post(f"{PLACE}/{made}/resume", json={"how": "x"}, headers=office).status_code == 404
    assert audit.list_entries(conn, ORG)[0].action == "erase"
    store(conn, nights[3])
    assert post.work() == []


def test_erasing_during_an_attempt_leaves_it_unknown_and_no_word_comes_back(database, api, conn, admin):
    store_nights = an_outbreak(a_village(conn, 1), sick=0)
    made = a_person(conn, "field-1")
    for night in store_nights[:2]:
        store(conn, night)
    post = Post(database)

    class Erasing(Post):
        def send(self, message: Any) -> Any:  # noqa: ANN401 - a provider's
            assert api.client.delete(f"{PLACE}/{made}", headers=admin).status_code == 204
            return DOWN

    Erasing(database).work()
    conn.rollback()
    found = conn.execute("SELECT state, text FROM delivery").fetchall()
    assert found == [("unknown", None)]
    assert post.work() == []


# Settings


def test_org_decides_and_the_log_names_no_number(api, conn, office):
    place = f"/v1/orgs/{ORG}/settings"
    assert api.client.get(place, headers=office).json()["farmers_need_approval"] is False
    body = {"farmers_need_approval": True, "phone": "0299 3123 456"}
    assert api.client.put(place, json=body, headers=office).json()["phone"] == "0299 3123 456"
    assert api.client.put(place, json={"phone": "call us"}, headers=office).status_code == 422
    cleared = api.client.put(place, json={"farmers_need_approval": True}, headers=office).json()
    assert (cleared["farmers_need_approval"], cleared["phone"]) == (True, None)
    log = audit.list_entries(conn, ORG, object_kind="setting")
    assert [(entry.after or {})["phone_changed"] for entry in log] == [True, True]
    assert "3123" not in str(log)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("0912345678", "0912***678"),
        ("+84912345678", "+849***678"),
        ("lan@example.org", "l***@example.org"),
        ("https://user:secret@example.org/hook?key=1", "https://example.org/***"),
        ("12345678", "12***"),
        ("123", "***"),
        ("@group", "***@group"),
    ],
)
def test_mask_shows_no_more_than_its_owner_needs(address, shown):
    assert masked(address) == shown


def test_address_that_two_people_give_at_once_becomes_one_recipient(database, api, conn, office):
    body = {"name": "Bà Tư", "addresses": [{"channel": "sms", "address": NUMBER}]}
    assert recipients.who_has(conn, ORG, "sms", NUMBER) is None
    with ThreadPoolExecutor(1) as other:
        waiting = other.submit(api.client.post, PLACE, json=body, headers=office)
        with pool.connect(database) as watcher:
            count = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            wait_until(lambda: waiting.done() or watcher.execute(count).fetchone() == (1,))
        recipients.add_recipient(conn, model.Recipient(ORG, "Bà Năm", addresses={"sms": NUMBER}))
        conn.commit()
        assert waiting.result().status_code == 409
