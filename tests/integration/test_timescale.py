"""TimescaleDB: taken when it is there, whenever that is; and readings are the same in it as without it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from ingest.pipeline import is_of_columnstore
from lighttrap import migrate
from lighttrap.cli import doctor
from lighttrap.errors import StoreRejected
from lighttrap.store import checks, figures, orgs, pool, retention, trap_hours
from tests.builders import ORG, TRAP, a_reading, a_trap, store_readings
from tests.cluster import Cluster
from tests.fix_db import timescale_wanted
from tests.integration.test_store import store
from tests.ledger_check import balance
from tests.services import server_folder
from tests.waiting import wait_until

HOURS_COUNTED = """
    SELECT trap_id, date_bin(interval '1 hour', start_at, 'epoch'), count(*), sum(lamp_s)::bigint,
           max(extract(epoch FROM received_at - end_at))::double precision
    FROM reading WHERE start_at >= now() - interval '30 days' GROUP BY 1, 2
"""
HOURS_SHOWN = "SELECT trap_id, hour, readings, lamp_s, lag_s FROM trap_hour WHERE hour >= now() - interval '30 days'"


@pytest.fixture
def columnstore(conn: pool.Connection) -> pool.Connection:
    """A database in which old readings may be in the columnstore."""
    if not checks.jobs(conn):
        pytest.skip("the server is not TimescaleDB's community edition")
    conn.commit()
    return conn


@contextmanager
def _started(cluster: Cluster) -> Iterator[pool.Connection]:
    cluster.start()
    conn = pool.connect(cluster.dsn())
    try:
        yield conn
    finally:
        conn.close()
        cluster.stop()


def test_server_that_gets_timescaledb_later_is_offered_it_and_takes_it_with_what_is_stored(own_cluster, request):
    licence = timescale_wanted(request.config)
    if licence is None:
        pytest.skip("the server has no TimescaleDB")
    own_cluster.stop()
    with server_folder("later") as folder:
        plain = Cluster(own_cluster.place, folder)
        plain.initialise()
        with _started(plain) as conn:
            assert "0005_hypertable.sql" not in migrate.migrate(conn)
            assert (migrate.pending(conn), migrate.offered(conn)) == ([], [])
            a_trap(conn)
            store_readings(conn, a_reading(1), a_reading(2))
        with _started(Cluster(own_cluster.place, folder, timescale="apache")) as conn:
            hypertable = [m.name for m in migrate.migrations() if m.requires == "timescaledb"]
            assert (migrate.pending(conn), migrate.offered(conn)) == ([], hypertable)
            assert migrate.migrate(conn) == hypertable
            assert migrate.offered(conn) == []
        community = [m.name for m in migrate.migrations() if m.requires == "timescaledb community"]
        community = community if licence == "timescale" else []
        with _started(Cluster(own_cluster.place, folder, timescale=licence)) as conn:
            assert migrate.offered(conn) == community
            assert migrate.migrate(conn) == community
            store_readings(conn, a_reading(3))
            assert balance(conn, [(TRAP, a_reading().boot, seq) for seq in (1, 2, 3)]).is_even


def test_hours_of_traps_are_as_counted_from_their_readings(conn):
    a_trap(conn)
    now = datetime.now(UTC)
    begun = (now - timedelta(days=3)).replace(minute=5, second=0, microsecond=0)
    late = [a_reading(seq, start=begun + timedelta(minutes=10 * seq)) for seq in range(1, 20)]
    fresh = [a_reading(seq, start=now - timedelta(minutes=10 * (40 - seq))) for seq in range(20, 40)]
    store_readings(conn, *late, *fresh)
    counted = sorted(conn.execute(HOURS_COUNTED).fetchall())
    assert sorted(conn.execute(HOURS_SHOWN).fetchall()) == counted
    conn.commit()
    if checks.jobs(conn):
        conn.commit()
        conn.autocommit = True
        conn.execute("CALL refresh_continuous_aggregate('trap_hour_kept', NULL, now() - interval '1 hour')")
        assert sorted(conn.execute(HOURS_SHOWN).fetchall()) == counted


def test_hours_of_a_trap_begin_where_asked_and_belong_to_its_org(conn):
    a_trap(conn)
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    store_readings(conn, *(a_reading(seq, start=now - timedelta(hours=seq)) for seq in range(1, 5)))
    found = trap_hours.list_hours(conn, ORG, TRAP, now - timedelta(hours=2))
    assert [(hour.hour, hour.readings, hour.lamp_s) for hour in found] == [
        (now - timedelta(hours=2), 1, 600),
        (now - timedelta(hours=1), 1, 600),
    ]
    assert trap_hours.list_hours(conn, "an-giang", TRAP, now - timedelta(hours=2)) == []


def test_jobs_that_fail_are_told_apart_from_those_that_did_their_work():
    at = datetime(2026, 11, 25, 1, 27, tzinfo=UTC)
    well = checks.Job(
        1000, "policy_compression", "reading", at, at, 0, None, None, None, is_failing=False, is_late=False
    )
    portal = 'cannot drop portal "" while it is being set up'
    odd = well._replace(
        failures=2, is_failing=True, failing_since=at, last_well_at=None, sqlstate="24000", error=portal
    )
    broken = odd._replace(sqlstate="53100", error="could not extend file")
    found = list(doctor.judge_jobs([well, odd, broken, well._replace(is_late=True)]))
    assert [(finding.verdict, finding.what) for finding in found] == [
        ("note", "jobs"), ("bad", "jobs"), ("bad", "jobs"), ("ok", "jobs"),
    ]  # fmt: skip
    assert "2 times since 2026-11-25 01:27 UTC: could not extend file" in found[1].seen
    assert "CALL run_job(1000)" in found[1].advice
    assert list(doctor.judge_jobs([])) == []


def test_failing_job_is_found_with_its_error_and_since_when(own_cluster, request):
    if timescale_wanted(request.config) != "timescale":
        pytest.skip("the server is not TimescaleDB's community edition")
    own_cluster.stop()
    own_cluster.command += ["-c", "timescaledb.max_background_workers=8"]
    own_cluster.start()
    with pool.connect(own_cluster.dsn()) as conn:
        migrate.migrate(conn)
        conn.execute("SELECT alter_job(job_id, next_start => now()) FROM timescaledb_information.jobs")
        conn.execute("UPDATE _timescaledb_catalog.bgw_job SET config = '{}' WHERE proc_name = 'policy_compression'")
        conn.commit()

        def failing() -> list[checks.Job]:
            found = [job for job in checks.jobs(conn) if job.procedure == "policy_compression" and job.failures]
            conn.commit()
            return found

        wait_until(lambda: bool(failing()), within=60)
        [job] = failing()
        assert (job.relation, job.did_its_work) == ("reading", False)
        assert job.failing_since is not None
        assert "hypertable_id" in str(job.error)
        # One of TimescaleDB's own is due at no time at all.
        late = [one for one in figures.timescale(conn) if one.name == "lighttrap_timescale_late"]
        assert len(late) > 3
        assert [one.labels for one in late if one.value] == []


def test_late_readings_and_duplicates_meet_the_columnstore_as_they_meet_rows(columnstore):
    """The limit of opened rows is set to one: storing opens none. What an org gives up opens a few."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    a_trap(columnstore, in_service_from=midnight - timedelta(days=400))
    a_trap(columnstore, "ct-001", org="can-tho", in_service_from=midnight - timedelta(days=400))
    packets = [a_reading(seq, start=midnight - timedelta(days=200) + timedelta(hours=4 * seq)) for seq in range(1, 900)]
    store(columnstore, *packets[::2])
    _convert_old_chunks(columnstore)
    columnstore.execute("SET timescaledb.max_tuples_decompressed_per_dml_transaction = 1")
    columnstore.commit()
    assert set(store(columnstore, *packets[1::2])) == {"fresh"}
    assert set(store(columnstore, *packets)) == {"duplicate"}
    assert balance(columnstore, [(TRAP, packet.boot, packet.seq) for packet in packets]).is_even
    columnstore.execute("SET timescaledb.max_tuples_decompressed_per_dml_transaction = 2000")
    made = columnstore.execute("SELECT * FROM catch ORDER BY night").fetchall()
    orgs.keep_readings(columnstore, ORG, 100)
    columnstore.commit()
    while retention.delete_some(columnstore):
        columnstore.commit()
    [(first, left)] = columnstore.execute("SELECT min(start_at), count(*) FROM reading").fetchall()
    assert (first, left) == (midnight - timedelta(days=100), len([p for p in packets if p.start >= first]))
    assert columnstore.execute("SELECT * FROM catch ORDER BY night").fetchall() == made
    assert set(store(columnstore, *packets)) == {"duplicate"}


def test_limit_of_the_columnstore_is_the_one_that_ingest_knows(columnstore):
    long_ago = datetime.now(UTC) - timedelta(days=100)
    a_trap(columnstore, in_service_from=long_ago - timedelta(days=1))
    store(columnstore, *(a_reading(seq, start=long_ago + timedelta(minutes=10 * seq)) for seq in range(1, 50)))
    _convert_old_chunks(columnstore)
    columnstore.execute("SET timescaledb.max_tuples_decompressed_per_dml_transaction = 10")
    with pytest.raises(StoreRejected) as caught, pool.translate_errors():
        columnstore.execute("UPDATE reading SET lamp_s = 1 WHERE trap_id = %s AND start_at < now()", [TRAP])
    assert is_of_columnstore(caught.value)
    columnstore.rollback()


def _convert_old_chunks(conn: pool.Connection) -> None:
    """Does what the policy does in its time."""
    conn.commit()
    conn.autocommit = True
    chunks = conn.execute(
        "SELECT format('%I.%I', chunk_schema, chunk_name) FROM timescaledb_information.chunks"
        " WHERE hypertable_name = 'reading' AND range_end < now() - interval '30 days'"
    ).fetchall()
    assert chunks
    for (chunk,) in chunks:
        conn.execute(f"CALL convert_to_columnstore('{chunk}')")
    conn.autocommit = False
