"""Communes: names for codes, and in messages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lighttrap import model
from lighttrap.cli.main import cli
from lighttrap.errors import InputFault
from lighttrap.notify.fanout import fan_out
from lighttrap.notify.settings import NotifierSettings
from lighttrap.notify.texts import Kind
from lighttrap.store import communes, fields, pool
from tests import soctrang
from tests.builders import ORG
from tests.outbreak import a_night, a_person, a_village, store

Run = Callable[..., str]
UNITS = soctrang.SHARED / "cantho_communes" / "units.csv"


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command; what it raises is the test's."""
    monkeypatch.setenv("LIGHTTRAP_DATABASE__DSN", database)
    return lambda *words: CliRunner().invoke(cli, words, catch_exceptions=False).output


def a_file(folder: Path, text: str) -> str:
    file = folder / "units.csv"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_a_file_is_imported_and_once_more_changes_names_only(conn: pool.Connection, run: Run, tmp_path: Path):
    said = run("commune", "import", a_file(tmp_path, "commune_code,name,former_district\n31135,Ninh Kieu,Ninh Kiều\n"))
    assert said == "1 communes in the file, 1 of them new\n"
    assert run("commune", "import", a_file(tmp_path, "code,name\n31135,Phường Ninh Kiều\n")).endswith("0 of them new\n")
    assert communes.list_communes(conn) == [
        model.Commune("31135", "Phường Ninh Kiều", former_district="Ninh Kiều"),
    ]


def test_a_line_without_a_code_is_named_and_nothing_is_taken(conn: pool.Connection, run: Run, tmp_path: Path):
    with pytest.raises(InputFault, match="line 3"):
        run("commune", "import", a_file(tmp_path, "commune_code,name\n31135,Phường Ninh Kiều\n,Xã Mỹ Tú\n"))
    assert communes.list_communes(conn) == []


@pytest.mark.skipif(not UNITS.exists(), reason="shared data are not here")
def test_the_units_of_can_tho_are_imported(run: Run):
    assert run("commune", "import", str(UNITS)) == "103 communes in the file, 103 of them new\n"


def test_messages_name_the_commune_and_the_field(conn: pool.Connection):
    traps = a_village(conn, 2)
    communes.put_commune(conn, model.Commune("31135", "Phường Ninh Kiều"))
    fields.put_field(conn, model.Field("field-1", ORG, "Ruộng ông Ba", "Asia/Ho_Chi_Minh", commune_code="31135"))
    fields.put_field(conn, model.Field("field-2", ORG, "Ruộng bà Tư", "Asia/Ho_Chi_Minh", commune_code="99999"))
    for number in (1, 2):
        a_person(conn, f"field-{number}", addresses={"sms": f"09{number}"}, accents=False)
    for trap_id in traps:
        store(conn, a_night(trap_id, 1, 360))
    while fan_out(conn, NotifierSettings(), {"sms": Kind.SMS}, datetime.now(UTC)):
        conn.commit()
    texts = [text for (text,) in conn.execute("SELECT text FROM delivery ORDER BY recipient_id")]
    assert "o Ninh Kieu dem 02/10" in texts[0]
    assert "Ruong ong Ba" in texts[0]
    assert "o Ruong ba Tu dem 02/10" in texts[1]
