"""The worker between a real broker and a real database."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from lighttrap import wire
from lighttrap.errors import StoreUnavailable
from lighttrap.store import orgs, pool
from tests.builders import BOOT, NIGHTFALL, ORG, TRAP, a_reading, a_topic, a_trap, store_readings
from tests.cluster import Databases
from tests.fix_programs import wait_until
from tests.ledger_check import balance

QUICK = {
    "LIGHTTRAP_INGEST__STORED_INTERVAL_S": "0.1",
    "LIGHTTRAP_INGEST__BATCH_S": "0.05",
    "LIGHTTRAP_INGEST__GAP_SCAN_S": "0.2",
    "LIGHTTRAP_INGEST__STANDBY_POLL_S": "0.2",
}


def number(conn: pool.Connection, query: str) -> int:
    [(found,)] = conn.execute(query.encode()).fetchall()
    conn.rollback()
    return int(found)


def stored(conn: pool.Connection) -> int:
    return number(conn, "SELECT count(*) FROM reading")


def wait_until_stored(conn: pool.Connection, wanted: int) -> None:
    wait_until(lambda: stored(conn) >= wanted)


def reasons(conn: pool.Connection) -> list[str]:
    found = [row[0] for row in conn.execute("SELECT reason FROM quarantine ORDER BY reason").fetchall()]
    conn.rollback()
    return found


def test_reading_is_stored_counted_and_the_trap_is_told(database, conn, broker, start_ingest, trap_side):
    a_trap(conn)
    ingest = start_ingest(database, broker.url, **QUICK)
    trap_side.send(a_reading(1))
    wait_until(lambda: trap_side.watermark(BOOT), equals=1)
    assert balance(conn, [(TRAP, BOOT, 1)]).is_even
    assert ingest.metric("lighttrap_ingest_messages_total", result="stored") == 1


def test_watermark_is_retained_for_a_trap_that_was_away(database, conn, broker, start_ingest, trap_side):
    a_trap(conn)
    start_ingest(database, broker.url, **QUICK)
    trap_side.send(a_reading(1))
    wait_until(lambda: trap_side.watermark(BOOT), equals=1)
    trap_side.told.clear()
    trap_side._client.unsubscribe(a_topic(wire.StoredPacket.kind))
    trap_side._client.subscribe(a_topic(wire.StoredPacket.kind), qos=1)
    wait_until(lambda: trap_side.watermark(BOOT), equals=1)


def test_trap_that_says_hello_is_told_of_all_its_recent_boots(database, conn, broker, start_ingest, trap_side):
    a_trap(conn)
    start_ingest(database, broker.url, **QUICK)
    trap_side.send(a_reading(1))
    trap_side.send(a_reading(1, boot=77, start=NIGHTFALL + timedelta(hours=1)))
    wait_until(lambda: trap_side.watermark(77), equals=1)
    trap_side.told.clear()
    trap_side.send(wire.StatusPacket(v=1, online=True, boot=77, last_seq=1))
    wait_until(lambda: (trap_side.watermark(BOOT), trap_side.watermark(77)), equals=(1, 1))


def test_redelivered_reading_is_stored_once(database, conn, broker, start_ingest, trap_side):
    a_trap(conn)
    ingest = start_ingest(database, broker.url, **QUICK)
    packets = [a_reading(seq) for seq in range(1, 101)]
    many = [(a_topic(), packet) for packet in packets * 10]
    random.shuffle(many)
    trap_side.send_all(many)
    wait_until(lambda: ingest.metric("lighttrap_ingest_messages_total"), equals=1000)
    assert ingest.metric("lighttrap_ingest_messages_total", result="duplicate") == 900
    assert balance(conn, [(TRAP, BOOT, p.seq) for p in packets]).is_even


def test_poison_is_quarantined_once_and_its_neighbours_are_stored(database, conn, broker, start_ingest, trap_side):
    a_trap(conn)
    ingest = start_ingest(database, broker.url, **QUICK)
    good = a_reading(1).payload()
    poison = {
        "not_json": b"{",
        "not_utf8": b"\xff\xfe",
        "too_deep": b"[" * 60_000,
        "too_large": b"x" * 1_000_000,
        "duplicate_key": good.replace(b'"lamp_s":600', b'"lamp_s":600,"lamp_s":601'),
        "unknown_version": good.replace(b'"v":1', b'"v":9'),
        "invalid": good.replace(b":41", b":-41"),
        "clock_ahead": a_reading(2, start=datetime.now(UTC) + timedelta(days=400)).payload(),
        "clock_behind": a_reading(3, start=datetime(1970, 1, 1, tzinfo=UTC)).payload(),
    }
    for body in poison.values():
        trap_side.send(body)
        trap_side.send(body)
    trap_side.send(good, topic="lighttrap/v1/Bad Org/x/reading")
    trap_side.send(good)
    wait_until(lambda: ingest.metric("lighttrap_ingest_messages_total"), equals=2 * len(poison) + 2)
    assert reasons(conn) == sorted([*poison, "topic"])
    assert number(conn, "SELECT sum(times) FROM quarantine") == 2 * len(poison) + 1
    assert stored(conn) == 1
    assert ingest.is_running


def test_message_the_database_refuses_is_found_and_its_neighbours_stored(
    database, conn, broker, start_ingest, trap_side
):
    a_trap(conn)
    conn.execute("ALTER TABLE reading ADD CHECK (seq <> 137)")
    conn.commit()
    slow = {**QUICK, "LIGHTTRAP_INGEST__BATCH_S": "1", "LIGHTTRAP_INGEST__BATCH_MESSAGES": "300"}
    ingest = start_ingest(database, broker.url, **slow)
    packets = [a_reading(seq) for seq in range(1, 301)]
    trap_side.send_all((a_topic(), packet) for packet in packets)
    wait_until(lambda: ingest.metric("lighttrap_ingest_messages_total"), equals=300)
    assert reasons(conn) == ["database"]
    assert balance(conn, [(TRAP, BOOT, p.seq) for p in packets if p.seq != 137]).is_even


def test_unknown_trap_is_replayed_once_it_is_registered(database, conn, broker, start_ingest, start_program, trap_side):
    start_ingest(database, broker.url, **QUICK)
    trap_side.send(a_reading(1))
    trap_side.send(wire.StatusPacket(v=1, online=True))
    wait_until(lambda: reasons(conn), equals=["unknown_trap", "unknown_trap"])
    a_trap(conn)
    where = {"LIGHTTRAP_DATABASE__DSN": database}
    replay = start_program("ingest", "replay", "--reason", "unknown_trap", **where)
    assert replay.wait() == 0, replay.output()
    assert "1 stored, 0 duplicates, 1 noted, 0 kept back" in replay.output()
    assert balance(conn, [(TRAP, BOOT, 1)]).is_even
    again = start_program("ingest", "replay", **where)
    assert again.wait() == 0
    assert "0 stored" in again.output()
    assert number(conn, "SELECT count(*) FROM quarantine WHERE state = 'kept'") == 0


def test_replayed_message_that_is_still_wrong_stays_with_its_new_reason(
    database, conn, broker, start_ingest, start_program, trap_side
):
    start_ingest(database, broker.url, **QUICK)
    trap_side.send(a_reading(1))
    wait_until(lambda: reasons(conn), equals=["unknown_trap"])
    a_trap(conn, org="an-giang")
    replay = start_program("ingest", "replay", LIGHTTRAP_DATABASE__DSN=database)
    assert replay.wait() == 0, replay.output()
    assert "0 stored, 0 duplicates, 0 noted, 1 kept back" in replay.output()
    found = conn.execute("SELECT reason, state FROM quarantine ORDER BY quarantine_id").fetchall()
    assert found == [("unknown_trap", "replayed"), ("wrong_org", "kept")]


def test_gap_is_asked_for_again_and_closed_by_the_answer(database, conn, broker, start_ingest, trap_side):
    a_trap(conn)
    start_ingest(database, broker.url, **QUICK, LIGHTTRAP_INGEST__GAP_PATIENCE_S="0")
    trap_side.send(a_reading(1))
    trap_side.send(a_reading(5))
    [command] = wait_until(trap_side.commands)
    assert command == {"v": 1, "command": "resend", "boot": BOOT, "from_seq": 2, "to_seq": 4}
    assert trap_side.watermark(BOOT) == 1
    trap_side.send(a_reading(3))
    gone = {"v": 1, "event": "gone", "at": NIGHTFALL.isoformat(), "boot": BOOT, "from_seq": 2, "to_seq": 2}
    trap_side.send(json.dumps(gone).encode(), a_topic(wire.EventPacket.kind))
    trap_side.send(a_reading(4))
    wait_until(lambda: trap_side.watermark(BOOT), equals=5)
    wait_until(lambda: number(conn, "SELECT count(*) FROM gap WHERE closed_at IS NULL"), equals=0)
    assert number(conn, "SELECT count(*) FROM gap WHERE outcome = 'gone'") == 1


def test_worker_killed_at_random_loses_and_doubles_nothing(database, conn, broker, start_ingest, trap_side):
    a_trap(conn)
    ingest = start_ingest(database, broker.url, **QUICK)
    sent = []
    for life in range(4):
        packets = [a_reading(seq) for seq in range(life * 500 + 1, life * 500 + 501)]
        sent += [(TRAP, BOOT, packet.seq) for packet in packets]
        trap_side.send_all((a_topic(), packet) for packet in packets)
        wait_until_stored(conn, random.randint(0, len(sent)))
        ingest.kill()
        ingest.start()
    wait_until(lambda: stored(conn), equals=len(sent), within=30)
    ingest.wait_until_ready()
    assert balance(conn, sent).is_even


def test_database_that_dies_is_waited_for(own_cluster, broker, start_ingest, trap_side):
    dsn = Databases(own_cluster.dsn()).clone()
    with pool.connect(dsn) as conn:
        a_trap(conn)
    ingest = start_ingest(dsn, broker.url, **QUICK)
    sent = [a_reading(seq) for seq in range(1, 2001)]
    trap_side.send_all((a_topic(), packet) for packet in sent[:1000])
    own_cluster.kill()
    trap_side.send_all((a_topic(), packet) for packet in sent[1000:])
    wait_until(lambda: ingest.get("/readyz")[0], equals=503)
    assert ingest.get("/healthz")[0] == 200
    own_cluster.start()
    again = wait_until(lambda: _connect(dsn), within=30)
    assert again is not None
    with again as conn:
        wait_until(lambda: stored(conn), equals=2000, within=30)
        assert balance(conn, [(TRAP, BOOT, packet.seq) for packet in sent]).is_even
        assert reasons(conn) == []


def _connect(dsn: str) -> pool.Connection | None:
    try:
        return pool.connect(dsn)
    except StoreUnavailable:
        return None


def test_worker_outlives_its_broker(database, conn, broker, start_ingest, trap_side):
    a_trap(conn)
    ingest = start_ingest(database, broker.url, **QUICK)
    trap_side.send(a_reading(1))
    wait_until(lambda: stored(conn), equals=1)
    broker.kill()
    wait_until(lambda: not ingest.is_ready())
    broker.forget()
    broker.start()
    ingest.wait_until_ready()
    assert ingest.metric("lighttrap_ingest_sessions_lost_total") == 1
    wait_until(trap_side._client.is_connected)
    trap_side.send(a_reading(2))
    wait_until(lambda: stored(conn), equals=2)


def test_standby_takes_over_and_nothing_is_lost(database, conn, broker, start_ingest, trap_side):
    a_trap(conn)
    first = start_ingest(database, broker.url, **QUICK)
    second = start_ingest(database, broker.url, ready=False, **QUICK)
    wait_until(lambda: second.get("/readyz"), equals=(503, "standing by"))
    trap_side.send_all((a_topic(), a_reading(seq)) for seq in range(1, 501))
    first.kill()
    second.wait_until_ready()
    trap_side.send_all((a_topic(), a_reading(seq)) for seq in range(501, 601))
    wait_until(lambda: stored(conn), equals=600)
    assert balance(conn, [(TRAP, BOOT, seq) for seq in range(1, 601)]).is_even


def test_sigterm_ends_with_code_0_and_everything_taken_stored_or_left_to_the_broker(
    database, conn, broker, start_ingest, trap_side
):
    a_trap(conn)
    ingest = start_ingest(database, broker.url, **QUICK)
    trap_side.send_all((a_topic(), a_reading(seq)) for seq in range(1, 3001))
    ingest.stop()
    assert ingest.process is not None
    assert ingest.process.returncode == 0
    ingest.start()
    wait_until(lambda: stored(conn), equals=3000)
    assert balance(conn, [(TRAP, BOOT, seq) for seq in range(1, 3001)]).is_even


def test_schema_that_is_not_ours_ends_the_worker_with_what_to_do(empty_database, broker, start_ingest):
    ingest = start_ingest(empty_database, broker.url, ready=False)
    assert ingest.wait() == 2
    assert "lighttrap migrate" in ingest.output()


@pytest.mark.parametrize("setting", ["LIGHTTRAP_INGEST__BATCH_S", "LIGHTTRAP_BROKER__KEEPALIVE_S"])
def test_setting_that_cannot_be_ends_with_code_2_and_names_it(database, broker, start_ingest, setting):
    ingest = start_ingest(database, broker.url, ready=False, **{setting: "soon"})
    assert ingest.wait() == 2
    assert setting in ingest.output()


def test_received_is_stored_or_duplicate_or_quarantined_or_noted(database, conn, broker, start_ingest, trap_side):
    a_trap(conn)
    ingest = start_ingest(database, broker.url, **QUICK)
    mixed = [a_reading(1).payload(), a_reading(1).payload(), b"?", a_reading(2).payload()]
    for body in mixed:
        trap_side.send(body)
    trap_side.send(wire.StatusPacket(v=1, online=True, boot=BOOT, last_seq=2))
    trap_side.send(wire.StatusPacket(v=1, online=True), topic=f"lighttrap/v1/{ORG}/nobody/status")
    wait_until(lambda: ingest.metric("lighttrap_ingest_messages_total"), equals=6)
    assert ingest.metric("lighttrap_ingest_received_total") == 6
    results = ("stored", "duplicate", "quarantined", "noted")
    found = [ingest.metric("lighttrap_ingest_messages_total", result=result) for result in results]
    assert found == [2, 1, 2, 1]


def test_worker_with_a_full_queue_stops_in_time(database, conn, broker, start_ingest, trap_side):
    a_trap(conn)
    small = {
        **QUICK,
        "LIGHTTRAP_INGEST__BATCH_S": "10",
        "LIGHTTRAP_INGEST__QUEUE_MESSAGES": "1",
        "LIGHTTRAP_INGEST__QUIET_S": "2",
    }
    ingest = start_ingest(database, broker.url, **small)
    trap_side.send_all((a_topic(), a_reading(seq)) for seq in range(1, 301))
    wait_until(lambda: ingest.metric("lighttrap_ingest_overflow_total") > 0)
    ingest.stop()
    assert ingest.process is not None
    assert ingest.process.returncode == 0


def test_worker_deletes_what_its_org_keeps_no_longer_while_it_stores(database, conn, broker, start_ingest, trap_side):
    long_ago = datetime.now(UTC) - timedelta(days=200)
    a_trap(conn, in_service_from=long_ago - timedelta(days=1))
    store_readings(conn, *(a_reading(seq, start=long_ago + timedelta(days=seq)) for seq in range(1, 11)))
    orgs.keep_readings(conn, ORG, 60)
    conn.commit()
    ingest = start_ingest(database, broker.url, **QUICK, LIGHTTRAP_INGEST__RETENTION_S="0.2")
    wait_until(lambda: stored(conn), equals=0)
    assert number(conn, "SELECT sum(count) FROM catch") == 10 * 41
    assert ingest.metric("lighttrap_ingest_readings_deleted_total") >= 1
    trap_side.send(a_reading(11, start=datetime.now(UTC) - timedelta(hours=1)))
    wait_until(lambda: trap_side.watermark(BOOT), equals=11)


LIMIT_OF_A_TRANSACTION = """
    CREATE FUNCTION limit_rows() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE taken int := coalesce(nullif(current_setting('tests.taken', true), ''), '0')::int + 1;
    BEGIN
        PERFORM set_config('tests.taken', taken::text, true);
        IF taken > 40 OR NEW.seq = 137 THEN
            RAISE EXCEPTION USING ERRCODE = '53400', MESSAGE = 'tuple decompression limit exceeded by operation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER limit_rows BEFORE INSERT ON reading FOR EACH ROW EXECUTE FUNCTION limit_rows();
"""


def test_limit_that_is_set_too_low_is_waited_out_and_nothing_is_quarantined(
    database, conn, broker, start_ingest, trap_side
):
    a_trap(conn)
    conn.execute(LIMIT_OF_A_TRANSACTION.replace("tuple decompression limit exceeded by operation", "temp_file_limit"))
    conn.commit()
    ingest = start_ingest(database, broker.url, **QUICK)
    trap_side.send_all((a_topic(), a_reading(seq)) for seq in range(130, 145))
    wait_until(lambda: ingest.metric("lighttrap_ingest_store_retries_total", sqlstate_class="53") > 0)
    assert stored(conn) < 15
    conn.execute("DROP TRIGGER limit_rows ON reading")
    conn.commit()
    wait_until(lambda: stored(conn), equals=15, within=30)
    assert reasons(conn) == []
    assert number(conn, "SELECT sum(seq_count(rejected)) FROM ledger") == 0


def test_limit_of_the_columnstore_makes_batches_smaller_and_one_that_never_fits_is_put_by(
    database, conn, broker, start_ingest, start_program, trap_side
):
    a_trap(conn)
    conn.execute(LIMIT_OF_A_TRANSACTION)
    conn.commit()
    slow = {**QUICK, "LIGHTTRAP_INGEST__BATCH_S": "1", "LIGHTTRAP_INGEST__BATCH_MESSAGES": "300"}
    ingest = start_ingest(database, broker.url, **slow)
    packets = [a_reading(seq) for seq in range(1, 301)]
    trap_side.send_all((a_topic(), packet) for packet in packets)
    wait_until(lambda: trap_side.watermark(BOOT), equals=300)
    assert reasons(conn) == ["late_compressed"]
    assert balance(conn, [(TRAP, BOOT, p.seq) for p in packets if p.seq != 137]).is_even
    assert number(conn, "SELECT seq_count(rejected) FROM ledger") == 1
    assert ingest.metric("lighttrap_ingest_store_retries_total") == 0
    conn.execute("DROP TRIGGER limit_rows ON reading")
    conn.commit()
    replay = start_program("ingest", "replay", LIGHTTRAP_DATABASE__DSN=database)
    assert replay.wait() == 0, replay.output()
    assert balance(conn, [(TRAP, BOOT, p.seq) for p in packets]).is_even
