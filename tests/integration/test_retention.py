"""Raw readings that an org keeps no longer go; nothing that was made of them does."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest
from typer.testing import CliRunner

from lighttrap import wire
from lighttrap.cli.main import cli
from lighttrap.errors import InputFault, NotFound
from lighttrap.model import Role
from lighttrap.store import audit, ledger, orgs, pool, retention
from tests.builders import ORG, TRAP, a_reading, a_trap, store_readings
from tests.integration.test_store import store

DAY = timedelta(days=1)
MADE_OF_THEM = ("catch", "trap_night", "ledger", "gap")


def midnight() -> datetime:
    """Of today, UTC: to the day before it readings are deleted."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def aged(seq: int, days: float) -> wire.ReadingPacket:
    return a_reading(seq, start=midnight() - days * DAY)


def delete_all(conn: pool.Connection, org_id: str | None = None) -> int:
    """Deletes until nothing is left to do; how often something was."""
    rounds = 0
    while retention.delete_some(conn, org_id):
        conn.commit()
        rounds += 1
    conn.commit()
    return rounds


def seqs(conn: pool.Connection, trap_id: str = TRAP) -> list[int]:
    return [seq for (seq,) in conn.execute("SELECT seq FROM reading WHERE trap_id = %s ORDER BY 1", [trap_id])]


def made(conn: pool.Connection) -> dict[str, list[tuple[object, ...]]]:
    """All that is made of readings and not a reading."""
    return {name: sorted(conn.execute(f"SELECT * FROM {name}").fetchall()) for name in MADE_OF_THEM}


@pytest.fixture
def kept(conn: pool.Connection) -> pool.Connection:
    """A trap with readings of 300 days, one each 20 days, whose org keeps 100."""
    a_trap(conn, in_service_from=midnight() - 400 * DAY)
    store(conn, *(aged(seq, 300 - 20 * seq) for seq in range(1, 15)))
    orgs.keep_readings(conn, ORG, 100)
    conn.commit()
    return conn


def test_old_readings_go_and_what_was_made_of_them_stays(kept):
    before = made(kept)
    assert delete_all(kept) > 0
    assert seqs(kept) == [10, 11, 12, 13, 14]  # 100 days and less
    assert made(kept) == before
    assert orgs.get_org(kept, ORG).readings_from == midnight() - 100 * DAY


def test_no_deleted_reading_is_missed_or_asked_for_again(kept):
    delete_all(kept)
    assert ledger.follow_gaps(kept) == 0
    assert ledger.gaps(kept, org_id=ORG) == []
    [line] = ledger.lines(kept, trap_id=TRAP)
    assert (line.stored, line.missing, line.watermark) == (14, 0, 14)


def test_deleted_reading_that_comes_again_is_a_duplicate_and_counts_nothing(kept):
    delete_all(kept)
    before = made(kept)
    assert store(kept, aged(1, 280), aged(9, 120), aged(10, 100)) == ["duplicate"] * 3
    after = made(kept)
    assert (after["catch"], after["trap_night"]) == (before["catch"], before["trap_night"])
    assert seqs(kept) == [10, 11, 12, 13, 14]


def test_late_reading_from_before_is_counted_once_and_not_kept(kept):
    delete_all(kept)
    [(count,)] = kept.execute("SELECT sum(count) FROM catch").fetchall()
    late = aged(15, 200)
    assert store(kept, late) == ["fresh"]
    delete_all(kept)
    assert store(kept, late) == ["duplicate"]
    assert kept.execute("SELECT sum(count) FROM catch").fetchall() == [(count + 41,)]
    assert 15 not in seqs(kept)


def test_other_content_under_a_kept_key_is_a_conflict_still(kept):
    delete_all(kept)
    assert store(kept, aged(14, 20).model_copy(update={"lamp_s": 1})) == ["key_conflict"]


def test_each_org_keeps_its_own_and_one_that_decided_nothing_keeps_all(kept):
    a_trap(kept, "ag-001", org="an-giang", in_service_from=midnight() - 400 * DAY)
    a_trap(kept, "ct-001", org="can-tho", in_service_from=midnight() - 400 * DAY)
    for trap_id, org in (("ag-001", "an-giang"), ("ct-001", "can-tho")):
        store_readings(kept, *(aged(seq, 300 - 20 * seq) for seq in range(1, 15)), trap_id=trap_id, org=org)
    orgs.keep_readings(kept, "an-giang", 60)
    kept.commit()
    delete_all(kept)
    assert [len(seqs(kept, trap_id)) for trap_id in (TRAP, "ag-001", "ct-001")] == [5, 3, 14]


def test_worker_of_one_org_deletes_no_other_orgs(kept):
    assert delete_all(kept, "an-giang") == 0
    assert len(seqs(kept)) == 14


def test_what_is_deleted_stays_so_when_more_is_to_be_kept(kept):
    delete_all(kept)
    assert orgs.keep_readings(kept, ORG, None) == 100
    delete_all(kept)
    assert orgs.get_org(kept, ORG).readings_from == midnight() - 100 * DAY
    assert store(kept, aged(1, 280)) == ["duplicate"]


def test_little_is_deleted_at_once(kept, monkeypatch):
    a_trap(kept, "st-015", in_service_from=midnight() - 400 * DAY)
    store_readings(kept, *(aged(seq, 300 - 0.1 * seq) for seq in range(1, 250)), trap_id="st-015")
    monkeypatch.setattr(retention, "ENOUGH_READINGS", 50)
    assert max(iter(lambda: _committed(kept), 0)) <= 50 + 140  # and one span of 14 days
    assert seqs(kept, "st-015") == []


def test_traps_that_are_done_are_not_looked_at_again_until_the_end(kept, monkeypatch):
    # Of an org that keeps everything: no chunk goes whole.
    a_trap(kept, "ag-001", org="an-giang")
    names = [f"st-{n}" for n in range(100, 112)]
    for trap_id in names:
        a_trap(kept, trap_id, in_service_from=midnight() - 400 * DAY)
        store_readings(kept, aged(1, 200), trap_id=trap_id)
    monkeypatch.setattr(retention, "TRAPS", 2)
    places: dict[str, str] = {}
    seen: list[str] = []
    late = [aged(2, 200)]
    while retention.delete_some(kept, places=places):
        kept.commit()
        seen.append(places[ORG])
        if late and places[ORG] > names[5]:
            store_readings(kept, late.pop(), trap_id=names[0])
    assert seen[:-1] == sorted(seen[:-1])
    assert seen[-1] == names[0]  # what came late, when it began anew
    assert kept.execute("SELECT count(*) FROM reading WHERE trap_id LIKE 'st-1%'").fetchone() == (0,)
    assert places == {}


def _committed(conn: pool.Connection) -> int:
    deleted = retention.delete_some(conn)
    conn.commit()
    return deleted


def test_two_at_once_do_not_wait_for_each_other(kept, database):
    with pool.connect(database) as other:
        assert retention.delete_some(kept) > 0
        assert retention.delete_some(other) == 0


def test_org_that_is_not_there_keeps_nothing(conn):
    with pytest.raises(NotFound):
        orgs.keep_readings(conn, "nowhere", 60)


def test_chunks_that_no_org_keeps_are_dropped_whole(kept):
    if kept.execute("SELECT to_regclass('timescaledb_information.chunks')").fetchone() == (None,):
        pytest.skip("the server has no TimescaleDB")
    delete_all(kept)
    [(oldest,)] = kept.execute(
        "SELECT min(range_end) FROM timescaledb_information.chunks WHERE hypertable_name = 'reading'"
    ).fetchall()
    assert oldest > midnight() - 100 * DAY


# How it is decided


def test_admin_decides_and_it_stands_in_the_audit_log(api, conn):
    orgs.ensure_org(conn, ORG)
    conn.commit()
    root = api.as_role(Role.ADMIN)
    answer = api.client.patch(f"/v1/orgs/{ORG}", json={"keep_readings_days": 400}, headers=root)
    assert (answer.status_code, answer.json()["keep_readings_days"]) == (200, 400)
    [entry] = audit.list_entries(conn, ORG, object_kind="org", before_id=audit.NEWEST, limit=5)
    assert (entry.before, entry.after) == ({"keep_readings_days": None}, {"keep_readings_days": 400})
    answer = api.client.patch(f"/v1/orgs/{ORG}", json={}, headers=root)
    assert answer.json()["keep_readings_days"] == 400
    answer = api.client.patch(f"/v1/orgs/{ORG}", json={"keep_readings_days": None}, headers=root)
    assert answer.json()["keep_readings_days"] is None


@pytest.mark.parametrize("days", [0, 59, 36_501])
def test_readings_that_may_come_again_cannot_be_given_up(api, conn, days):
    orgs.ensure_org(conn, ORG)
    conn.commit()
    answer = api.client.patch(f"/v1/orgs/{ORG}", json={"keep_readings_days": days}, headers=api.as_role(Role.ADMIN))
    assert answer.status_code == 422


def test_exports_say_from_when_readings_are_there(api, kept):
    asked = {"first": f"{midnight() - 30 * DAY:%Y-%m-%d}", "last": f"{midnight():%Y-%m-%d}"}
    path, viewer = f"/v1/orgs/{ORG}/exports/readings", api.as_role(Role.VIEWER)
    assert "x-lighttrap-readings-from" not in api.client.get(path, params=asked, headers=viewer).headers
    delete_all(kept)
    since = midnight() - 100 * DAY
    answer = api.client.get(path, params=asked, headers=viewer)
    assert answer.headers["x-lighttrap-readings-from"] == since.isoformat(timespec="seconds")
    book = openpyxl.load_workbook(
        io.BytesIO(api.client.get(path, params={**asked, "format": "xlsx"}, headers=viewer).content)
    )
    about = {str(row[0]): str(row[1]) for row in book["about"].iter_rows(values_only=True)}
    assert about["raw readings"].startswith(since.isoformat(timespec="seconds"))


def test_command_line_decides_too_and_says_what_was_deleted(database, kept, monkeypatch):
    monkeypatch.setenv("LIGHTTRAP_DATABASE__DSN", database)
    run = CliRunner()
    told = run.invoke(cli, ["org", "keep", ORG, "90"])
    assert (told.exit_code, "for 90 days" in told.output) == (0, True)
    assert orgs.get_org(kept, ORG).keep_readings_days == 90
    assert run.invoke(cli, ["org", "keep", ORG, "for-ever"]).exit_code == 0
    kept.commit()
    assert orgs.get_org(kept, ORG).keep_readings_days is None
    assert isinstance(run.invoke(cli, ["org", "keep", ORG, "10"]).exception, InputFault)
    assert ORG in run.invoke(cli, ["org", "list", "--format", "csv"]).output
