"""The command line as a person uses it, against one running `lighttrap up`."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from tests.e2e.up_process import Up, a_place, an_up, is_alive
from tests.waiting import wait_until

pytestmark = [pytest.mark.db, pytest.mark.broker, pytest.mark.slow]

SHARED = Path(os.environ.get("LIGHTTRAP_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
SOC_TRANG = SHARED / "soctrang_2010" / "soctrang_2010_long.csv"
RULE = ("rule", "set", "nilaparvata-lugens", "--author", "Chị Lan")
WORDS = ("--trap-column", "trap_id", "--night-column", "date", "--count", "nilaparvata-lugens=bph_per_night")


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    """One `lighttrap up` for the tests of this file."""
    with a_place() as place, an_up(place / "data") as run:
        run.start()
        yield run


def lighttrap(up: Up, *words: str, within: float = 150) -> subprocess.CompletedProcess[str]:
    """Runs a command on the data directory of `up`."""
    command = [sys.executable, "-c", "from lighttrap.cli.main import app; app()", *words, "--data", str(up.data)]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("LIGHTTRAP_")}
    return subprocess.run(command, capture_output=True, text=True, timeout=within, check=False, env=clean)


def rows(up: Up, *words: str) -> list[dict[str, str]]:
    """The rows of a command that prints CSV."""
    done = lighttrap(up, *words, "--format", "csv")
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout)))


def table(up: Up, name: str) -> Sequence[tuple[object, ...]]:
    """A whole table, in an order of its own."""
    with psycopg.connect(up.addresses().db_dsn) as conn:
        return conn.execute(f"SELECT t::text FROM {name} t ORDER BY 1".encode()).fetchall()


def a_file(place: Path, nights: int, traps: Sequence[str], seed: int = 1) -> tuple[Path, dict[tuple[str, str], int]]:
    """A CSV of nightly catches like real ones: many zeros, now and then thousands."""
    chance = random.Random(seed)
    first = date(2012, 12, 20)
    counts = {
        (trap, str(first + timedelta(days=night))): int(chance.paretovariate(0.5)) - 1 if chance.random() < 0.4 else 0
        for trap in traps
        for night in range(nights)
    }
    counts = {key: min(count, 250_000) for key, count in counts.items()}
    lines = ["trap_id,date,bph_per_night", *(f"{trap},{night},{count}" for (trap, night), count in counts.items())]
    file = place / f"nights-{seed}.csv"
    file.write_text("\n".join(lines) + "\n")
    return file, counts


def nights(up: Up, org: str) -> dict[tuple[str, str], int]:
    """What `lighttrap nights` says of an org's traps."""
    return {(row["trap_id"], row["night"]): int(row["count"]) for row in rows(up, "nights", "--org", org)}


def test_replayed_nights_equal_their_file_and_replaying_again_changes_nothing(up, tmp_path):
    file, counts = a_file(tmp_path, 40, ["re-play-1", "re-play-2", "re-play-3"])
    done = lighttrap(up, "replay", str(file), *WORDS, "--org", "replayed", "--register")
    assert done.returncode == 0, done.stderr
    assert nights(up, "replayed") == counts
    assert {row["state"] for row in rows(up, "nights", "--org", "replayed")} == {"complete"}
    before = [table(up, name) for name in ("reading", "catch", "trap_night")]
    again = lighttrap(up, "replay", str(file), *WORDS, "--org", "replayed", "--register")
    assert again.returncode == 0, again.stderr
    assert [table(up, name) for name in ("reading", "catch", "trap_night")] == before
    for line in rows(up, "ledger", "--org", "replayed"):
        assert (line["stored"], line["duplicate"], line["missing"]) == ("440", "440", "0")


def test_values_that_are_no_whole_numbers_are_listed_and_left_out(up, tmp_path):
    file = tmp_path / "odd.csv"
    file.write_text("trap_id,date,bph_per_night\nodd-1,2012-01-01,7\nodd-1,2012-01-02,7.5\nodd-1,2012-01-03,\n")
    done = lighttrap(up, "replay", str(file), *WORDS, "--org", "odd", "--register")
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert "7.5" in said
    assert "not a whole number" in said
    assert nights(up, "odd") == {("odd-1", "2012-01-01"): 7}


@pytest.mark.skipif(not SOC_TRANG.exists(), reason="the shared data are not here")
def test_real_nights_equal_their_source_though_ingest_and_broker_are_killed(up):
    with SOC_TRANG.open() as file:
        counts = {(row["trap_id"], row["date"]): int(row["bph_per_night"]) for row in csv.DictReader(file)}
    command = ["replay", str(SOC_TRANG), *WORDS, "--org", "soc-trang", "--register"]
    words = [sys.executable, "-c", "from lighttrap.cli.main import app; app()", *command, "--data", str(up.data)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as replay:
        for name in ("ingest", "ingest", "broker", "ingest", "broker", "ingest"):
            wait_until(lambda: replay.poll() is not None or has_stored_more(up), within=90)
            kill(up, name)
        assert replay.wait(150) == 0
    assert nights(up, "soc-trang") == counts


def kill(up: Up, name: str) -> None:
    """Ends a child of `up` as a power cut would, once it runs."""
    wait_until(lambda: is_alive(up.pid_of(name)), within=30)
    os.kill(up.pid_of(name), signal.SIGKILL)


_SEEN: dict[str, int] = {}


def has_stored_more(up: Up) -> bool:
    """Whether at least 500 readings were stored since this was last true."""
    with psycopg.connect(up.addresses().db_dsn) as conn:
        [(number,)] = conn.execute("SELECT count(*) FROM reading").fetchall()
    if number < _SEEN.get("number", 0) + 500:
        return False
    _SEEN["number"] = number
    return True


def test_ten_thousand_traps_send_one_reading_each_and_all_are_stored_once(up):
    done = lighttrap(up, "simulate", "--traps", "10000", "--prefix", "many", "--org", "many", "--once")
    assert done.returncode == 0, done.stderr[-2000:]
    with psycopg.connect(up.addresses().db_dsn) as conn:
        found = conn.execute(
            "SELECT count(*), count(DISTINCT trap_id), count(DISTINCT (trap_id, boot, seq)) FROM reading "
            "WHERE trap_id LIKE 'many-%'"
        ).fetchone()
    assert found == (10_000, 10_000, 10_000)


def test_traps_and_fields_are_added_listed_and_imported(up, tmp_path):
    assert lighttrap(up, "field", "add", "dai-hai", "--org", "listed", "--lon", "105.8", "--lat", "9.7").returncode == 0
    assert lighttrap(up, "trap", "add", "li-001", "--org", "listed", "--field", "dai-hai").returncode == 0
    sheet = tmp_path / "traps.csv"
    sheet.write_text("\ufefftrap_id,org,name,field\nli-002,listed,Bẫy Đại Hải,dai-hai\nli-003,listed,,\n", "utf-8")
    assert "2 of them new" in lighttrap(up, "trap", "import", str(sheet)).stdout
    assert "0 of them new" in lighttrap(up, "trap", "import", str(sheet)).stdout
    found = {row["trap_id"]: (row["name"], row["field_id"]) for row in rows(up, "trap", "list", "--org", "listed")}
    assert found == {"li-001": ("li-001", "dai-hai"), "li-002": ("Bẫy Đại Hải", "dai-hai"), "li-003": ("li-003", "")}
    geojson = tmp_path / "fields.geojson"
    square = [[[105.0, 9.0], [105.1, 9.0], [105.1, 9.1], [105.0, 9.0]]]
    feature = {
        "type": "Feature",
        "properties": {"field_id": "ke-sach", "name": "Kế Sách", "area_ha": 1.5, "commune_code": "31528"},
        "geometry": {"type": "Polygon", "coordinates": square},
    }
    geojson.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    assert lighttrap(up, "field", "import", str(geojson), "--org", "listed").returncode == 0
    fields = {row["field_id"]: (row["name"], row["place"]) for row in rows(up, "field", "list", "--org", "listed")}
    assert fields == {"dai-hai": ("dai-hai", "9.70000, 105.80000"), "ke-sach": ("Kế Sách", "Polygon")}


def test_rules_are_proposed_once_and_set_by_people(up):
    assert "14 proposed rules" in lighttrap(up, "rule", "propose", "--org", "ruled").stdout
    words = ("rule", "set", "nilaparvata-lugens", "--org", "ruled", "--author", "Chị Lan")
    done = lighttrap(up, *words, "--watch", "250", "--alarm", "4000", "--k", "2", "--of", "3")
    assert "version 2" in done.stdout, done.stderr
    assert "0 proposed rules" in lighttrap(up, "rule", "propose", "--org", "ruled").stdout
    found = {row["species"]: row for row in rows(up, "rule", "list", "--org", "ruled")}
    assert len(found) == 14
    own = found["nilaparvata-lugens"]
    assert (own["watch"], own["warning"], own["alarm"], own["is_proposal"]) == ("250.0", "", "4000.0", "False")
    assert (own["k"], own["n"], own["author"]) == ("2", "3", "Chị Lan")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ((*RULE, "--org", "demo"), 2, "the rule needs a threshold"),
        ((*RULE, "--org", "demo", "--jump", "3"), 2, "need --floor"),
        ((*RULE, "--org", "demo", "--watch", "500", "--warning", "400"), 2, "must rise"),
        ((*RULE, "--org", "nobody", "--watch", "500"), 2, "there is no org nobody"),
        (("trap", "add", "Bad Id", "--org", "demo"), 2, "trap id 'Bad Id' is not 3-32 characters"),
        (("trap", "add", "fine-id", "--org", "demo", "--field", "nowhere"), 1, "there is no field nowhere"),
        (("trap", "import", "/nonexistent.csv"), 2, "cannot be read"),
        (("replay", "/nonexistent.csv", *WORDS, "--org", "demo"), 2, "cannot be opened"),
        (("nights", "--from", "yesterday"), 2, "yesterday"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_a_code(up, words, code, sentence):
    done = lighttrap(up, *words)
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_command_without_a_running_up_says_how_to_get_one(up, tmp_path):
    nobody = Up(tmp_path / "nothing", tmp_path / "nothing.log", {})
    done = lighttrap(nobody, "nights")
    assert done.returncode == 2
    assert "no `lighttrap up` runs on" in done.stderr


def test_doctor_finds_all_well_and_says_so(up):
    done = lighttrap(up, "doctor", "--format", "json")
    found = {finding["what"]: finding["verdict"] for finding in json.loads(done.stdout)}
    assert done.returncode == 0
    assert {
        found[name] for name in ("database", "schema", "durability", "broker", "ingest", "notify", "api", "dashboard")
    } == {"ok"}
    assert found["backup"] == "note"


def test_first_admin_and_a_token_are_made_by_the_command_line(up):
    sets_up = [sys.executable, "-c", "from lighttrap.cli.main import app; app()", "user", "add", "root", "--admin"]
    words = ["--password-stdin", "--data", str(up.data)]
    done = subprocess.run([*sets_up, *words], input="ba con trâu trắng\n", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [row["is_admin"] for row in rows(up, "user", "list")] == ["True"]
    assert lighttrap(up, "trap", "add", "st-901", "--org", "tokens").returncode == 0
    made = lighttrap(up, "token", "add", "IOC", "--org", "tokens")
    assert made.stdout.startswith("lt_"), made.stderr
    [token] = rows(up, "token", "list", "--org", "tokens")
    assert lighttrap(up, "token", "revoke", token["token_id"]).returncode == 0
    assert rows(up, "token", "list", "--org", "tokens")[0]["revoked_at"]
    assert lighttrap(up, "user", "disable", "root").returncode == 0
    assert rows(up, "user", "list")[0]["disabled_at"]
    assert lighttrap(up, "user", "enable", "root").returncode == 0
    assert lighttrap(up, "user", "admin", "root", "--off").returncode == 0
    [back] = rows(up, "user", "list")
    assert (back["disabled_at"], back["is_admin"]) == ("", "False")
