"""Deliveries over HTTP: what became of each message, whether anything is stuck, and trying again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lighttrap.model import Role
from lighttrap.store import audit, pool, recipients
from tests.builders import ORG
from tests.fix_api import Api, a_token
from tests.outbreak import a_person, a_village, an_outbreak, store
from tests.post import DOWN, LOST, REFUSED, Post

PLACE = f"/v1/orgs/{ORG}/deliveries"


class Office:
    """An agronomist beside a notifier, and an outbreak that goes on night by night."""

    def __init__(self, api: Api, conn: pool.Connection) -> None:
        village = a_village(conn, 1)
        self.api, self.conn = api, conn
        self.headers = a_token(conn, ORG, Role.AGRONOMIST)
        self.post = Post(api.dsn)
        self._nights = iter(an_outbreak(village, sick=0))
        self.next_night()

    def next_night(self) -> None:
        """Stores the readings of another night: calm, watch, warning, alarm."""
        store(self.conn, next(self._nights))

    def listed(self, **wanted: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any filter
        """The deliveries, through all pages."""
        found: list[dict[str, Any]] = []
        after: dict[str, Any] = {}
        while True:
            answer = self.api.client.get(PLACE, params={**wanted, **after}, headers=self.headers)
            assert answer.status_code == 200, answer.text
            found += answer.json()["items"]
            if answer.json()["next"] is None:
                return found
            after = {"after": answer.json()["next"]}

    def retry(self, delivery: dict[str, Any], **body: object) -> Any:  # noqa: ANN401 - an answer
        """Asks for another try."""
        return self.api.client.post(f"{PLACE}/{delivery['delivery_id']}/retry", json=body, headers=self.headers)


@pytest.fixture
def office(api: Api, conn: pool.Connection) -> Office:
    return Office(api, conn)


def test_deliveries_are_listed_newest_first_masked_and_by_what_is_asked(office):
    ba = a_person(office.conn, "field-1", addresses={"sms": "0912345678", "email": "ba@example.org"})
    a_person(office.conn, "field-1", addresses={"sms": "0987654321"}, name="Ông Năm")
    for _ in range(2):
        office.next_night()
        office.post.script = [REFUSED]
        office.post.work()
    found = office.listed(limit=2)
    assert len(found) == 6
    order = [(one["created_at"], one["delivery_id"]) for one in found]
    assert order == sorted(order, reverse=True)
    assert {one["address"] for one in found} == {"0912***678", "b***@example.org", "0987***321"}
    assert {one["recipient_id"] for one in office.listed(recipient_id=ba)} == {ba}
    assert [one["word"] for one in office.listed(channel="email")] == ["raised", "raised"]
    dead = office.listed(state="dead")
    assert len(dead) == 2
    assert {(one["reason"], one["state"], one["next_try_at"]) for one in dead} == {("HTTP 400", "dead", None)}
    assert len(office.listed(alert_id=found[0]["alert_id"])) == 6
    assert office.listed(alert_id=found[0]["alert_id"] + 1) == []
    between = found[0]["created_at"]
    assert len(office.listed(first_at=between)) + len(office.listed(before_at=between)) == 6
    assert 0 < len(office.listed(before_at=between)) < 6


def test_one_delivery_is_shown_with_every_try(office):
    a_person(office.conn, "field-1")
    office.next_night()
    office.post.script = [DOWN]
    office.post.work()
    [one] = office.listed()
    assert (one["state"], one["attempts"], one["next_try_at"] is not None) == ("failed", 1, True)
    case = office.api.client.get(f"{PLACE}/{one['delivery_id']}", headers=office.headers).json()
    assert case["delivery"] == one
    assert [(tried["number"], tried["outcome"], tried["detail"]) for tried in case["attempts"]] == [
        (1, "failed", "HTTP 503")
    ]
    assert "0912345678" not in str(case)


def test_outbox_says_what_waits_and_since_when(office):
    def outbox(**params: str) -> dict[str, Any]:
        found: dict[str, Any] = office.api.client.get(
            f"/v1/orgs/{ORG}/outbox", params=params, headers=office.headers
        ).json()
        return found

    assert outbox()["states"] == {}
    assert outbox()["oldest_s"] is None
    a_person(office.conn, "field-1")
    office.next_night()
    waiting = outbox()
    assert (waiting["events"], waiting["states"]) == (1, {})
    assert waiting["oldest_s"] >= 0
    office.post.fan_out()
    office.conn.execute("UPDATE delivery SET due_at = due_at - interval '1 hour', next_try_at = now()")
    office.conn.commit()
    stalled = outbox()
    assert (stalled["events"], stalled["states"], stalled["due"]) == (0, {"queued": 1}, 1)
    assert stalled["oldest_s"] >= 3600
    office.post.work()
    done = outbox()
    assert (done["states"], done["due"], done["oldest_at"]) == ({"sent": 1}, 0, None)
    assert outbox(since=(datetime.now(UTC) + timedelta(hours=1)).isoformat())["states"] == {}


def test_what_awaits_approval_or_quiet_hours_is_not_stuck(office):
    recipients.put_setting(office.conn, ORG, "tests", farmers_need_approval=True)
    a_person(office.conn, "field-1")
    office.next_night()
    office.post.fan_out()
    found = office.api.client.get(f"/v1/orgs/{ORG}/outbox", headers=office.headers).json()
    assert (found["awaiting_approval"], found["due"], found["oldest_at"]) == (1, 0, None)
    assert office.listed()[0]["awaits_approval"]


def test_given_up_message_is_tried_again_under_its_key_and_written_down(office):
    a_person(office.conn, "field-1")
    office.next_night()
    office.post.script = [REFUSED]
    [first] = office.post.work()
    [dead] = office.listed()
    answer = office.retry(dead)
    assert (answer.status_code, answer.json()["delivery"]["state"]) == (200, "queued")
    [again] = office.post.work()
    assert (again.key, again.text) == (first.key, first.text)
    assert [(one["state"], one["attempts"]) for one in office.listed()] == [("sent", 2)]
    assert office.retry(dead).status_code == 409
    [entry] = audit.list_entries(office.conn, ORG, object_kind="delivery")
    assert (entry.action, (entry.before or {})["state"]) == ("retry", "dead")


def test_unknown_message_is_tried_again_only_by_who_says_that_it_may_come_twice(office):
    a_person(office.conn, "field-1")
    office.next_night()
    office.post.script = [LOST]
    office.post.work()
    [unknown] = office.listed()
    assert unknown["state"] == "unknown"
    assert office.retry(unknown).status_code == 409
    assert office.post.work() == []
    assert office.retry(unknown, may_repeat=True).status_code == 200
    assert len(office.post.work()) == 1


def test_word_that_was_followed_by_a_later_one_is_not_tried_again(office):
    a_person(office.conn, "field-1")
    office.next_night()
    office.post.script = [REFUSED]
    office.post.work()
    [dead] = office.listed()
    office.next_night()
    office.post.work()
    assert office.retry(dead).status_code == 409
    assert "later word" in office.retry(dead).json()["detail"]


def test_retry_does_not_reach_who_said_stop_since(office):
    made = a_person(office.conn, "field-1")
    office.next_night()
    office.post.script = [REFUSED]
    office.post.work()
    [dead] = office.listed()
    recipients.stop(office.conn, made)
    office.conn.commit()
    assert office.retry(dead).status_code == 200
    assert office.post.work() == []
    assert [(one["state"], one["reason"]) for one in office.listed()] == [("skipped", "stopped")]
