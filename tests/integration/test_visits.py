"""Visits that people write down, and events that traps tell of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lighttrap import wire
from lighttrap.model import Role, Work
from lighttrap.store import audit, news, visits
from tests.builders import NIGHTFALL, ORG, TRAP, a_trap
from tests.fix_api import Api, a_token

PLACE = f"/v1/orgs/{ORG}/traps/{TRAP}"


def pages(api: Api, path: str, headers: dict[str, str], **params: Any) -> list[list[dict[str, Any]]]:  # noqa: ANN401
    """All pages of a list, following its cursor."""
    found, after = [], None
    while True:
        answer = api.client.get(path, params={**params, **({"after": after} if after else {})}, headers=headers)
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["items"])
        if (after := answer.json()["next"]) is None:
            return found


def test_visit_is_written_down_with_who_and_what(api: Api, conn):
    a_trap(conn)
    headers = a_token(conn, ORG, Role.TECHNICIAN)
    body = {"work": ["lamp-changed", "tray-cleaned", "lamp-changed"], "battery_v": 12.4, "note": "khay đầy lá"}
    made = api.client.post(f"{PLACE}/visits", json=body, headers=headers)
    assert made.status_code == 201, made.text
    assert made.json()["work"] == ["lamp-changed", "tray-cleaned"]
    assert made.json()["author"].endswith("(technician)")
    [[listed]] = pages(api, f"/v1/orgs/{ORG}/visits", headers)
    assert listed == made.json()
    [entry] = audit.list_entries(conn, ORG, object_kind="visit")
    assert (entry.after or {})["battery_v"] == 12.4


@pytest.mark.parametrize(
    "wrong", [{"at": "2098-01-01T00:00:00Z"}, {"work": ["swept"]}, {"battery_v": -1}, {"note": ""}, {"who": "Lan"}]
)
def test_visit_that_cannot_be_is_refused(api: Api, conn, wrong):
    a_trap(conn)
    headers = a_token(conn, ORG, Role.TECHNICIAN)
    assert api.client.post(f"{PLACE}/visits", json=wrong, headers=headers).status_code == 422
    assert visits.page_visits(conn, ORG) == []


def test_visits_of_all_traps_are_paged_the_newest_first(api: Api, conn):
    at = datetime(2025, 11, 20, 3, tzinfo=UTC)
    for trap_id in (TRAP, "st-015"):
        a_trap(conn, trap_id)
        for day in (2, 0, 1):
            visits.add_visit(conn, ORG, trap_id, author="Lan", work=[Work.MOVED], at=at + timedelta(days=day))
    conn.commit()
    headers = a_token(conn, ORG, Role.VIEWER)
    place = f"/v1/orgs/{ORG}/visits"
    found = pages(api, place, headers, limit=2)
    assert [one["at"][8:10] for page in found for one in page] == ["22", "22", "21", "21", "20", "20"]
    assert len({one["visit_id"] for page in found for one in page}) == 6
    [of_one] = pages(api, place, headers, trap_id=TRAP)
    assert {one["trap_id"] for one in of_one} == {TRAP}
    [span] = pages(api, place, headers, first_at="2025-11-21T03:00:00Z", before_at="2025-11-22T03:00:00Z")
    assert {one["at"][8:10] for one in span} == {"21"}


def test_events_of_a_trap_are_paged_the_newest_first_whatever_its_clock_says(api: Api, conn):
    a_trap(conn)
    ats = [NIGHTFALL, NIGHTFALL, datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)]
    for number, at in enumerate(ats):
        packet = wire.EventPacket(v=1, event="reboot", at=at, note=str(number))
        news.store_event(conn, ORG, TRAP, packet, NIGHTFALL, bytes([number]))
    conn.commit()
    headers = a_token(conn, ORG, Role.VIEWER)
    found = pages(api, f"{PLACE}/events", headers, limit=1)
    assert [one["note"] for page in found for one in page] == ["3", "1", "0", "2"]
    [span] = pages(api, f"{PLACE}/events", headers, first_at="2025-01-01T00:00:00Z", before_at="2026-01-01T00:00:00Z")
    assert [one["note"] for one in span] == ["1", "0"]


@pytest.mark.parametrize("path", [f"/v1/orgs/{ORG}/visits", f"{PLACE}/events"])
@pytest.mark.parametrize(
    "cursor", ["W10=", "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzIzOjU5IiwgMV0=", "WyIyMDI1LTAxLTAxVDAwOjAwOjAwWiIsICIwIl0="]
)
def test_cursor_that_we_did_not_give_is_refused(api: Api, conn, path, cursor):
    a_trap(conn)
    headers = a_token(conn, ORG, Role.VIEWER)
    assert api.client.get(path, params={"after": cursor}, headers=headers).status_code == 422


def test_words_for_work_are_those_of_the_table(conn):
    a_trap(conn)
    assert visits.add_visit(conn, ORG, TRAP, author="Lan", work=list(Work)).work == sorted(Work)
