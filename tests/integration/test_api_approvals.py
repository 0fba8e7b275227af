"""Approval over HTTP: what awaits a person's word, in which texts and to how many, and who said it first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lighttrap.model import Role
from lighttrap.notify.segments import segments
from lighttrap.store import audit, pool, recipients
from tests.builders import ORG
from tests.fix_api import Api, a_token
from tests.outbreak import a_person, a_village, an_outbreak, store
from tests.post import LOST, REFUSED, Post

ALERTS = f"/v1/orgs/{ORG}/alerts"


@pytest.fixture
def office(api: Api, conn: pool.Connection) -> dict[str, str]:
    """Headers of an agonomist in an org whose farmers are told only what a person approved, as a watch is raised."""
    village = a_village(conn, 1)
    recipients.put_setting(conn, ORG, "tests", farmers_need_approval=True, phone="0299 3123 456")
    talk: list[dict[str, Any]] = [{}, {"accents": False}, {"language": "en"}, {"language": "km"}]
    for number, own in enumerate(talk):
        a_person(conn, "field-1", addresses={"sms": f"09123456{number:02}"}, **own)
    a_person(conn, "field-1", addresses={"email": "lan@example.org"}, kind="staff")
    a_person(conn, "field-1", addresses={"sms": "0987654321"}, consent_at=None, consent_how=None)
    for night in an_outbreak(village, sick=0)[:2]:
        store(conn, night)
    return a_token(conn, ORG, Role.AGRONOMIST)


def the_case(api: Api, headers: dict[str, str]) -> dict[str, Any]:
    [alert] = api.client.get(ALERTS, headers=headers).json()["items"]
    found: dict[str, Any] = api.client.get(f"{ALERTS}/{alert['alert_id']}", headers=headers).json()
    assert found["alert"] == alert
    return found


def place_of(case: dict[str, Any], number: int = 0) -> str:
    return f"{ALERTS}/{case['alert']['alert_id']}/events/{case['events'][number]['event_id']}"


def test_what_awaits_a_word_is_seen_approved_and_told_in_the_words_that_were_shown(database, api, conn, office):
    post = Post(database)
    assert post.work() == []
    case = the_case(api, office)
    assert (case["alert"]["to_approve"], case["alert"]["told"]) == (1, 0)
    [event] = case["events"]
    assert (event["approval"], event["waiting"], event["approved_by"]) == ("awaited", 4, None)
    shown = api.client.get(f"{place_of(case)}/preview", headers=office).json()
    assert [(one["channel"], one["to_tell"], one["skipped"]) for one in shown["reach"]] == [
        ("email", 0, 0), ("sms", 4, 1),
    ]  # fmt: skip
    assert sum(one["recipients"] for one in shown["waiting"]) == 4
    done = api.client.post(f"{place_of(case)}/approve", headers=office)
    assert done.status_code == 200, done.text
    [event] = done.json()["events"]
    assert (event["approval"], event["approved_by"].split()[-1]) == ("approved", "(agronomist)")
    sent = [message.text for message in post.work()]
    assert sorted(sent) == sorted(one["text"] for one in shown["waiting"] for _ in range(one["recipients"]))
    case = the_case(api, office)
    assert (case["alert"]["to_approve"], case["alert"]["told"], case["events"][0]["told"]) == (0, 4, 4)
    assert [note["kind"] for note in case["notes"]] == ["approved"]
    [entry] = audit.list_entries(conn, ORG)
    assert (entry.action, entry.object_kind, (entry.after or {})["messages"]) == ("approved", "alert event", 4)


def test_preview_tells_each_language_and_kind_with_what_it_costs_and_what_is_not_its_own(database, api, office):
    case = the_case(api, office)
    shown = api.client.get(f"{place_of(case)}/preview", headers=office).json()
    texts = {(one["language"], one["kind"], one["accents"]): one for one in shown["texts"]}
    assert len(texts) == len(shown["texts"]) == 3 * 5
    assert (texts["vi", "sms", True]["encoding"], texts["vi", "sms", False]["encoding"]) == ("UCS-2", "GSM-7")
    for one in shown["texts"]:
        if one["kind"] == "sms":
            assert one["segments"] == segments(one["text"]).count <= (1 if one["encoding"] == "GSM-7" else 3)
        else:
            assert one["segments"] is one["units"] is one["encoding"] is None
        assert "0299" in one["text"] or one["kind"] == "sms"
        assert bool(one["subject"]) == (one["kind"] == "email")
    assert {(key[0], one["written_in"], one["is_fallback"]) for key, one in texts.items()} == {
        ("vi", "vi", False), ("en", "en", False), ("km", "vi", True),
    }  # fmt: skip
    assert texts["vi", "chat", True]["needs_review"]


def test_preview_before_the_fan_out_says_who_would_be_told(database, api, office):
    case = the_case(api, office)
    assert case["events"][0]["approval"] == "awaited"
    shown = api.client.get(f"{place_of(case)}/preview", headers=office).json()
    assert [(one["channel"], one["to_tell"], one["skipped"]) for one in shown["reach"]] == [
        ("email", 1, 0), ("sms", 4, 1),
    ]  # fmt: skip
    assert shown["waiting"] == []
    assert api.client.post(f"{place_of(case)}/approve", headers=office).status_code == 200
    assert len(Post(database).work()) == 4


def test_somebody_who_stops_after_the_fan_out_is_not_counted_any_more(database, api, conn, office):
    Post(database).fan_out()
    recipients.stop_address(conn, "sms", "0912345600")
    conn.commit()
    shown = api.client.get(f"{place_of(the_case(api, office))}/preview", headers=office).json()
    assert [one["to_tell"] for one in shown["reach"]] == [0, 3]
    assert sum(one["recipients"] for one in shown["waiting"]) == 3


def test_rejected_event_is_not_told_and_a_second_word_is_a_conflict(database, api, conn, office):
    post = Post(database)
    post.fan_out()
    case = the_case(api, office)
    assert api.client.post(f"{place_of(case)}/reject", headers=office).json()["events"][0]["approval"] == "rejected"
    assert post.work() == []
    for word in ("approve", "reject"):
        assert api.client.post(f"{place_of(case)}/{word}", headers=office).status_code == 409
    states = conn.execute("SELECT DISTINCT state, reason FROM delivery WHERE channel = 'sms'").fetchall()
    assert set(states) == {("skipped", "rejected"), ("skipped", "no consent")}


def test_of_two_people_at_once_one_is_told_that_the_other_was_first(database, api, conn, office):
    Post(database).fan_out()
    place = place_of(the_case(api, office))

    def say(word: str) -> int:
        return int(api.client.post(f"{place}/{word}", headers=office).status_code)

    with ThreadPoolExecutor(8) as many:
        answers = sorted(many.map(say, ["approve", "reject"] * 4))
    assert answers == [200] + [409] * 7
    assert conn.execute("SELECT count(*) FROM approval").fetchone() == (1,)
    assert len(audit.list_entries(conn, ORG)) == 1


def test_event_that_needs_no_word_takes_none(database, api, conn, office):
    case = the_case(api, office)
    other = f"{ALERTS}/{case['alert']['alert_id'] + 1}/events/{case['events'][0]['event_id']}"
    assert api.client.post(f"{other}/approve", headers=office).status_code == 404
    recipients.put_setting(conn, ORG, "tests", farmers_need_approval=False)
    conn.commit()
    assert the_case(api, office)["events"][0]["approval"] is None
    assert api.client.post(f"{place_of(case)}/approve", headers=office).status_code == 409


def test_alerts_are_found_by_level_who_looks_after_them_and_what_they_wait_for(database, api, conn, office):
    post = Post(database)
    post.fan_out()

    def number(**wanted: object) -> int:
        return len(api.client.get(ALERTS, params=wanted, headers=office).json()["items"])

    assert (number(level=1), number(level=2)) == (1, 0)
    assert (number(to_approve=True), number(to_approve=False)) == (1, 0)
    assert (number(acknowledged=False), number(acknowledged=True)) == (1, 0)
    case = the_case(api, office)
    place = f"{ALERTS}/{case['alert']['alert_id']}"
    taken = api.client.post(f"{place}/acknowledge", json={"version": case["alert"]["version"]}, headers=office)
    conn.execute("UPDATE alert SET assignee = 'lan@example.org'")
    conn.commit()
    assert taken.status_code == 200
    assert (number(acknowledged=True), number(assignee="lan@example.org"), number(assignee="ba@example.org")) == (
        1,
        1,
        0,
    )
    api.client.post(f"{place_of(case)}/approve", headers=office)
    post.script = [LOST, REFUSED]
    post.work()
    [alert] = api.client.get(ALERTS, headers=office).json()["items"]
    counts = (alert["to_approve"], alert["told"], alert["unknown"], alert["dead"])
    assert (counts, number(to_approve=True)) == ((0, 2, 1, 1), 0)
