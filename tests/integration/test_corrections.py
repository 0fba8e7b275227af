"""Counts that people put right: beside the machine's, read by everybody, followed by alerts."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lighttrap.errors import Conflict, InputFault
from lighttrap.model import Role
from lighttrap.store import audit, corrections, manual_nights, nights, pool, readings
from lighttrap.store.corrections import CatchKey, Seen
from tests.builders import ORG, TRAP, a_trap
from tests.fix_api import Api, a_token
from tests.ledger_check import RECOMPUTED_CATCH
from tests.outbreak import BPH, FIRST, a_night, a_village, store
from tests.waiting import wait_until

WHY = "đếm lại"


def correct(conn: pool.Connection, trap_id: str, night: int, count: int, seen: Seen) -> corrections.Correction:
    """Corrects a night by its number, and commits."""
    key = CatchKey(trap_id, BPH, FIRST + timedelta(days=night))
    _, made = corrections.put_correction(conn, ORG, key, count, seen=seen, reason=WHY, author="Lan")
    conn.commit()
    return made


def said(conn: pool.Connection) -> list[tuple[str, int]]:
    """What was said of all alerts, in order."""
    return [(word, level) for word, level in conn.execute("SELECT word, level FROM alert_event ORDER BY event_id")]


def the_counts(conn: pool.Connection, trap_id: str) -> list[tuple[int | None, int | None]]:
    """Counts of a trap's nights that are in force, and the machine's."""
    return [
        (one.count, one.machine_count) for one in nights.catch_nights(conn, trap_id=trap_id) if one.count is not None
    ]


@pytest.fixture
def trap(conn: pool.Connection) -> str:
    """A trap in a field with a rule: watch from 300, warning from 1000, alarm from 5000."""
    return a_village(conn, 1)[0]


def test_alert_that_a_wrong_count_raised_is_taken_back(conn, trap):
    store(conn, a_night(trap, 0, 6000))
    assert said(conn) == [("raised", 1), ("raised", 2), ("raised", 3)]
    correct(conn, trap, 0, 60, Seen(6000))
    assert said(conn)[3:] == [("corrected", 0)]
    assert conn.execute("SELECT state, level FROM alert").fetchall() == [("withdrawn", 0)]


def test_alert_falls_to_the_level_of_the_verified_count(conn, trap):
    store(conn, a_night(trap, 0, 6000))
    correct(conn, trap, 0, 1200, Seen(6000))
    assert said(conn)[3:] == [("corrected", 2)]
    assert conn.execute("SELECT state, level FROM alert").fetchall() == [("active", 2)]


def test_count_that_the_machine_missed_raises_an_alert(conn, trap):
    store(conn, a_night(trap, 0, 60))
    correct(conn, trap, 0, 1200, Seen(60))
    assert said(conn) == [("raised", 1), ("raised", 2)]


def test_undoing_brings_the_machines_count_and_its_alert_back(conn, trap):
    store(conn, a_night(trap, 0, 600))
    made = correct(conn, trap, 0, 60, Seen(600))
    ended = corrections.undo_correction(conn, ORG, made.correction_id, reason="là rầy nâu thật", author="Ba")
    conn.commit()
    assert (ended.ended_by, ended.ended_reason) == ("Ba", "là rầy nâu thật")
    assert conn.execute("SELECT state, level FROM alert").fetchall() == [("active", 1)]
    assert the_counts(conn, trap) == [(600, 600)]


def test_late_reading_leaves_the_verified_count_and_shows_the_machines_growing(conn, trap):
    messages = a_night(trap, 0, 6000)
    store(conn, messages[:5])
    correct(conn, trap, 0, 60, Seen(5000))
    store(conn, messages[5:])
    assert the_counts(conn, trap) == [(60, 6000)]
    [kept] = corrections.page_corrections(conn, ORG)
    assert (kept.machine_count, kept.machine_count_now) == (5000, 6000)
    assert conn.execute("SELECT state FROM alert").fetchall() == [("withdrawn",)]


def test_roll_up_stays_the_sum_of_the_readings(conn, trap):
    store(conn, a_night(trap, 0, 6000))
    correct(conn, trap, 0, 60, Seen(6000))
    assert conn.execute("SELECT * FROM catch").fetchall() == conn.execute(RECOMPUTED_CATCH).fetchall()


def test_everybody_reads_the_verified_count(conn, trap):
    store(conn, a_night(trap, 0, 6000))
    made = correct(conn, trap, 0, 60, Seen(6000))
    [shown] = nights.page_nights(conn, ORG, FIRST, FIRST)
    assert (shown.count, shown.machine_count, shown.correction_id) == (60, 6000, made.correction_id)
    [total] = nights.page_sums(conn, ORG, FIRST, FIRST)
    assert (total.count, total.per_trap_night, total.machine_count, total.corrections) == (60, 60.0, 6000, 1)
    [history] = manual_nights.catch_history(conn, [trap], BPH)
    assert history.count == 60
    assert conn.execute("SELECT value FROM judged_night").fetchall() == [(60.0,)]


def test_whoever_saw_something_else_overwrites_nothing(conn, trap):
    store(conn, a_night(trap, 0, 600))
    with pytest.raises(Conflict):
        correct(conn, trap, 0, 60, Seen(594))
    conn.rollback()
    first = correct(conn, trap, 0, 60, Seen(600))
    with pytest.raises(Conflict):
        correct(conn, trap, 0, 66, Seen(600))
    conn.rollback()
    second = correct(conn, trap, 0, 66, Seen(600, first.correction_id))
    with pytest.raises(Conflict):
        corrections.undo_correction(conn, ORG, first.correction_id, reason=WHY, author="Ba")
    conn.rollback()
    assert [one.correction_id for one in corrections.page_corrections(conn, ORG)] == [second.correction_id]
    assert the_counts(conn, trap) == [(66, 600)]


def test_two_people_at_once_are_told_apart(conn, trap, database):
    store(conn, a_night(trap, 0, 600))
    key = CatchKey(trap, BPH, FIRST)
    corrections.put_correction(conn, ORG, key, 60, seen=Seen(600), reason=WHY, author="Lan")
    refused: list[Exception] = []

    def another() -> None:
        with pool.connect(database) as other:
            try:
                corrections.put_correction(other, ORG, key, 66, seen=Seen(600), reason=WHY, author="Ba")
            except Conflict as fault:
                refused.append(fault)

    thread = threading.Thread(target=another)
    thread.start()
    wait_until(lambda: is_waiting(conn))
    conn.commit()
    thread.join(20)
    assert len(refused) == 1
    assert the_counts(conn, trap) == [(60, 600)]


def test_correction_and_late_reading_at_once_do_not_lock_each_other_out(conn, trap, database):
    messages = a_night(trap, 0, 6000)
    store(conn, messages[:5])
    key = CatchKey(trap, BPH, FIRST)
    corrections.put_correction(conn, ORG, key, 60, seen=Seen(5000), reason=WHY, author="Lan")

    def late() -> None:
        with pool.connect(database) as other:
            a_stage_and(other, messages)

    thread = threading.Thread(target=late)
    thread.start()
    wait_until(lambda: is_waiting(conn))
    conn.commit()
    thread.join(20)
    assert the_counts(conn, trap) == [(60, 6000)]
    assert conn.execute("SELECT value FROM judged_night").fetchall() == [(60.0,)]


def a_stage_and(conn: pool.Connection, messages: list[Any]) -> None:
    readings.create_stage(conn)
    store(conn, messages[5:])


def is_waiting(conn: pool.Connection) -> bool:
    """Whether somebody waits for this transaction."""
    query = """
        SELECT FROM pg_locks
        WHERE NOT granted AND locktype = 'transactionid' AND transactionid = pg_current_xact_id_if_assigned()::xid
    """
    return bool(conn.execute(query).fetchall())


def test_night_that_the_machine_did_not_see_is_for_the_import(conn, trap):
    with pytest.raises(InputFault, match="lighttrap import nights"):
        correct(conn, trap, 0, 60, Seen(0))


def test_night_that_is_going_on_is_not_corrected_yet(conn):
    a_trap(conn)
    tonight = (datetime.now(UTC) + timedelta(hours=7) - timedelta(hours=12)).date()
    conn.execute("INSERT INTO catch VALUES (%s, %s, %s, 41, 600, 1)", (TRAP, BPH, tonight))
    conn.execute("INSERT INTO trap_night VALUES (%s, %s, 600, 600, 1, now(), now())", (TRAP, tonight))
    key = CatchKey(TRAP, BPH, tonight)
    with pytest.raises(InputFault, match="going on"):
        corrections.put_correction(conn, ORG, key, 0, seen=Seen(41), reason=WHY, author="Lan")
    conn.execute("UPDATE trap_night SET lamp_s = 39600")
    assert corrections.put_correction(conn, ORG, key, 0, seen=Seen(41), reason=WHY, author="Lan")[1].count == 0


def test_correction_through_the_api_is_seen_listed_and_written_down(api: Api, conn, trap):
    store(conn, a_night(trap, 0, 6000))
    headers = a_token(conn, ORG, Role.TECHNICIAN)
    place = f"/v1/orgs/{ORG}/traps/{trap}/nights/{FIRST}/species/{BPH}/correction"
    body: dict[str, Any] = {"count": 60, "reason": WHY, "machine_count": 6000}
    assert api.client.put(place, json={**body, "reason": ""}, headers=headers).status_code == 422
    made = api.client.put(place, json=body, headers=headers).json()
    again = api.client.put(place, json=body, headers=headers)
    assert (again.status_code, again.json()["type"]) == (409, "conflict")
    span = {"first": str(FIRST), "last": str(FIRST)}
    [night] = api.client.get(f"/v1/orgs/{ORG}/nights", params=span, headers=headers).json()["items"]
    assert (night["count"], night["machine_count"], night["correction_id"]) == (60, 6000, made["correction_id"])
    undo = f"/v1/orgs/{ORG}/corrections/{made['correction_id']}"
    assert api.client.delete(undo, headers=headers).status_code == 422
    assert api.client.delete(undo, params={"reason": WHY}, headers=headers).json()["ended_reason"] == WHY
    assert api.client.delete(undo, params={"reason": WHY}, headers=headers).status_code == 409
    listed = f"/v1/orgs/{ORG}/corrections"
    assert api.client.get(listed, headers=headers).json()["items"] == []
    every = {"every": "true", "trap_id": trap, **span}
    assert len(api.client.get(listed, params=every, headers=headers).json()["items"]) == 1
    assert api.client.get(listed, params={**every, "first": "2026-10-02"}, headers=headers).json()["items"] == []
    log = audit.list_entries(conn, ORG, object_kind="correction")
    assert [entry.action for entry in log] == ["undo", "put"]
    assert (log[0].after or {})["ended_reason"] == (log[1].after or {})["reason"] == WHY


def test_corrections_are_paged_the_newest_first(api: Api, conn, trap):
    for night in range(5):
        store(conn, a_night(trap, night, 60))
        correct(conn, trap, night, night, Seen(60))
    headers = a_token(conn, ORG, Role.VIEWER)
    found, after = [], None
    while True:
        params: dict[str, Any] = {"limit": 2, **({"after": after} if after else {})}
        answer = api.client.get(f"/v1/orgs/{ORG}/corrections", params=params, headers=headers).json()
        found += [one["count"] for one in answer["items"]]
        if (after := answer["next"]) is None:
            break
    assert found == [4, 3, 2, 1, 0]


def test_corrected_night_of_a_trap_that_moved_is_judged_where_it_stood(conn):
    first, _ = a_village(conn, 2)
    store(conn, a_night(first, 0, 6000))
    moved = datetime(2026, 10, 20, tzinfo=UTC)
    conn.execute("UPDATE deployment SET to_at = %s WHERE trap_id = %s", (moved, first))
    conn.execute("INSERT INTO deployment VALUES (%s, 'field-2', %s)", (first, moved))
    correct(conn, first, 0, 60, Seen(6000))
    assert conn.execute("SELECT field_id, state FROM alert").fetchall() == [("field-1", "withdrawn")]
