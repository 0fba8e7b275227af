"""`lighttrap recipient`, `subscribe` and `alert` as a person types them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lighttrap.cli.main import cli
from lighttrap.errors import InputFault, NotFound
from lighttrap.notify.fanout import fan_out
from lighttrap.notify.settings import NotifierSettings
from lighttrap.notify.texts import Kind
from lighttrap.store import pool, recipients
from tests.builders import ORG
from tests.outbreak import a_village, an_outbreak, store

Run = Callable[..., str]


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command; what it raises is the test's."""
    monkeypatch.setenv("LIGHTTRAP_DATABASE__DSN", database)

    def call(*words: str) -> str:
        return CliRunner().invoke(cli, words, catch_exceptions=False, env={"COLUMNS": "400"}).output

    return call


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_farmer_is_added_with_a_page_whose_token_is_not_kept(conn: pool.Connection, run: Run):
    said = run("recipient", "add", "Bà Tư", "--org", ORG, "--address", "sms=0912", "--consent", "on paper")
    token = re.search(r"/f/(\S+)", said)
    assert token is not None
    assert recipients.by_token(conn, token[1]).name == "Bà Tư"
    assert token[1] not in str(conn.execute("SELECT r::text FROM recipient r").fetchall())
    [one] = rows(run("recipient", "list", "--format", "csv"))
    assert (one["quiet"], one["addresses"], one["consent"]) == ("21:00-05:30", "sms=0912", "on paper")
    with pytest.raises(NotFound):
        recipients.by_token(conn, "another")


@pytest.mark.parametrize(
    "wrong",
    [("--quiet", "at night"), ("--address", "0912"), ("--time-zone", "Asia/Nowhere")],
)
def test_a_wrong_option_is_named(run: Run, wrong: tuple[str, str]):
    with pytest.raises(InputFault):
        run("recipient", "add", "Bà Tư", "--org", ORG, *wrong)


def test_a_sheet_is_imported_twice_without_a_second_person_and_does_not_end_a_stop(
    conn: pool.Connection, run: Run, tmp_path: Path
):
    a_village(conn, 2)
    sheet = tmp_path / "farmers.csv"
    sheet.write_text(
        "name,language,sms,email,field_id,level,quiet,consent\n"
        "Bà Tư,vi,0912,tu@example.vn,field-1 field-2,warning,none,on paper\n"
        "Ông Sáu,km,0913,,field-2,,,\n",
        encoding="utf-8",
    )
    assert "2 people in the file, 2 of them new" in run("recipient", "import", str(sheet), "--org", ORG)
    [first, second] = rows(run("recipient", "list", "--format", "csv"))
    assert first["hears"] == "field-1 from warning, field-2 from warning"
    assert (second["hears"], second["language"], second["quiet"]) == ("field-2 from watch", "km", "21:00-05:30")
    run("recipient", "stop", first["recipient_id"])
    assert "2 people in the file, 0 of them new" in run("recipient", "import", str(sheet), "--org", ORG)
    [first, second] = rows(run("recipient", "list", "--format", "csv"))
    assert first["stopped_at"]
    assert not second["stopped_at"]


def test_a_sheet_with_a_wrong_line_changes_nothing(conn: pool.Connection, run: Run, tmp_path: Path):
    a_village(conn, 1)
    sheet = tmp_path / "farmers.csv"
    sheet.write_text("name,sms,field_id\nBà Tư,0912,field-1\nÔng Sáu,0913,field-9\n", encoding="utf-8")
    with pytest.raises(InputFault, match="line 3: there is no field field-9"):
        run("recipient", "import", str(sheet), "--org", ORG)
    assert recipients.list_recipients(conn) == []


def test_nobody_subscribes_to_another_org_s_field(conn: pool.Connection, run: Run):
    a_village(conn, 1)
    run("recipient", "add", "A neighbour", "--org", "can-tho", "--kind", "staff", "--address", "sms=0914")
    [one] = rows(run("recipient", "list", "--format", "csv"))
    with pytest.raises(InputFault):
        run("subscribe", one["recipient_id"], "--field", "field-1")
    assert "whole org from alarm" in run("subscribe", one["recipient_id"], "--level", "alarm")
    with pytest.raises(InputFault):
        run("subscribe", one["recipient_id"], "--field", "field-1", "--commune", "31318")


def test_an_alert_is_seen_approved_rejected_and_acknowledged(conn: pool.Connection, run: Run):
    a_village(conn, 1)
    run("alert", "setting", ORG, "--approval", "--phone", "0292 3 123 456", "--by", "the office")
    run("recipient", "add", "Bà Tư", "--org", ORG, "--address", "sms=0912", "--consent", "on paper")
    [farmer] = rows(run("recipient", "list", "--format", "csv"))
    run("subscribe", farmer["recipient_id"], "--field", "field-1")
    for night in an_outbreak(["trap-1"], 0)[:3]:
        store(conn, night)
    while fan_out(conn, NotifierSettings(), {"sms": Kind.SMS}, datetime.now(UTC)):
        conn.commit()
    conn.rollback()
    [alert] = rows(run("alert", "list", "--format", "csv"))
    assert (alert["state"], alert["highest"], alert["to_approve"]) == ("active", "2", "2")
    assert "approved" in run("alert", "approve", alert["alert_id"], "--by", "Chị Lan")
    texts = rows(run("alert", "messages", alert["alert_id"], "--format", "csv"))
    assert [(one["level"], one["state"], one["reason"]) for one in texts] == [
        ("1", "skipped", "superseded"), ("2", "queued", ""),
    ]  # fmt: skip
    assert all("02923123456" in one["text"] for one in texts)
    with pytest.raises(InputFault):
        run("alert", "reject", alert["alert_id"])
    assert "acknowledged" in run("alert", "ack", alert["alert_id"], "--by", "Chị Lan")
    assert "before" in run("alert", "ack", alert["alert_id"])
    with pytest.raises(NotFound):
        run("alert", "ack", "999")
    notes = conn.execute("SELECT kind, author FROM alert_note ORDER BY note_id").fetchall()
    assert notes == [("approved", "Chị Lan"), ("acknowledged", "Chị Lan")]


def test_an_answer_that_says_stop_is_obeyed_and_another_is_not(conn: pool.Connection, run: Run):
    run("recipient", "add", "Bà Tư", "--org", ORG, "--address", "sms=0912 345 678", "--consent", "on paper")
    assert "no STOP" in run("recipient", "answer", "sms", "84912345678", "Cảm ơn")
    assert recipients.list_recipients(conn)[0].stopped_at is None
    conn.rollback()
    assert run("recipient", "answer", "sms", "84912345678", "Từ chối").startswith("1 of")
    assert recipients.list_recipients(conn)[0].stopped_at is not None
