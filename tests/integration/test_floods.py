"""Who may send at all may send without end: what that costs the others, and us."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ingest.broker import Message
from ingest.pipeline import store_batch
from lighttrap import brokersecret, topics, wire
from lighttrap.broker.services import Service
from lighttrap.cli import doctor
from lighttrap.model import Role, TrapLogin
from lighttrap.store import ledger, orgs, pool, quarantine, quarantine_room, readings
from lighttrap.store.quarantine_room import Room
from tests.builders import BOOT, NIGHTFALL, ORG, TRAP, a_reading, a_topic, a_trap
from tests.fix_api import a_token
from tests.fix_secured import SECRETS, Logins, SecuredBroker
from tests.integration.test_ingest import QUICK, number, reasons, stored
from tests.waiting import wait_until

ROGUE = "rogue"
SECRET = "a secret of sixteen and more"
HONEST = [f"honest-{n:02}" for n in range(20)]
FLOOD = 15_000
ROOM_BYTES = 200_000
WALLS = {
    **QUICK,
    "LIGHTTRAP_INGEST__TRAP_AT_ONCE": "300",
    "LIGHTTRAP_INGEST__QUARANTINE_TRAP_BYTES_A_DAY": str(ROOM_BYTES),
    "LIGHTTRAP_INGEST__QUARANTINE_STRANGERS_BYTES_A_DAY": str(ROOM_BYTES),
}
RECEIVED = datetime(2025, 11, 23, tzinfo=UTC)


@pytest.fixture
def storm(conn: pool.Connection, secured: SecuredBroker, login: Logins) -> Iterator[threading.Thread]:
    """A trap with a login of its own that publishes as fast as the broker lets it; not yet started."""
    for trap_id in (ROGUE, *HONEST):
        a_trap(conn, trap_id)
    secured.admit(*(TrapLogin(trap_id, ORG, brokersecret.hashed(SECRET)) for trap_id in (ROGUE, *HONEST)))
    secured.tell()
    rogue = login(ROGUE, SECRET)
    assert rogue.is_in()
    bodies = [a_reading(seq).payload() for seq in range(1, FLOOD + 1)]

    def flood() -> None:
        for body in bodies:
            rogue.publish(a_topic(trap_id=ROGUE), body)

    thread = threading.Thread(target=flood)
    yield thread
    thread.join()


def kept_bytes(conn: pool.Connection) -> int:
    return number(conn, "SELECT coalesce(sum(length(payload) + 500), 0)::bigint FROM quarantine")


def test_storm_of_one_trap_delays_the_others_little_and_grows_the_database_little(
    database, conn, secured, login, start_ingest, storm
):
    ingest = start_ingest(database, secured.url_of(Service.INGEST, SECRETS[Service.INGEST]), **WALLS)
    traps = [login(trap_id, SECRET) for trap_id in HONEST]
    assert all(trap.is_in() for trap in traps)
    began = number(conn, "SELECT pg_database_size(current_database())")
    began_s = time.time()
    storm.start()
    wait_until(lambda: ingest.metric("lighttrap_ingest_refused_total", reason="rate") > 0)
    for seq in range(1, 11):
        for trap in traps:
            trap.publish(a_topic(trap_id=trap.client._client_id.decode()), a_reading(seq).payload())
    sent_s = time.time()
    honest = "SELECT count(*) FROM reading WHERE trap_id LIKE 'honest%'"
    wait_until(lambda: number(conn, honest), equals=10 * len(HONEST), within=20)
    assert time.time() - sent_s < 10
    wait_until(lambda: ingest.metric("lighttrap_ingest_received_total"), equals=FLOOD + 10 * len(HONEST), within=60)
    wait_until(lambda: ingest.metric("lighttrap_ingest_messages_total"), equals=FLOOD + 10 * len(HONEST))
    minutes = int((time.time() - began_s) // 60) + 1
    rogues = number(conn, f"SELECT count(*) FROM reading WHERE trap_id = '{ROGUE}'")
    assert 300 <= rogues <= 300 + 60 * minutes
    assert set(reasons(conn)) == {"rate"}
    assert kept_bytes(conn) <= ROOM_BYTES
    [day] = quarantine_room.dropping_days(conn, ORG, datetime.now(UTC).date() - timedelta(days=1))
    assert (day.trap_id, day.kept + day.dropped + rogues) == (ROGUE, FLOOD)
    assert ingest.metric("lighttrap_ingest_messages_total", result="dropped") == day.dropped
    assert number(conn, "SELECT pg_database_size(current_database())") - began < 5_000_000


def test_what_was_refused_for_its_rate_is_asked_for_and_stored(database, conn, broker, start_ingest, trap_side):
    a_trap(conn)
    small = {**QUICK, "LIGHTTRAP_INGEST__TRAP_AT_ONCE": "10", "LIGHTTRAP_INGEST__GAP_PATIENCE_S": "0"}
    ingest = start_ingest(database, broker.url, **small, LIGHTTRAP_INGEST__TRAP_PER_MINUTE="1")
    packets = {seq: a_reading(seq) for seq in range(1, 16)}
    trap_side.send_all((a_topic(), packet) for packet in packets.values())
    wait_until(lambda: ingest.metric("lighttrap_ingest_messages_total"), equals=15)
    assert stored(conn) <= 11
    assert trap_side.watermark(BOOT) <= 11
    trap_side.send(wire.StatusPacket(v=1, online=True, boot=BOOT, last_seq=15))
    [asked] = wait_until(trap_side.commands)
    trap_side.send_all((a_topic(), packets[seq]) for seq in range(asked["from_seq"], asked["to_seq"] + 1))
    wait_until(lambda: trap_side.watermark(BOOT), equals=15)
    assert stored(conn) == 15


def test_flood_under_made_up_trap_ids_shares_one_room(database, conn, broker, start_ingest, trap_side):
    orgs.ensure_org(conn, ORG)
    a_trap(conn)
    ingest = start_ingest(database, broker.url, **WALLS)
    body = a_reading(1).payload()
    trap_side.send_all((a_topic(trap_id=f"made-up-{n}"), body) for n in range(2000))
    trap_side.send_all((a_topic(org=f"org-{n}"), body) for n in range(1000))
    trap_side.send_all((f"lighttrap/v1/NONSENSE/{n}/reading", body) for n in range(1000))
    trap_side.send(a_reading(1))
    wait_until(lambda: ingest.metric("lighttrap_ingest_messages_total"), equals=4001)
    # Counted when it came; the last may not be committed yet.
    wait_until(lambda: stored(conn), equals=1)
    assert kept_bytes(conn) <= 2 * ROOM_BYTES
    [day] = quarantine_room.dropping_days(conn, ORG, datetime.now(UTC).date() - timedelta(days=1))
    assert (day.trap_id, day.kept + day.dropped) == (None, 2000)
    assert number(conn, "SELECT count(*) FROM quarantine_day") <= 4


def of_trap(payload: bytes, kind: topics.Kind = topics.Kind.READING, at: datetime = RECEIVED) -> Message:
    return Message(0, 0, 1, a_topic(kind).encode(), payload, at.timestamp())


def test_message_that_is_kept_already_takes_no_room(conn):
    a_trap(conn)
    readings.create_stage(conn)
    room = Room(trap_bytes=520, strangers_bytes=0)
    for _ in range(5):
        assert store_batch(conn, [of_trap(b"{")] * 3, room=room).dropped == 0
    assert store_batch(conn, [of_trap(b"{{"), of_trap(b"{{"), of_trap(b"{")], room=room).dropped == 2
    assert number(conn, "SELECT sum(times) FROM quarantine") == 16


def test_room_is_of_a_day(conn):
    a_trap(conn)
    readings.create_stage(conn)
    room = Room(trap_bytes=520, strangers_bytes=0)
    bad = [of_trap(b"%d" % n, at=RECEIVED + timedelta(hours=12 * n)) for n in range(4)]
    assert store_batch(conn, bad, room=room).dropped == 2
    assert [day.dropped for day in quarantine_room.dropping_days(conn, ORG, RECEIVED.date())] == [1, 1]


def test_trap_that_is_registered_while_it_is_refused_is_a_stranger_once_more(conn):
    a_trap(conn)
    readings.create_stage(conn)
    conn.execute(
        "CREATE FUNCTION register() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO trap (trap_id, org_id, name, in_service_from) SELECT 'late', org_id, '', now() FROM org;"
        " RETURN NULL;"
        " END $$; CREATE TRIGGER register AFTER INSERT ON quarantine_day EXECUTE FUNCTION register()"
    )
    late = Message(0, 0, 1, a_topic(trap_id="late").encode(), b"{", RECEIVED.timestamp())
    assert store_batch(conn, [late], room=Room(0, 0)).dropped == 1
    conn.commit()
    assert number(conn, "SELECT count(*) FROM trap WHERE trap_id = 'late'") == 1
    [day] = quarantine_room.dropping_days(conn, ORG, RECEIVED.date())
    assert (day.trap_id, day.dropped) == (None, 1)


def test_replayed_message_is_kept_again_whatever_the_room(conn):
    a_trap(conn)
    readings.create_stage(conn)
    store_batch(conn, [of_trap(b"{")], room=Room(520, 0))
    [kept] = quarantine.messages(conn)
    quarantine.take_up(conn, [kept.quarantine_id])
    assert store_batch(conn, [of_trap(b"{")]).dropped == 0
    assert [one.quarantine_id for one in quarantine.messages(conn)] == [kept.quarantine_id]


def test_boot_with_a_thousand_holes_takes_only_what_fills_them(conn):
    a_trap(conn)
    readings.create_stage(conn)

    def fates(*seqs: int) -> tuple[int, dict[str, int]]:
        outcome = store_batch(conn, [of_trap(a_reading(seq, start=NIGHTFALL).payload()) for seq in seqs])
        conn.commit()
        return outcome.stored, dict(outcome.refused)

    assert fates(*range(1, 2000, 2)) == (1000, {})
    assert fates(3001) == (0, {"holes": 1})
    assert fates(2000, 4, 1999) == (2, {})
    assert ledger.follow_gaps(conn) == 998
    assert fates(3001) == (1, {})


def test_trap_begins_five_thousand_boots_a_day_and_its_old_ones_go_on(conn):
    a_trap(conn)
    readings.create_stage(conn)

    def fates(boots: range, seq: int = 1) -> tuple[int, dict[str, int]]:
        outcome = store_batch(conn, [of_trap(a_reading(seq, boot=boot).payload()) for boot in boots])
        conn.commit()
        return outcome.stored, dict(outcome.refused)

    assert fates(range(5050)) == (5000, {"boots": 50})
    assert fates(range(100), seq=2) == (100, {})
    summary = {"v": 1, "night": "2025-11-22", "boot": 777, "first_seq": 1, "last_seq": 5, "lamp_s": 0, "totals": {}}
    payload = json.dumps(summary).encode()
    store_batch(conn, [of_trap(payload, topics.Kind.SUMMARY)])
    assert number(conn, "SELECT count(*) FROM ledger") == 5000


def test_trap_whose_gaps_are_full_opens_no_more_and_may_fill_them_and_go_on(conn, monkeypatch):
    monkeypatch.setattr(ledger, "GAPS_OF_A_TRAP", 3)
    a_trap(conn)
    a_trap(conn, "another")
    readings.create_stage(conn)

    def fates(*seqs: int, boot: int = 1, trap_id: str = TRAP, **more: int) -> tuple[int, dict[str, int]]:
        topic = a_topic(trap_id=trap_id).encode()
        bodies = [a_reading(seq, boot=boot, start=NIGHTFALL, **more).payload() for seq in seqs]
        outcome = store_batch(conn, [Message(0, 0, 1, topic, body, RECEIVED.timestamp()) for body in bodies])
        conn.commit()
        return outcome.stored, dict(outcome.refused)

    def opened() -> int:
        new = ledger.follow_gaps(conn)
        ledger.mark_full(conn)
        conn.commit()
        return new

    assert (fates(2, 4), opened()) == ((2, {}), 2)
    assert (fates(2, boot=2), opened()) == ((1, {}), 1)
    assert fates(6) == (0, {"holes": 1})
    assert fates(7, boot=3) == (0, {"holes": 1})
    assert fates(5, 6, 7, 9, 10, 11) == (3, {"holes": 3})
    assert fates(1, boot=4, prev_boot=1, prev_last_seq=60) == (1, {})
    ledger.note_sent(conn, TRAP, 1, 50)
    assert opened() == 0
    assert fates(9, trap_id="another") == (1, {})
    assert fates(1) == (1, {})
    assert opened() == 1
    assert fates(9) == (1, {})


def test_look_for_gaps_that_takes_too_long_is_put_off_and_readings_are_stored(
    database, conn, broker, start_ingest, trap_side
):
    a_trap(conn)
    conn.execute(
        "CREATE FUNCTION too_long() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION USING ERRCODE = '57014', MESSAGE = 'statement timeout'; END $$;"
        " CREATE TRIGGER too_long BEFORE INSERT ON gap FOR EACH ROW EXECUTE FUNCTION too_long()"
    )
    conn.commit()
    ingest = start_ingest(database, broker.url, **QUICK)
    trap_side.send(a_reading(1))
    trap_side.send(a_reading(3))
    wait_until(lambda: "could not look for gaps" in ingest.output())
    trap_side.send(a_reading(4))
    wait_until(lambda: stored(conn), equals=3)
    assert ingest.metric("lighttrap_ingest_store_retries_total") == 0
    conn.execute("DROP TRIGGER too_long ON gap")
    conn.commit()
    wait_until(lambda: number(conn, "SELECT count(*) FROM gap"), equals=1)


def test_more_new_gaps_than_one_look_opens_are_opened_by_the_next(conn, monkeypatch):
    monkeypatch.setattr(ledger, "GAPS_AT_ONCE", 2)
    a_trap(conn)
    readings.create_stage(conn)
    store_batch(conn, [of_trap(a_reading(seq).payload()) for seq in range(2, 12, 2)])
    assert [ledger.follow_gaps(conn) for _ in range(4)] == [2, 2, 1, 0]


def test_look_for_gaps_takes_ten_seconds_at_most(conn):
    ledger.follow_gaps(conn)
    assert conn.execute("SHOW statement_timeout").fetchone() == ("10s",)
    conn.commit()
    assert conn.execute("SHOW statement_timeout").fetchone() == ("30s",)


def test_trap_with_many_gaps_does_not_keep_others_from_being_asked(conn):
    a_trap(conn)
    a_trap(conn, "another")
    readings.create_stage(conn)
    store_batch(conn, [of_trap(a_reading(seq).payload()) for seq in range(1, 400, 2)])
    ledger.follow_gaps(conn)
    ledger.note_sent(conn, "another", BOOT, 5)
    ledger.follow_gaps(conn)
    asks = ledger.ask_for_gaps(conn, org="+", patience_s=0, again_s=600, gaps=100, a_trap=10, readings=200)
    assert sorted({ask.trap_id for ask in asks}) == ["another", TRAP]
    assert len(asks) == 11


def test_days_beyond_the_room_are_shown_to_their_org_and_to_the_operator(api, conn, database):
    a_trap(conn)
    a_trap(conn, "another", org="an-giang")
    readings.create_stage(conn)
    now = datetime.now(UTC)
    store_batch(conn, [of_trap(b"%d" % n, at=now) for n in range(5)], room=Room(1100, 0))
    theirs = Message(0, 0, 1, a_topic(org="an-giang", trap_id="another").encode(), b"{", now.timestamp())
    store_batch(conn, [theirs], room=Room(0, 0))
    conn.commit()
    headers = a_token(conn, ORG, Role.TECHNICIAN)
    [day] = api.client.get(f"/v1/orgs/{ORG}/quarantine/days", headers=headers).json()
    assert (day["trap_id"], day["kept"], day["dropped"]) == (TRAP, 2, 3)
    finding = doctor._dropped(*quarantine_room.dropped_since(conn, now.date()))
    assert (finding.verdict, "4 messages of 2 senders" in finding.seen, TRAP in finding.seen) == ("note", True, True)
