"""The quarantine over HTTP: looked at, and taken up by ingest because somebody asked."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from lighttrap import topics, wire
from lighttrap.model import Role
from lighttrap.store import audit, pool, quarantine
from tests.builders import BOOT, ORG, TRAP, a_reading, a_topic, a_trap
from tests.fix_api import Api, a_token
from tests.ledger_check import balance
from tests.waiting import wait_until

PLACE = f"/v1/orgs/{ORG}/quarantine"
QUICK = {"LIGHTTRAP_INGEST__STORED_INTERVAL_S": "0.1", "LIGHTTRAP_INGEST__BATCH_S": "0.05"}
AT_ONCE = {**QUICK, "LIGHTTRAP_INGEST__REPLAY_S": "0.1", "LIGHTTRAP_INGEST__REPLAY_MESSAGES": "40"}


@pytest.fixture
def office(api: Api, conn: pool.Connection) -> dict[str, str]:
    """Headers of an agronomist."""
    return a_token(conn, ORG, Role.AGRONOMIST)


def keep(conn: pool.Connection, *bodies: bytes, reason: str = "unknown_trap", org: str = ORG) -> list[int]:
    """Messages of the trap that were refused; returns their ids."""
    topic = a_topic(topics.Kind.READING, org=org).encode()
    now = datetime.now(UTC)
    quarantine.insert(conn, [quarantine.Refusal(now, topic, body, reason, "tests", TRAP) for body in bodies])
    conn.commit()
    return [found for (found,) in conn.execute("SELECT quarantine_id FROM quarantine ORDER BY 1").fetchall()]


def ask(api: Api, headers: dict[str, str], **which: Any) -> dict[str, Any]:  # noqa: ANN401 - ids, reason, trap
    answer = api.client.post(f"{PLACE}/replay", json=which, headers=headers)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def states(conn: pool.Connection) -> list[tuple[str, str]]:
    found = conn.execute("SELECT reason, state FROM quarantine ORDER BY quarantine_id").fetchall()
    conn.rollback()
    return [(reason, state) for reason, state in found]


def listed(api: Api, headers: dict[str, str], **params: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any filter
    found: list[dict[str, Any]] = api.client.get(PLACE, params=params, headers=headers).json()["items"]
    return found


def readings(seqs: Sequence[int]) -> list[bytes]:
    return [a_reading(seq).payload() for seq in seqs]


def test_message_is_shown_whole_escaped_and_as_it_came(api, conn, office):
    body = b'\xff\x00{"a": "\xc3\xa9"}' + b"x" * 5000
    [kept] = keep(conn, body, reason="json")
    [short] = listed(api, office)
    assert (short["payload_bytes"], len(short["payload"])) == (len(body), 2000 + 3 - 1)
    whole = api.client.get(f"{PLACE}/{kept}", headers=office).json()
    assert whole["payload"] == '\\xff\x00{"a": "é"}' + "x" * 5000
    assert base64.b64decode(whole["payload_base64"]) == body
    assert (whole["state"], whole["is_whole"], whole["kept_again_as"]) == ("kept", True, None)


def test_asking_marks_what_is_here_whole_and_of_the_org_once_and_is_written_down(api, conn, office):
    ids = keep(conn, b"{1", b"{2", b"x" * (wire.MAX_PAYLOAD_BYTES + 1))
    foreign = keep(conn, b"{3", org="an-giang")[-1]
    missing = api.client.post(f"{PLACE}/replay", json={"ids": [ids[0], foreign]}, headers=office)
    assert missing.status_code == 404
    assert ask(api, office, ids=[ids[0], ids[2]]) == {"asked": 1, "more": False}
    assert ask(api, office, reason="unknown_trap") == {"asked": 1, "more": False}
    assert ask(api, office, reason="unknown_trap") == {"asked": 0, "more": False}
    assert [state for _, state in states(conn)] == ["asked", "asked", "kept", "kept"]
    assert [one["state"] for one in listed(api, office)] == ["asked", "asked", "kept"]
    assert [(entry.action, (entry.after or {})["asked"]) for entry in audit.list_entries(conn, ORG)] == [
        ("ask for replay", 1), ("ask for replay", 1),
    ]  # fmt: skip
    assert api.client.post(f"{PLACE}/replay", json={}, headers=office).status_code == 422


def test_message_that_comes_again_is_still_asked_for(api, conn, office):
    keep(conn, b"{1")
    ask(api, office, reason="unknown_trap")
    keep(conn, b"{1")
    assert states(conn) == [("unknown_trap", "asked")]


def test_trap_that_is_registered_late_gets_its_readings_within_seconds(
    database, api, conn, office, broker, start_ingest, trap_side
):
    ingest = start_ingest(database, broker.url, **QUICK)
    trap_side.send_all((a_topic(), a_reading(seq)) for seq in range(1, 101))
    wait_until(lambda: len(states(conn)), equals=100)
    a_trap(conn)
    assert ask(api, office, trap_id=TRAP)["asked"] == 100
    # By default it looks every two seconds.
    wait_until(lambda: ingest.metric("lighttrap_ingest_replayed_total", result="stored"), equals=100, within=8)
    assert balance(conn, [(TRAP, BOOT, seq) for seq in range(1, 101)]).is_even
    wait_until(lambda: trap_side.watermark(BOOT), equals=100)
    assert listed(api, office) == []
    replayed = listed(api, office, every=True)
    assert {(one["state"], one["kept_again_as"]) for one in replayed} == {("replayed", None)}
    assert ingest.metric("lighttrap_ingest_received_total") == 100


def test_what_is_refused_again_says_so_and_is_not_tried_for_ever(
    database, api, conn, office, broker, start_ingest, trap_side
):
    a_trap(conn)
    conn.execute("ALTER TABLE reading ADD CHECK (seq <> 3)")
    keep(conn, *readings([1, 2, 3, 4, 5]))
    keep(conn, b"{", reason="not_json")
    keep(conn, a_reading(6, v=1).payload().replace(b'"v":1', b'"v":9'))
    ingest = start_ingest(database, broker.url, **AT_ONCE)
    ask(api, office, trap_id=TRAP)
    wait_until(lambda: ingest.metric("lighttrap_ingest_replayed_total"), equals=7)
    assert states(conn) == [
        ("unknown_trap", "replayed"), ("unknown_trap", "replayed"), ("unknown_trap", "replayed"),
        ("unknown_trap", "replayed"), ("unknown_trap", "replayed"), ("not_json", "kept"),
        ("unknown_trap", "replayed"), ("database", "kept"), ("unknown_version", "kept"),
    ]  # fmt: skip
    assert balance(conn, [(TRAP, BOOT, seq) for seq in (1, 2, 4, 5)]).is_even
    items = {one["reason"]: one for one in listed(api, office, every=True)}
    assert items["not_json"]["tried_at"] is not None
    again = [one["kept_again_as"] for one in listed(api, office, every=True, reason="unknown_trap")]
    assert again == [None, None, "database", None, None, "unknown_version"]
    # Nothing is asked for any more, so nothing is tried a second time.
    trap_side.send(a_reading(7))
    wait_until(lambda: ingest.metric("lighttrap_ingest_messages_total", result="stored"), equals=1)
    assert ingest.metric("lighttrap_ingest_replayed_total") == 7


def test_ingest_of_one_org_leaves_what_is_another_s(database, api, conn, office, broker, start_ingest):
    a_trap(conn)
    keep(conn, *readings([1]))
    keep(conn, b"{", reason="not_json", org="an-giang")
    ask(api, office, trap_id=TRAP)
    quarantine.ask_for(conn, "an-giang", reason="not_json")
    conn.commit()
    ingest = start_ingest(database, broker.url, LIGHTTRAP_INGEST__ORG=ORG, **AT_ONCE)
    wait_until(lambda: ingest.metric("lighttrap_ingest_replayed_total"), equals=1)
    assert states(conn) == [("unknown_trap", "replayed"), ("not_json", "asked")]


def test_ingest_killed_while_it_takes_messages_up_loses_none_and_stores_none_twice(
    database, api, conn, office, broker, start_ingest
):
    a_trap(conn)
    keep(conn, *readings(range(1, 101)))
    ingest = start_ingest(database, broker.url, **AT_ONCE)
    with pool.connect(database) as other:
        other.execute("LOCK TABLE reading IN SHARE MODE")
        ask(api, office, trap_id=TRAP)
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lighttrap ingest'"
            " AND datname = current_database() AND wait_event_type = 'Lock'"
        )
        wait_until(lambda: conn.execute(waiting).fetchone(), equals=(1,))
        conn.rollback()
        ingest.kill()
    assert {state for _, state in states(conn)} == {"asked"}
    ingest.start()
    wait_until(lambda: {state for _, state in states(conn)}, equals={"replayed"}, within=20)
    assert balance(conn, [(TRAP, BOOT, seq) for seq in range(1, 101)]).is_even


def test_readings_of_now_have_their_turn_while_many_are_taken_up(
    database, api, conn, office, broker, start_ingest, trap_side
):
    a_trap(conn)
    a_trap(conn, "st-015")
    keep(conn, *readings(range(1, 101)))
    ingest = start_ingest(database, broker.url, **{**AT_ONCE, "LIGHTTRAP_INGEST__REPLAY_MESSAGES": "1"})
    ask(api, office, trap_id=TRAP)
    wait_until(lambda: ingest.metric("lighttrap_ingest_replayed_total") > 0)
    trap_side.send(a_reading(1), trap_id="st-015")
    wait_until(lambda: ingest.metric("lighttrap_ingest_messages_total", result="stored"), equals=1)
    assert ingest.metric("lighttrap_ingest_replayed_total") < 100
    wait_until(lambda: {state for _, state in states(conn)}, equals={"replayed"})
    assert balance(conn, [(TRAP, BOOT, seq) for seq in range(1, 101)] + [("st-015", BOOT, 1)]).is_even
