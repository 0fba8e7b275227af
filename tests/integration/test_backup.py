"""A backup comes back equal or says what differs; nothing is put over what is there, and nobody is written to after."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from typer.testing import CliRunner

from lighttrap import migrate
from lighttrap.backup import compare, dump, folder, manifest, restore, tools
from lighttrap.backup.folder import Backup, Keep
from lighttrap.backup.manifest import Manifest
from lighttrap.cli import backup as commands
from lighttrap.cli.main import cli
from lighttrap.errors import ConfigError, Conflict, InputFault, LightTrapError, StoreMismatch
from lighttrap.store import backups, corrections, credentials, erasure, pool, restores, withdrawals
from lighttrap.store.corrections import CatchKey, Seen
from tests.builders import ORG
from tests.cluster import Databases
from tests.outbreak import BPH, FIRST, a_night, a_person, a_village, an_outbreak, store
from tests.waiting import wait_until

Harm = Callable[[psycopg.Connection[Any]], object]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def empty(databases: Databases) -> Iterator[str]:
    """A database without anything in it, not even what the template of the server holds."""
    with restore.throw_away(databases.admin_dsn) as dsn:
        yield dsn


@pytest.fixture
def lived_in(conn: pool.Connection) -> pool.Connection:
    """Readings, roll-ups, alerts, a correction, people and quarantine."""
    traps = a_village(conn, 2)
    a_person(conn, "field-1")
    for night in an_outbreak(traps, sick=0):
        store(conn, night)
    store(conn, [one._replace(payload=b"?") for one in a_night(traps[0], 9, 60)])
    key = CatchKey(traps[0], BPH, FIRST)
    corrections.put_correction(conn, ORG, key, 7, seen=Seen(60), reason="đếm lại", author="Lan")
    conn.commit()
    return conn


def take(database: str, place: Path) -> tuple[Path, Manifest]:
    with folder.opened(place):
        return dump.take(database, place)


def run(*words: str, **environ: str) -> str:
    """What a command prints; what it raises is the test's."""
    return CliRunner().invoke(cli, words, catch_exceptions=False, env={"COLUMNS": "300", **environ}).stdout


def test_a_backup_comes_back_equal(lived_in, database, place, empty):
    file, told = take(database, place)
    assert {told.tables[f"public.{name}"].rows > 0 for name in ("reading", "catch", "alert", "quarantine")} == {True}
    restore.restore(file, empty)
    with pool.connect(empty) as back:
        assert compare.differences(back, told) == []


@pytest.mark.parametrize(
    ("harm", "seen"),
    [
        ("UPDATE reading SET lamp_s = lamp_s + 1 WHERE seq = 1", "public.reading has as many rows"),
        ("DELETE FROM correction", "public.correction has 0 rows instead of 1"),
        ("CREATE TABLE another ()", "public.another was not in the backup"),
        ("DROP TABLE visit", "public.visit is missing"),
        ("DELETE FROM schema_migration WHERE name LIKE '0023%'", "other migrations"),
        ("ALTER TABLE alert ALTER alert_id RESTART WITH 1", "the sequence public.alert_alert_id_seq"),
    ],
)
def test_what_differs_is_named(lived_in, database, place, harm, seen):
    _, told = take(database, place)
    lived_in.execute(harm)
    lived_in.commit()
    assert any(text.startswith(seen) for text in compare.differences(lived_in, told))


def test_the_manifest_tells_of_the_moment_of_the_dump_and_not_of_what_came_while_it_was_taken(
    lived_in, database, place, empty, monkeypatch
):
    """Rows come after the snapshot and before the sums are made: neither the dump nor the manifest may have them."""
    start = tools.start

    def write_then_start(*arguments: Any) -> Any:  # noqa: ANN401 - as tools.start
        with psycopg.connect(database) as other:
            other.execute("INSERT INTO org (org_id, name) VALUES ('late', 'Late')")
        return start(*arguments)

    monkeypatch.setattr(tools, "start", write_then_start)
    file, told = take(database, place)
    monkeypatch.undo()
    assert told.tables["public.org"].rows == 1
    restore.restore(file, empty)


def test_nobody_else_may_read_a_backup_and_no_half_is_left(lived_in, database, place):
    file, _ = take(database, place)
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()} == {0o600}
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert sorted(path.name for path in place.iterdir()) == [file.name, f"{file.name}.json"]


def test_a_damaged_dump_is_refused(lived_in, database, place, empty):
    file, _ = take(database, place)
    with file.open("r+b") as text:
        text.seek(file.stat().st_size // 2)
        text.write(b"\x00\xff\x00")
    with pytest.raises(InputFault, match="SHA-256"):
        restore.restore(file, empty)
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(InputFault, match="not whole"):
        restore.restore(file, empty)
    manifest.path_of(file).unlink()
    with pytest.raises(InputFault, match="belong together"):
        restore.restore(file, empty)


def test_a_database_that_is_not_empty_is_left_alone(lived_in, database, place, databases):
    file, told = take(database, place)
    other = databases.clone()
    with pytest.raises(Conflict, match="not empty"):
        restore.restore(file, other)
    with pytest.raises(Conflict, match="not empty"):
        restore.restore(file, database)
    assert compare.differences(lived_in, told) == []
    databases.drop(other)


def test_a_backup_is_found_by_its_name_from_a_folder_that_may_not_be_entered(monkeypatch: pytest.MonkeyPatch):
    def closed(*_: object, **__: object) -> os.stat_result:
        raise PermissionError

    monkeypatch.setenv("LIGHTTRAP_BACKUP__FOLDER", "/backups")
    monkeypatch.setattr(os, "stat", closed)
    assert commands._found(Path("x.dump")) == Path("/backups/x.dump")


def test_a_backup_of_a_newer_release_is_refused(lived_in, database, place, empty):
    lived_in.execute("INSERT INTO schema_migration (name, sha) VALUES ('9999_later.sql', 'x')")
    lived_in.commit()
    file, _ = take(database, place)
    with pytest.raises(StoreMismatch, match="the backup has migration 9999_later"):
        restore.restore(file, empty)


@pytest.fixture
def station(databases: Databases, empty: str) -> Iterator[str]:
    """A role that owns the empty database, as on a server whose superuser is somebody else."""
    name = f"station_{os.urandom(3).hex()}"
    database = conninfo_to_dict(empty)["dbname"]
    with psycopg.connect(databases.admin_dsn, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN IN ROLE pg_read_all_settings".encode())
        admin.execute(f"ALTER DATABASE {database} OWNER TO {name}".encode())
        yield name
        admin.execute(f"DROP DATABASE {database} WITH (FORCE)".encode())
        admin.execute(f"DROP ROLE {name}".encode())


def test_a_backup_of_an_older_release_is_brought_up_to_this_one_for_its_owner(
    databases, place, empty, station, monkeypatch
):
    old = databases.empty()
    every = migrate.migrations()
    monkeypatch.setattr(migrate, "migrations", lambda: every[:10])
    monkeypatch.setattr(migrate, "_can_timescaledb", lambda _: False)
    with pool.connect(old) as conn:
        conn.execute(f"GRANT ALL ON SCHEMA public TO {station}".encode())
        conn.execute(f"SET ROLE {station}".encode())
        migrate.migrate(conn)
    monkeypatch.undo()
    file, told = take(old, place)
    assert (len(told.migrations) < len(every), told.source.roles) == (True, [station])
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    restore.restore(file, empty)
    with pool.connect(empty) as back:
        assert migrate.pending(back) == []
        assert restores.holding(back) is not None
        assert back.execute(owners).fetchall() == [(station,)]
    databases.drop(old)


@pytest.mark.parametrize("number", [10, None], ids=["of a release without the table", "of this release"])
def test_messages_are_held_also_when_what_came_back_differs(databases, place, empty, number, monkeypatch):
    """Somebody may go on with that database all the same, and migrate it by hand."""
    old = databases.empty()
    every = migrate.migrations()
    with monkeypatch.context() as patched, pool.connect(old) as conn:
        patched.setattr(migrate, "migrations", lambda: every[:number])
        patched.setattr(migrate, "_can_timescaledb", lambda _: False)
        migrate.migrate(conn)
    file, told = take(old, place)
    tables = {**told.tables, "public.org": manifest.Table(rows=9, checksum="9")}
    manifest.write(file, told.model_copy(update={"tables": tables}))
    with pytest.raises(LightTrapError, match=r"backup: public\.org has 0 rows instead of 9$"):
        restore.restore(file, empty)
    with pool.connect(empty) as back:
        migrate.migrate(back)
        held = restores.holding(back)
    assert held is not None
    assert held.dump == file.name
    databases.drop(old)


def test_who_owns_the_database_saves_it_and_a_superuser_puts_it_back_for_them(databases, place, empty, station):
    """As at a site: nobody works as superuser, and the new database may have TimescaleDB's extension already."""
    database = databases.empty()
    with psycopg.connect(databases.admin_dsn, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {conninfo_to_dict(database)['dbname']} OWNER TO {station}".encode())
    dsn = make_conninfo(database, user=station)
    with pool.connect(dsn) as conn:
        migrate.migrate(conn)
        for night in an_outbreak(a_village(conn, 1), sick=0):
            store(conn, night)
    file, told = take(dsn, place)
    if told.source.timescaledb:
        with pool.connect(empty) as conn:
            backups.create_timescaledb(conn, told.source.timescaledb)
    restore.restore(file, empty)
    with pool.connect(make_conninfo(empty, user=station)) as back:
        assert back.execute("SELECT count(*) FROM reading").fetchone() == (48,)
        assert back.execute("DELETE FROM reading WHERE seq = 1").rowcount == 1
    databases.drop(database)


def test_roles_that_are_not_there_are_named(lived_in, database, place, empty):
    file, told = take(database, place)
    source = told.source.model_copy(update={"roles": ["the-province"]})
    manifest.write(file, told.model_copy(update={"source": source}))
    with pytest.raises(ConfigError, match="the-province"):
        restore.restore(file, empty)
    restore.restore(file, empty, own=True)


def test_a_database_without_lighttrap_is_not_backed_up(empty_database, place):
    with pytest.raises(ConfigError, match="nothing to back up"):
        take(empty_database, place)


def test_a_dump_that_fails_leaves_no_backup(lived_in, database, place, monkeypatch):
    place.mkdir()
    broken = place / "pg_dump"
    broken.write_text("#!/bin/sh\necho 'pg_dump: error: it broke' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(tools, "for_dump", lambda _: tools.Tool(broken, 99, "99.1"))
    with pytest.raises(LightTrapError, match="it broke"):
        take(database, place)
    assert folder.backups(place) == []


def test_a_pg_dump_older_than_the_server_is_refused():
    with pytest.raises(ConfigError, match="postgresql-client-99"):
        tools.for_dump(99)


def test_two_backups_at_once_are_refused(place):
    with folder.opened(place), pytest.raises(Conflict, match="another backup"), folder.opened(place):
        pass


def test_a_proven_backup_says_so_and_its_database_is_gone(lived_in, database, place, databases):
    file, _ = take(database, place)
    said = run("backup", "verify", str(file), "--on", databases.admin_dsn)
    assert "equal" in said
    assert manifest.read(file).proven_at is not None
    with psycopg.connect(databases.admin_dsn) as admin:
        left = admin.execute("SELECT datname FROM pg_database WHERE datname LIKE 'lighttrap_verify_%'").fetchall()
    assert left == []


def test_a_manifest_that_does_not_fit_its_dump_is_not_proven(lived_in, database, place, databases):
    file, told = take(database, place)
    tables = {**told.tables, "public.org": manifest.Table(rows=1, checksum="1")}
    manifest.write(file, told.model_copy(update={"tables": tables}))
    with pytest.raises(LightTrapError, match=r"public\.org"):
        restore.prove(file, databases.admin_dsn)
    assert manifest.read(file).proven_at is None


def test_the_command_prints_the_file_keeps_what_it_was_told_to_and_writes_the_figures(
    lived_in, database, place, tmp_path
):
    figures = tmp_path / "lighttrap_backup.prom"
    environ = {
        "LIGHTTRAP_DATABASE__DSN": database,
        "LIGHTTRAP_BACKUP__FOLDER": str(place),
        "LIGHTTRAP_BACKUP__TEXTFILE": str(figures),
    }
    old = Path(run("backup", **environ).strip().splitlines()[-1])
    assert old.exists()
    told = manifest.read(old)
    manifest.write(old, told.model_copy(update={"taken_at": told.taken_at - timedelta(days=3)}))
    new = Path(run("backup", "--keep", "2/1", **environ).strip().splitlines()[-1])
    assert [one.file for one in folder.backups(place)] == [new]
    assert "lighttrap_backup_kept 1" in figures.read_text()
    assert stat.S_IMODE(figures.stat().st_mode) == 0o644
    [one] = json.loads(run("backup", "list", "--format", "json", **environ))
    assert one["file"] == new.name


NOW = datetime(2026, 11, 24, tzinfo=UTC)


def a_backup(days: float, *, proven: bool = False) -> Backup:
    """One of so many days ago, of which nothing exists but its manifest."""
    at = NOW - timedelta(days=days)
    source = manifest.Source(
        postgresql="18", major=18, timescaledb=None, license=None, pg_dump="18", pg_dump_major=18, roles=[]
    )
    told = Manifest(
        taken_at=at, lighttrap="0", seconds=0, migrations={}, source=source, tables={}, sequences={}, file="", bytes=0,
        sha256="", proven_at=at if proven else None,
    )  # fmt: skip
    return Backup(Path(f"{days}"), told)


@pytest.mark.parametrize(
    ("days", "proven", "gone"),
    [
        ([0, 1, 2, 3, 4], (), [3, 4]),
        ([0], (), []),
        ([9, 10], (), []),
        ([0, 1, 9], (), [9]),
        ([0, 1, 9, 10], (9,), [10]),
        ([0, 1, 9, 10], (10,), [9]),
        ([0, 1, 9, 10], (0, 9), [9, 10]),
    ],
    ids=["by age", "the only one", "none newer", "old and enough newer", "the proven stays", "an old one", "a newer"],
)
def test_what_is_thrown_away(days, proven, gone):
    found = [a_backup(one, proven=one in proven) for one in days]
    assert [int(str(one.file)) for one in folder.superfluous(found, Keep(2, 2), NOW)] == gone


@pytest.mark.parametrize("wrong", ["", "a", "3/0", "3/", "-1"])
def test_a_rule_that_keeps_nothing_or_says_nothing_is_refused(wrong):
    if wrong == "3/":
        assert folder.keep_of(wrong) == Keep(3, folder.COUNT)
        return
    with pytest.raises(ConfigError):
        folder.keep_of(wrong)


def test_what_an_interrupted_backup_left_is_thrown_away_after_a_day(place):
    place.mkdir()
    fresh, old = place / ".lighttrap-1.dump.part", place / ".lighttrap-2.dump.part"
    fresh.touch()
    old.touch()
    before = datetime.now(UTC).timestamp() - 2 * 86_400
    os.utime(old, (before, before))
    folder.prune(place, Keep(1, 1))
    assert list(place.iterdir()) == [fresh]


def test_doctor_says_how_old_the_newest_backup_is(lived_in, database, place, databases):
    environ = {"LIGHTTRAP_DATABASE__DSN": database, "LIGHTTRAP_BACKUP__FOLDER": str(place)}

    def backup_line() -> tuple[str, str]:
        [one] = [one for one in json.loads(run("doctor", "--format", "json", **environ)) if one["what"] == "backup"]
        return one["verdict"], one["seen"]

    place.mkdir()
    assert backup_line() == ("bad", f"there is none in {place}")
    file, told = take(database, place)
    verdict, seen = backup_line()
    assert (verdict, "0.0 hours old" in seen, "none was ever restored" in seen) == ("note", True, True)
    manifest.write(file, told.model_copy(update={"proven_at": datetime.now(UTC)}))
    assert backup_line()[0] == "ok"
    manifest.write(file, told.model_copy(update={"taken_at": told.taken_at - timedelta(hours=27)}))
    assert backup_line()[0] == "bad"


def test_after_a_restore_doctor_and_the_command_say_what_to_do(lived_in, database, place, empty):
    file, _ = take(database, place)
    said = run("restore", str(file), "--into", empty)
    assert "Messages are held" in said
    environ = {"LIGHTTRAP_DATABASE__DSN": empty}
    [line] = [one for one in json.loads(run("doctor", "--format", "json", **environ)) if one["what"] == "messages"]
    assert (line["verdict"], "alert resume" in line["advice"]) == ("bad", True)
    assert run("alert", "resume", "--by", "Lan", **environ) == "messages go out again\n"
    assert run("alert", "resume", "--by", "Lan", **environ) == "nothing was held\n"
    [line] = [one for one in json.loads(run("doctor", "--format", "json", **environ)) if one["what"] == "messages"]
    assert "held" not in line["seen"]


def test_verify_only_compares_and_changes_nothing(lived_in, database, place):
    file, _ = take(database, place)
    assert run("restore", str(file), "--into", database, "--verify-only").startswith("equal: ")
    lived_in.execute("UPDATE catch SET count = count + 1 WHERE night = %s", [FIRST])
    lived_in.commit()
    with pytest.raises(LightTrapError, match=r"public\.catch has as many rows"):
        run("restore", str(file), "--into", database, "--verify-only")


def test_the_database_is_made_when_that_is_asked_for(lived_in, database, place, databases):
    file, _ = take(database, place)
    new = database + "_new"
    run("restore", str(file), "--into", new, "--create")
    with pool.connect(new) as back:
        assert back.execute("SELECT count(*) FROM reading").fetchone() == (96,)
    databases.drop(new)


def test_nobody_is_logged_in_after_a_restore(lived_in, database, place, empty):
    lived_in.execute("INSERT INTO account (login, name, password_hash) VALUES ('lan', 'Lan', 'x')")
    lived_in.execute(
        "INSERT INTO login_session (session_sha, account_id, expires_at)"
        " SELECT '\\x00', account_id, now() + interval '1 day' FROM account"
    )
    lived_in.commit()
    file, told = take(database, place)
    assert told.tables["public.login_session"].rows == 1
    restore.restore(file, empty)
    with pool.connect(empty) as back:
        assert back.execute("SELECT count(*) FROM login_session").fetchone() == (0,)


def test_what_was_taken_back_since_an_old_backup_is_taken_back_again(lived_in, database, place, empty, conn):
    farmer = a_person(conn, "field-2", name="Ông Sáu", addresses={"sms": "0987654321"})
    stopper = a_person(conn, "field-2", name="Bà Bảy", addresses={"sms": "0987654322"})
    credentials.issue(conn, ORG, "trap-1", "Lan")
    conn.execute("INSERT INTO account (login, name, password_hash) VALUES ('lan', 'Lan', 'x')")
    conn.execute(
        "INSERT INTO api_token (token_sha, org_id, name, role, created_by, expires_at)"
        " VALUES ('\\x00', %s, 'a gateway', 'service', 'Lan', 'infinity')",
        [ORG],
    )
    conn.commit()
    old, told = take(database, place)
    erasure.erase(conn, ORG, farmer)
    conn.execute("UPDATE recipient SET stopped_at = now() WHERE recipient_id = %s", [stopper])
    conn.execute("UPDATE account SET disabled_at = now()")
    conn.execute("UPDATE api_token SET revoked_at = now()")
    credentials.revoke(conn, ORG, "trap-1")
    conn.commit()
    assert "0987654321" not in take_later(database, place, told).model_dump_json()
    said = run("restore", str(old), "--into", empty)
    assert "1 erased, 1 stopped, 1 trap, 1 token, 1 account" in said
    with pool.connect(empty) as back:
        assert back.execute("SELECT name FROM recipient WHERE recipient_id = %s", [farmer]).fetchone() == ("-",)
        assert back.execute("SELECT count(*) FROM recipient_address WHERE address LIKE '%321'").fetchone() == (0,)
        assert credentials.list_logins(back) == []


def test_another_person_under_the_number_of_one_who_was_erased_stays(lived_in, database, place, empty, conn):
    """After a restore numbers are given anew: a manifest from before it must not erase who has the number now."""
    old, told = take(database, place)
    farmer = a_person(conn, "field-2")
    erasure.erase(conn, ORG, farmer)
    conn.commit()
    newest = take_later(database, place, told)
    restore.restore(old, empty)
    with pool.connect(empty) as back:
        assert a_person(back, "field-2", name="Ông Tám") == farmer
        wanted = [withdrawals.Withdrawal(**one.model_dump()) for one in newest.withdrawn]
        assert withdrawals.repeat(back, wanted) == {}


def take_later(database: str, place: Path, before: Manifest) -> Manifest:
    """A backup in a later second; two of one second would have one name."""
    wait_until(lambda: datetime.now(UTC) > before.taken_at + timedelta(seconds=1))
    return take(database, place)[1]


def test_a_backup_of_a_timescaledb_that_is_not_here_is_refused(lived_in, database, place, empty):
    """On plain PostgreSQL, which has none, as on a server with another version: chunks would be lost without a word."""
    file, told = take(database, place)
    source = told.source.model_copy(update={"timescaledb": "0.0.1", "license": "timescale"})
    manifest.write(file, told.model_copy(update={"source": source}))
    with pytest.raises(ConfigError, match=r"of TimescaleDB 0\.0\.1"):
        restore.restore(file, empty)
    with pool.connect(empty) as back:
        assert backups.contents(back) == []


def test_a_backup_of_plain_postgresql_makes_use_of_timescaledb_where_it_is(databases, place, empty, monkeypatch):
    plain = databases.empty()
    monkeypatch.setattr(migrate, "_can_timescaledb", lambda _: False)
    with pool.connect(plain) as conn:
        migrate.migrate(conn)
        for night in an_outbreak(a_village(conn, 1), sick=0):
            store(conn, night)
    monkeypatch.undo()
    file, told = take(plain, place)
    with pool.connect(empty) as conn:
        if backups.server(conn).preloaded:  # as roles.sql leaves an empty database
            conn.execute("CREATE EXTENSION timescaledb")
    restore.restore(file, empty)
    with pool.connect(empty) as back:
        here = backups.server(back)
        assert (told.source.timescaledb, here.timescaledb is not None) == (None, here.preloaded)
        assert back.execute("SELECT count(*) FROM reading").fetchone() == (48,)
    databases.drop(plain)
