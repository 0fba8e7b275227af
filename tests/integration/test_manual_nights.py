"""Old records: stored once, kept when they differ, and history beside what traps read."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import psycopg
import pytest

from lighttrap import model, nightfile
from lighttrap.agronomy import effort
from lighttrap.errors import Conflict, InputFault
from lighttrap.store import manual_nights, orgs, pool
from lighttrap.store.manual_nights import Fate
from tests import soctrang
from tests.builders import ORG, TRAP, a_trap

BPH, WBPH = "nilaparvata-lugens", "sogatella-furcifera"
NIGHT = date(2010, 3, 5)


def a_night(
    trap_id: str = "dai-hai", night: date = NIGHT, *, count: int = 7, nights: int = 1, nominal_s: int = 10_800
) -> model.ManualNight:
    return model.ManualNight(trap_id, trap_id.title(), BPH, night, count, nominal_s, nights)


def put(conn: pool.Connection, *nights: model.ManualNight, replace: bool = False) -> list[Fate]:
    orgs.ensure_org(conn, ORG)
    outcomes = manual_nights.put_manual_nights(conn, nights, org_id=ORG, source="old.xlsx", replace=replace)
    assert [one.night for one in outcomes] == list(nights)
    return [one.fate for one in outcomes]


def stored(conn: pool.Connection) -> list[tuple[object, ...]]:
    rows = conn.execute("SELECT trap_id, night, count, nights, nominal_s, source FROM manual_night ORDER BY 1, 2")
    return rows.fetchall()


def test_storing_twice_changes_nothing(conn: pool.Connection):
    nights = [a_night(count=count, night=NIGHT + timedelta(days=count)) for count in range(3)]
    assert put(conn, *nights) == [Fate.NEW] * 3
    before = conn.execute("SELECT * FROM manual_night ORDER BY night").fetchall()
    assert put(conn, *nights) == [Fate.SAME] * 3
    assert conn.execute("SELECT * FROM manual_night ORDER BY night").fetchall() == before


@pytest.mark.parametrize("changed", [{"count": 8}, {"nights": 2}, {"nominal_s": 39_600}])
def test_another_value_is_kept_until_it_is_to_be_replaced(conn: pool.Connection, changed: dict[str, Any]):
    put(conn, a_night())
    assert put(conn, a_night(**changed)) == [Fate.DIFFERENT]
    assert stored(conn) == [("dai-hai", NIGHT, 7, 1, 10_800, "old.xlsx")]
    assert put(conn, a_night(**changed), a_night("vinh-loi"), replace=True) == [Fate.REPLACED, Fate.NEW]
    own = {"count": 7, "nights": 1, "nominal_s": 10_800, **changed}
    assert stored(conn)[0] == ("dai-hai", NIGHT, own["count"], own["nights"], own["nominal_s"], "old.xlsx")
    assert put(conn, a_night(**changed)) == [Fate.SAME]


def test_a_trap_of_another_org_is_refused(conn: pool.Connection):
    orgs.ensure_org(conn, "can-tho")
    put(conn, a_night())
    with pytest.raises(Conflict, match="trap dai-hai belongs to org soc-trang"):
        manual_nights.put_manual_nights(conn, [a_night()], org_id="can-tho", source="x")
    a_trap(conn, TRAP)
    with pytest.raises(Conflict, match=TRAP):
        manual_nights.put_manual_nights(conn, [a_night(TRAP)], org_id="can-tho", source="x")


def test_a_species_outside_the_catalogue_is_refused(conn: pool.Connection):
    orgs.ensure_org(conn, ORG)
    wrong = model.ManualNight("dai-hai", "Đại Hải", "nilaparvata-lugen", NIGHT, 1, 10_800)
    with pytest.raises(InputFault, match="nilaparvata-lugen is not in the catalogue"):
        manual_nights.put_manual_nights(conn, [wrong], org_id=ORG, source="x")


def test_history_is_readings_first_and_manual_records_beside_them(conn: pool.Connection):
    a_trap(conn, TRAP, nominal_s=39_600)
    put(
        conn,
        a_night(TRAP),
        a_night(TRAP, NIGHT + timedelta(days=1)),
        a_night(TRAP, NIGHT + timedelta(days=9), nights=7),
    )
    conn.execute("INSERT INTO catch VALUES (%s, %s, %s, 41, 30000, 3)", (TRAP, BPH, NIGHT + timedelta(days=1)))
    found = manual_nights.catch_history(conn, [TRAP], BPH)
    assert found == [
        model.HistoryNight(TRAP, NIGHT, 7, 1, 10_800, 10_800, is_manual=True),
        model.HistoryNight(TRAP, NIGHT + timedelta(days=1), 41, 1, 30_000, 39_600, is_manual=False),
        model.HistoryNight(TRAP, NIGHT + timedelta(days=9), 7, 7, 75_600, 10_800, is_manual=True),
    ]
    assert manual_nights.catch_history(conn, [TRAP], BPH, last=NIGHT) == found[:1]
    assert manual_nights.catch_history(conn, ["another"], BPH) == []
    conn.execute("INSERT INTO catch VALUES (%s, %s, %s, 5, 30000, 3)", (TRAP, BPH, NIGHT + timedelta(days=4)))
    assert [one.is_manual for one in manual_nights.catch_history(conn, [TRAP], BPH)] == [True, False, False]


# The command

WORDS = ("--org", ORG, "--trap-column", "trap", "--night-column", "night", "--count", f"{BPH}=bph")


def run(dsn: str, *words: str) -> subprocess.CompletedProcess[str]:
    """`lighttrap import nights` on this database."""
    command = [sys.executable, "-c", "from lighttrap.cli.main import app; app()", "import", "nights", *words]
    env = {key: value for key, value in os.environ.items() if not key.startswith("LIGHTTRAP_")}
    env["LIGHTTRAP_DATABASE__DSN"] = dsn
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=env)


def a_csv(folder: Path, *lines: str) -> str:
    path = folder / "nights.csv"
    path.write_text("\n".join(("trap,night,bph", *lines)) + "\n", encoding="utf-8")
    return str(path)


def test_command_tells_of_each_row_and_may_be_run_again(database: str, tmp_path: Path):
    file = a_csv(
        tmp_path, "Đại Hải,2010-03-05,12", "Đại Hải,2010-03-06,", "Đại Hải,2010-03-07,x", "Đại Hải,2099-01-01,3"
    )
    first = run(database, file, *WORDS, "--every-row", "--format", "csv")
    assert first.returncode == 0, first.stderr
    told = [(row["line"], row["fate"], row["remark"]) for row in csv.DictReader(io.StringIO(first.stdout))]
    assert told == [
        ("2", "new", ""),
        ("3", "left out", "not read"),
        ("4", "left out", "not a whole number of insects"),
        ("5", "left out", "no night between 1950-01-01 and today"),
    ]
    assert first.stderr.strip() == "1 new, 2 left out, 1 not read"
    again = run(database, file, *WORDS)
    assert "0 new, 1 same, 2 left out, 1 not read" in again.stdout
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT trap_id, trap_name, count, nominal_s, source FROM manual_night").fetchall() == [
            ("dai-hai", "Đại Hải", 12, 10_800, "nights.csv")
        ]


def test_command_reports_a_difference_and_overwrites_only_when_told(database: str, tmp_path: Path):
    run(database, a_csv(tmp_path, "dai-hai,2010-03-05,12"), *WORDS)
    file = a_csv(tmp_path, "dai-hai,2010-03-05,13")
    differs = run(database, file, *WORDS, "--format", "json")
    (row,) = json.loads(differs.stdout)
    assert (row["count"], row["fate"], row["remark"]) == ("13", "different", "stored is 12")
    assert "--replace takes the file's" in differs.stderr
    rehearsed = run(database, file, *WORDS, "--replace", "--dry-run")
    assert "dry run, nothing is stored: 0 new, 1 replaced" in rehearsed.stdout
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT count FROM manual_night").fetchall() == [(12,)]
    assert "0 new, 1 replaced" in run(database, file, *WORDS, "--replace").stdout
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT count FROM manual_night").fetchall() == [(13,)]


def test_dry_run_stores_nothing_not_even_the_org(database: str, tmp_path: Path):
    done = run(database, a_csv(tmp_path, "dai-hai,2010-03-05,12"), *WORDS, "--dry-run")
    assert (done.returncode, "dry run, nothing is stored: 1 new" in done.stdout) == (0, True)
    with psycopg.connect(database) as conn:
        assert conn.execute("SELECT (SELECT count(*) FROM manual_night), (SELECT count(*) FROM org)").fetchone() == (
            0,
            0,
        )


def test_command_reads_a_sheet_of_weekly_totals(database: str, tmp_path: Path):
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ("trap", "night", "bph", "wbph"),
        (1047, date(2010, 3, 7), 700, 70),
        (1047, date(2010, 3, 14), 0, None),
    ):
        sheet.append(row)
    book.save(tmp_path / "weeks.xlsx")
    words = (*WORDS, "--count", f"{WBPH}=wbph", "--nights", "7", "--lamp-hours", "18:00-05:00", "--dates", "dmy")
    done = run(database, str(tmp_path / "weeks.xlsx"), *words)
    assert (done.returncode, "3 new, 1 not read" in done.stdout) == (0, True), done.stderr
    with psycopg.connect(database) as conn:
        found = manual_nights.catch_history(conn, ["1047"], BPH)
    assert [(one.count, one.nights, one.lamp_s) for one in found] == [(700, 7, 277_200), (0, 7, 277_200)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--count", f"{WBPH}=wbph"), "no column wbph"),
        (("--lamp-hours", "7pm"), "--lamp-hours must look like"),
        (("--org", "Sóc Trăng"), "is not 2-32 characters"),
        (("--count", "rice-ghost=bph"), "is not in the catalogue"),
    ],
)
def test_what_cannot_be_imported_is_one_sentence(database: str, tmp_path: Path, words: tuple[str, str], said: str):
    done = run(database, a_csv(tmp_path, "dai-hai,2010-03-05,12", "dai-hai,2010-03-06,2"), *WORDS, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_soc_trang_comes_back_from_history_as_it_stands_in_the_file(database: str):
    names, catch = soctrang.catches()
    words = ("--org", ORG, "--trap-column", "trap", "--night-column", "date", "--count", f"{BPH}=bph_per_night")
    assert "3650 new\n" in run(database, str(soctrang.SOC_TRANG), *words).stdout
    assert "0 new, 3650 same\n" in run(database, str(soctrang.SOC_TRANG), *words).stdout
    with psycopg.connect(database) as conn:
        for name, expected in zip(names, catch, strict=True):
            history = manual_nights.catch_history(conn, [nightfile.trap_id_of(name)], BPH)
            nights = np.array([one.night for one in history], "datetime64[D]")
            values = effort.normalised_catch(
                [one.count for one in history],
                [one.lamp_s for one in history],
                [one.nominal_s for one in history],
                [one.nights for one in history],
            )
            axis = effort.on_axis(nights, values, date(2010, 1, 1), date(2010, 12, 31))
            np.testing.assert_array_equal(axis, expected)
