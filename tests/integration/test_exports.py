"""Exports on a real database: what stands in the files, and that no file looks whole which is not."""

from __future__ import annotations

import asyncio
import csv
import io
import socket
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx2
import openpyxl
import pytest
from pyarrow import parquet

from api.exports import geojson, parquetfile, tables, xlsxfile
from api.exports.stream import Streamed
from api.main import operations
from lighttrap import model
from lighttrap.model import Role
from lighttrap.store import alerts, catches, corrections, exports, fields, nights, pool, readings, traps
from tests.builders import NIGHTFALL, ORG, TRAP, a_reading, a_trap
from tests.fix_api import Api, ApiProgram, a_token
from tests.outbreak import BPH, FIRST, a_village, an_outbreak
from tests.outbreak import store as store_batch_of
from tests.waiting import wait_until

NIGHT = date(2025, 11, 22)
SPAN = {"first": "2025-11-20", "last": "2025-11-24"}
HOSTILE = [
    "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\tx", "\rx", 'say "hi"', "two\nlines", "a,b;c", "#N/A", "=1+1",
    " =1", "'=1", "Bẫy đèn Sóc Trăng", "អន្ទាក់ភ្លើង", "🦗", "<script>alert(1)</script>", "1e5", "TRUE",
]  # fmt: skip
FORMATS = ("csv", "xlsx", "parquet")


def store(conn: pool.Connection, *packets: Any, trap_id: str = TRAP, org: str = ORG) -> None:  # noqa: ANN401
    readings.create_stage(conn)
    staged = [
        readings.StagedReading(place, org, trap_id, packet, datetime.now(UTC), bytes([place]))
        for place, packet in enumerate(packets)
    ]
    readings.stage_readings(conn, readings.pack(conn, staged))
    readings.insert_staged(conn)
    catches.add_fresh(conn)
    conn.commit()


def a_field(conn: pool.Connection, field_id: str = "field-7", **values: Any) -> str:  # noqa: ANN401 - of model.Field
    own = {"name": "Ruộng", "time_zone": "Asia/Ho_Chi_Minh"}
    fields.put_field(conn, model.Field(field_id=field_id, org_id=ORG, **{**own, **values}))
    conn.commit()
    return field_id


def ask(api: Api, what: str, format: str = "csv", **params: Any) -> httpx2.Response:  # noqa: ANN401
    place = f"/v1/orgs/{ORG}/exports/{what}"
    answer = api.client.get(place, params={**SPAN, "format": format, **params}, headers=api.as_role(Role.AGRONOMIST))
    assert answer.status_code == 200, answer.text
    return answer


def rows(answer: httpx2.Response) -> list[dict[str, str]]:
    """The rows of a CSV by the names of their columns, without units."""
    head, *lines = csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    return [dict(zip([name.partition(" [")[0] for name in head], line, strict=True)) for line in lines]


def sheet(answer: httpx2.Response, name: str) -> Any:  # noqa: ANN401
    return openpyxl.load_workbook(io.BytesIO(answer.content))[name]


def table(answer: httpx2.Response) -> Any:  # noqa: ANN401
    return parquet.read_table(io.BytesIO(answer.content))


# What stands in them


def test_csv_begins_with_a_byte_order_mark_names_units_and_is_named_in_ascii(api, conn):
    a_trap(conn)
    answer = ask(api, "nights")
    assert answer.content.startswith(b"\xef\xbb\xbftrap_id,")
    assert b"count [insects/trap/night]" in answer.content.splitlines()[0]
    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
    name = "lighttrap-soc-trang-nights-2025-11-20-2025-11-24.csv"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_others_stays_text(api, conn, text):
    a_trap(conn, name=text)
    store(conn, a_reading())
    [cell] = {row["trap_name"] for row in rows(ask(api, "nights", first="2025-11-22", last="2025-11-22"))}
    assert cell == ("'" + text if text[0] in "=+-@\t\r" else text)
    shown = sheet(ask(api, "nights", "xlsx"), "nights").cell(2, tables.NIGHTS.place("trap_name") + 1)
    assert (shown.data_type, shown.value) == ("s", text.replace("\r", "\n"))
    assert table(ask(api, "nights", "parquet"))["trap_name"][0].as_py() == text


def test_text_that_no_sheet_can_hold_does_not_break_it(api, conn):
    a_trap(conn, name="a\x01b\uffff")
    store(conn, a_reading())
    shown = sheet(ask(api, "nights", "xlsx"), "nights").cell(2, tables.NIGHTS.place("trap_name") + 1)
    assert shown.value == "a\ufffdb\ufffd"


def test_none_counted_is_zero_and_a_silent_night_is_empty(api, conn):
    a_trap(conn)
    store(conn, a_reading(counts={"nilaparvata-lugens": 0}), a_reading(seq=300))
    by_night = {row["night"]: row for row in rows(ask(api, "nights"))}
    assert (by_night["2025-11-22"]["count"], by_night["2025-11-22"]["species"]) == ("0", "nilaparvata-lugens")
    assert (by_night["2025-11-23"]["count"], by_night["2025-11-23"]["state"]) == ("", "silent")
    assert table(ask(api, "nights", "parquet"))["count"].to_pylist()[:2] == [0, None]
    shown = sheet(ask(api, "nights", "xlsx"), "nights")
    assert [shown.cell(row, tables.NIGHTS.place("count") + 1).value for row in (2, 3)] == [0, None]


def test_count_is_the_verified_one_and_both_stand_beside_it(api, conn):
    a_trap(conn)
    store(conn, a_reading(), a_reading(seq=2, counts={"sogatella-furcifera": 5}))
    key = corrections.CatchKey(TRAP, "nilaparvata-lugens", NIGHT)
    seen = corrections.Seen(machine_count=41)
    corrections.put_correction(conn, ORG, key, 0, seen=seen, reason="moths", author="lan")
    conn.commit()
    found = rows(ask(api, "nights", first=str(NIGHT), last=str(NIGHT)))
    assert [(row["count"], row["machine_count"], row["verified_count"]) for row in found] == [
        ("0", "41", "0"), ("5", "5", "")
    ]  # fmt: skip


def test_numbers_below_zero_stay_numbers(api, conn):
    a_trap(conn)
    store(conn, a_reading(signal_dbm=-71.5, temperature_c=-2.0))
    [row] = rows(ask(api, "readings"))
    assert (row["signal_dbm"], row["temperature_c"]) == ("-71.5", "-2.0")


@pytest.mark.parametrize(("hour", "night", "local"), [(4, "2025-11-21", "11:50"), (5, "2025-11-22", "12:50")])
def test_instants_of_csv_are_local_with_their_offset_on_both_sides_of_noon(api, conn, hour, night, local):
    a_trap(conn)
    store(conn, a_reading(start=datetime(2025, 11, 22, hour, 50, tzinfo=UTC)))
    [row] = rows(ask(api, "readings"))
    assert (row["start_at"], row["night"]) == (f"2025-11-22T{local}:00+07:00", night)
    assert row["time_zone"] == "Asia/Ho_Chi_Minh"
    assert b"start_at [local time of time_zone]" in ask(api, "readings").content


def test_instants_follow_the_zone_of_the_field(api, conn):
    a_trap(conn)
    a_field(conn, time_zone="Europe/Berlin")
    traps.deploy(conn, trap_id=TRAP, field_id="field-7", at=NIGHTFALL - timedelta(days=90))
    store(conn, a_reading())
    [row] = rows(ask(api, "readings"))
    assert row["start_at"] == "2025-11-22T14:30:00+01:00"
    assert sheet(ask(api, "readings", "xlsx"), "readings").cell(
        2, tables.READINGS.place("start_at") + 1
    ).value == datetime(2025, 11, 22, 14, 30)  # noqa: DTZ001 - spreadsheets have no zones
    [start] = table(ask(api, "readings", "parquet"))["start_at"].to_pylist()
    assert start == NIGHTFALL


def test_reading_has_a_row_for_each_species_and_one_without_any(api, conn):
    a_trap(conn)
    store(conn, a_reading(counts={"sogatella-furcifera": 2, "nilaparvata-lugens": 1}), a_reading(seq=2, counts={}))
    found = [(row["seq"], row["species"], row["count"]) for row in rows(ask(api, "readings"))]
    assert found == [("1", "nilaparvata-lugens", "1"), ("1", "sogatella-furcifera", "2"), ("2", "", "")]
    narrowed = rows(ask(api, "readings", species="sogatella-furcifera"))
    assert [(row["seq"], row["count"]) for row in narrowed] == [("1", "2")]


def test_parquet_is_typed_and_says_what_it_is(api, conn):
    a_trap(conn)
    store(conn, a_reading(), a_reading(seq=300))
    read = table(ask(api, "nights", "parquet"))
    types = {field.name: str(field.type) for field in read.schema}
    assert types["night"] == "date32[day]"
    assert types["count"] == "int64"
    assert types["is_final"] == "bool"
    assert types["species"] == types["trap_id"] == "dictionary<values=string, indices=int32, ordered=0>"
    assert str(table(ask(api, "readings", "parquet")).schema.field("start_at").type) == "timestamp[us, tz=UTC]"
    assert read.schema.field("count").metadata[b"unit"] == b"insects/trap/night"
    note = read.schema.metadata[parquetfile.NOTE].decode()
    assert all(word in note for word in ("noon to noon", '"asked_by"', '"thresholds"', '"may_see"', ORG))


def test_xlsx_has_dates_a_frozen_header_and_a_sheet_about_itself(api, conn):
    a_trap(conn)
    store(conn, a_reading())
    answer = ask(api, "nights", "xlsx", first="2025-11-22", last="2025-11-22")
    shown = sheet(answer, "nights")
    assert shown.freeze_panes == "A2"
    assert shown.cell(2, tables.NIGHTS.place("night") + 1).value == datetime(2025, 11, 22)  # noqa: DTZ001
    about = dict(row[:2] for row in sheet(answer, "about").iter_rows(values_only=True))
    assert about["nights"] == "2025-11-22 to 2025-11-22"
    assert "noon to noon" in about["night"]
    assert about["may be seen by"] == "admin, agronomist, technician, viewer, service"


def test_too_many_rows_for_a_sheet_is_said_before_anything_is_sent(api, conn, monkeypatch):
    monkeypatch.setattr(xlsxfile, "MOST_ROWS", 2)
    a_trap(conn)
    store(conn, a_reading(), a_reading(seq=1000))
    answer = api.client.get(
        f"/v1/orgs/{ORG}/exports/nights", params={**SPAN, "format": "xlsx"},
        headers=api.as_role(Role.VIEWER),
    )  # fmt: skip
    assert (answer.status_code, answer.json()["type"]) == (422, "input-fault")
    assert "csv or parquet" in answer.json()["detail"]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("what", [one.name for one in tables.TABLES])
def test_file_without_a_row_has_its_columns(api, conn, what, format):
    a_token(conn, ORG, Role.VIEWER)
    answer = ask(api, what, format)
    wanted = [column.name for column in next(one for one in tables.TABLES if one.name == what).columns]
    if format == "csv":
        [head] = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
        found = [name.partition(" [")[0] for name in head]
    elif format == "xlsx":
        found = [cell.value.partition(" [")[0] for cell in sheet(answer, what)[1]]
    else:
        found = table(answer).schema.names
    assert found == wanted


def test_what_there_is_to_export_is_listed_as_it_is_served(api, conn):
    a_token(conn, ORG, Role.VIEWER)
    listed = api.client.get(f"/v1/orgs/{ORG}/exports", headers=api.as_role(Role.VIEWER)).json()
    served = {path.rpartition("/")[2] for path, _ in operations() if "/exports/" in path}
    assert {one["name"] for one in listed} == served
    assert listed[0]["columns"][7] == {
        "name": "count", "header": "count [insects/trap/night]", "type": "whole", "unit": "insects/trap/night",
        "meaning": "The verified count where there is one, else the machine's.",
    }  # fmt: skip


@pytest.mark.parametrize("days", [-1, 7305])
def test_nights_that_run_backwards_or_are_too_many_are_refused(api, conn, days):
    a_trap(conn)
    params = {"first": "2004-01-01", "last": str(date(2004, 1, 1) + timedelta(days=days))}
    answer = api.client.get(f"/v1/orgs/{ORG}/exports/nights", params=params, headers=api.as_role(Role.VIEWER))
    assert answer.status_code == 422


# Which rows


def test_pieces_make_the_same_nights_as_the_view(conn, monkeypatch):
    monkeypatch.setattr(exports, "NIGHTS_A_PIECE", 10)
    monkeypatch.setattr(exports, "BATCH", 3)
    for number in range(5):
        a_trap(conn, f"trap-{number}")
        packets = (a_reading(seq=seq, counts={"a": seq, "b": 0}) for seq in (1, 150 + number, 600))
        store(conn, *packets, trap_id=f"trap-{number}")
    wanted = exports.Wanted(ORG, NIGHT - timedelta(days=3), NIGHT + timedelta(days=3))
    found = [row for batch in exports.nights(conn, wanted) for row in batch]
    at = {name: tables.NIGHTS.place(name) for name in ("trap_id", "night", "species", "count", "lamp_s", "state")}
    listed = nights.page_nights(conn, ORG, wanted.first, wanted.last, limit=1000)
    assert [tuple(row[place] for place in at.values()) for row in found] == [
        (one.trap_id, one.night, one.species, one.count, one.lamp_s, one.state) for one in listed
    ]
    assert len(found) > 25


@pytest.mark.parametrize(
    ("said_later", "gap", "final"), [(True, False, "true"), (True, True, "false"), (False, False, "false")]
)
def test_night_is_final_once_the_trap_spoke_again_and_nothing_is_missing(api, conn, said_later, gap, final):
    yesterday = datetime.now(UTC).replace(hour=13, minute=0, second=0, microsecond=0) - timedelta(days=2)
    a_trap(conn)
    store(conn, a_reading(start=yesterday))
    if said_later:
        store(conn, a_reading(seq=2, start=yesterday + timedelta(days=1)))
    if gap:
        conn.execute(
            "INSERT INTO gap (trap_id, boot, seqs, missing, first_night, last_night)"
            " SELECT trap_id, boot, '[5,6)', '{[5,6)}', %(night)s, %(night)s FROM ledger",
            {"night": yesterday.date()},
        )
        conn.commit()
    [row] = rows(ask(api, "nights", first=str(yesterday.date()), last=str(yesterday.date())))
    assert row["is_final"] == final


def test_night_counts_where_its_trap_stood_and_names_the_rule_that_judged_it(api, conn):
    a_trap(conn)
    for number, days in enumerate((30, -5)):
        a_field(conn, f"field-{number}", commune_code=f"c-{number}")
        traps.deploy(conn, trap_id=TRAP, field_id=f"field-{number}", at=NIGHTFALL - timedelta(days=days))
    store(conn, a_reading(lamp_s=600), a_reading(seq=1000))
    rule_id = judged_night(conn, "field-0", version=3)
    [row] = rows(ask(api, "nights", field_id="field-0", first=str(NIGHT), last=str(NIGHT)))
    assert (row["field_id"], row["commune_code"], row["rule_id"]) == ("field-0", "c-0", str(rule_id))
    assert (row["rule_version"], row["field_level"]) == ("3", "2")
    assert rows(ask(api, "nights", field_id="field-1", first=str(NIGHT), last=str(NIGHT))) == []
    assert len(rows(ask(api, "nights", commune_code="c-0", first=str(NIGHT), last=str(NIGHT)))) == 1
    assert len(rows(ask(api, "readings", field_id="field-1", last="2025-12-31"))) == 1


def test_night_of_a_rule_that_was_ended_is_exported_as_the_overview_tells_it(api, conn):
    village = a_village(conn, 1)
    for messages in an_outbreak(village, sick=0)[:3]:
        store_batch_of(conn, messages)
    headers, night = a_token(conn, ORG, Role.AGRONOMIST), str(FIRST + timedelta(days=2))
    body = {"species": BPH, "watch": 1e8, "field_id": "field-1"}
    own = api.client.post(f"/v1/orgs/{ORG}/rules", json=body, headers=headers).json()["rule_id"]
    api.client.delete(f"/v1/orgs/{ORG}/rules/{own}", headers=headers)
    [told] = api.client.get(f"/v1/orgs/{ORG}/overview", params={"night": night}, headers=headers).json()["fields"]
    assert told["level"] == 2
    [of_trap] = rows(ask(api, "nights", first=night, last=night))
    [of_field] = rows(ask(api, "field-nights", first=night, last=night))
    for level, row in (("field_level", of_trap), ("level", of_field)):
        assert (row[level], row["rule_id"]) == (str(told["level"]), str(told["rule_id"]))


def judged_night(
    conn: pool.Connection, field_id: str, night: date = NIGHT, version: int = 1, species: str = "nilaparvata-lugens"
) -> int:
    """A night at a warning under a rule of its own version. Returns the rule's id."""
    [(rule_id,)] = conn.execute(
        "INSERT INTO alert_rule (org_id, species, watch, warning, author, version, replaced_at)"
        " VALUES (%s, %s, 10, 40, 'lan', %s, now()) RETURNING rule_id",
        (ORG, species, version),
    ).fetchall()
    conn.execute(
        "INSERT INTO judged_night (rule_id, field_id, night, value, traps, is_valid, is_final, level)"
        " VALUES (%s, %s, %s, 41, 1, true, true, 2)",
        (rule_id, field_id, night),
    )
    conn.commit()
    return int(rule_id)


def test_alerts_name_their_rule_and_its_thresholds(api, conn):
    a_trap(conn)
    a_field(conn)
    traps.deploy(conn, trap_id=TRAP, field_id="field-7", at=NIGHTFALL - timedelta(days=30))
    rule = alerts.put_rule(conn, model.AlertRule(ORG, "nilaparvata-lugens", "lan", watch=10, warning=40))
    conn.execute(
        "INSERT INTO alert (org_id, rule_id, species, field_id, level, highest, opened_night, assignee)"
        " VALUES (%s, %s, %s, 'field-7', 2, 2, %s, '=lan')",
        (ORG, rule.rule_id, rule.species, NIGHT),
    )
    conn.commit()
    [row] = rows(ask(api, "alerts"))
    assert (row["rule_version"], row["watch"], row["alarm"], row["is_proposal"]) == ("1", "10.0", "", "false")
    assert (row["assignee"], row["opened_night"], row["cleared_at"]) == ("'=lan", "2025-11-22", "")
    assert rows(ask(api, "alerts", first="2025-11-23")) == []


def test_corrections_are_all_there_with_who_and_why(api, conn):
    a_trap(conn)
    store(conn, a_reading())
    key = corrections.CatchKey(TRAP, "nilaparvata-lugens", NIGHT)
    _, made = corrections.put_correction(conn, ORG, key, 3, seen=corrections.Seen(41), reason="=moths", author="lan")
    corrections.undo_correction(conn, ORG, made.correction_id, reason="wrong tray", author="ba")
    conn.commit()
    [row] = rows(ask(api, "corrections"))
    assert (row["count"], row["machine_count"], row["reason"], row["author"]) == ("3", "41", "'=moths", "lan")
    assert (row["ended_by"], row["ended_reason"]) == ("ba", "wrong tray")
    assert rows(ask(api, "corrections", last="2025-11-21")) == []


def test_deliveries_tell_what_became_of_messages_and_not_who_was_told_what(api, conn):
    a_trap(conn)
    a_message(conn, ORG, TRAP)
    [row] = rows(ask(api, "deliveries"))
    assert (row["word"], row["level"], row["channel"], row["state"]) == ("raised", "2", "sms", "sent")
    assert row["trap_id"] == TRAP
    text = ask(api, "deliveries").text
    assert "secret" not in text


def a_message(conn: pool.Connection, org: str, trap_id: str) -> None:
    """A message about a lamp to a farmer, with a link in it."""
    values: dict[str, Any] = {"org": org, "trap_id": trap_id, "night": NIGHT}
    for name, statement in (
        (
            "alert_id",
            "INSERT INTO alert (org_id, trap_id, kind, fault, level, highest, opened_night)"
            " VALUES (%(org)s, %(trap_id)s, 'device', 'lamp', 2, 2, %(night)s) RETURNING alert_id",
        ),
        (
            "event_id",
            "INSERT INTO alert_event (alert_id, number, word, level, night)"
            " VALUES (%(alert_id)s, 1, 'raised', 2, %(night)s) RETURNING event_id",
        ),
        (
            "recipient_id",
            "INSERT INTO recipient (org_id, kind, name, token_sha)"
            " VALUES (%(org)s, 'farmer', 'secret Ba', gen_random_uuid()::text::bytea) RETURNING recipient_id",
        ),
        (
            "delivery_id",
            "INSERT INTO delivery (event_id, alert_id, number, recipient_id, channel, state, text, due_at, next_try_at)"
            " VALUES (%(event_id)s, %(alert_id)s, 1, %(recipient_id)s, 'sms', 'sent', 'secret /f/abc', now(), now())"
            " RETURNING delivery_id",
        ),
    ):
        [(values[name],)] = conn.execute(statement, values).fetchall()
    conn.commit()


# Maps

CLOCKWISE = [[0, 0], [0, 2], [2, 2], [2, 0], [0, 0]]
AGAINST = list(reversed(CLOCKWISE))


@pytest.mark.parametrize("outer", [CLOCKWISE, AGAINST])
@pytest.mark.parametrize("hole", [CLOCKWISE, AGAINST])
def test_outer_rings_run_against_the_clock_and_holes_with_it(outer, hole):
    assert geojson.rewound({"type": "Polygon", "coordinates": [outer, hole]}) == {
        "type": "Polygon", "coordinates": [AGAINST, CLOCKWISE]
    }  # fmt: skip
    many = geojson.rewound({"type": "MultiPolygon", "coordinates": [[outer], [outer, hole]]})
    assert many == {"type": "MultiPolygon", "coordinates": [[AGAINST], [AGAINST, CLOCKWISE]]}


def test_map_has_a_feature_for_the_last_night_of_each_field_and_species(api, conn):
    a_trap(conn)
    a_field(conn, boundary={"type": "Polygon", "coordinates": [CLOCKWISE]})
    a_field(conn, "field-8", boundary={"type": "Point", "coordinates": [105.9, 9.6]})
    a_field(conn, "field-9")
    for field_id in ("field-7", "field-8", "field-9"):
        judged_night(conn, field_id, NIGHT - timedelta(days=1))
        judged_night(conn, field_id)
    answer = ask(api, "field-nights", "geojson", latest=True)
    assert answer.headers["content-type"] == "application/geo+json"
    assert "etag" not in answer.headers
    made = answer.json()
    assert [feature["id"] for feature in made["features"]] == [
        f"field-{number}/2025-11-22/nilaparvata-lugens" for number in (7, 8, 9)
    ]
    assert [feature["geometry"] and feature["geometry"]["coordinates"] for feature in made["features"]] == [
        [AGAINST], [105.9, 9.6], None
    ]  # fmt: skip
    assert made["features"][0]["properties"]["level"] == 2
    assert made["lighttrap"]["org_id"] == ORG
    assert len(ask(api, "field-nights", "geojson").json()["features"]) == 6
    assert ask(api, "field-nights", "geojson", field_id="field-0").json()["features"] == []


def test_night_that_two_versions_judged_is_there_once_by_the_later(api, conn):
    a_trap(conn)
    a_field(conn)
    judged_night(conn, "field-7", version=1)
    judged_night(conn, "field-7", version=2)
    assert [row["rule_version"] for row in rows(ask(api, "field-nights"))] == ["2"]


# Another org's


@pytest.mark.parametrize("format", [*FORMATS, "geojson"])
@pytest.mark.parametrize("what", [one.name for one in tables.TABLES])
def test_file_holds_nothing_of_another_org(api, conn, what, format):
    if format not in next(one for one in tables.TABLES if one.name == what).formats:
        return
    a_trap(conn)
    a_trap(conn, "theirs", org="an-giang", name="secret")
    conn.execute("INSERT INTO field (field_id, org_id, name) VALUES ('theirs-1', 'an-giang', 'secret')")
    traps.deploy(conn, trap_id="theirs", field_id="theirs-1", at=NIGHTFALL - timedelta(days=30))
    alerts.put_rule(conn, model.AlertRule("an-giang", "secret", "secret", watch=10))
    store(conn, a_reading(), trap_id="theirs", org="an-giang")
    key = corrections.CatchKey("theirs", "nilaparvata-lugens", NIGHT)
    corrections.put_correction(conn, "an-giang", key, 3, seen=corrections.Seen(41), reason="secret", author="secret")
    a_message(conn, "an-giang", "theirs")
    filters: list[dict[str, str]] = [{}, {"field_id": "theirs-1"}]
    for params in [*filters, {"trap_id": "theirs"}] if what != "field-nights" else filters:
        answer = ask(api, what, format, **params)
        if format == "parquet":
            found = str([*table(answer).to_pylist()])
        elif format == "xlsx":
            found = str([*sheet(answer, what).iter_rows(values_only=True)])
        else:
            found = answer.text.partition('"features"')[2] or answer.text
        assert "theirs" not in found, params
        assert "secret" not in found, params


# Long ones, over a real connection

LONG = {"first": "2006-01-01", "last": "2025-12-31"}


@pytest.fixture
def long(conn: pool.Connection) -> dict[str, str]:
    """Twenty traps of twenty years, far more than sockets hold; headers of a viewer."""
    for number in range(20):
        a_trap(conn, f"trap-{number:02}", name="x" * 60)
    conn.execute("INSERT INTO trap_night SELECT trap_id, '2006-01-01', 0, 0, 1, now(), now() FROM trap")
    conn.commit()
    return a_token(conn, ORG, Role.VIEWER)


@contextmanager
def downloading(program: ApiProgram, headers: dict[str, str], format: str = "csv") -> Iterator[Iterator[bytes]]:
    """A download whose first bytes have come, and that goes on as the parts are taken."""
    place = f"{program.url}/v1/orgs/{ORG}/exports/nights"
    with (
        httpx2.Client(timeout=30) as client,
        client.stream("GET", place, params={**LONG, "format": format}, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        parts = answer.iter_raw()
        assert next(parts)
        yield parts


def sessions(conn: pool.Connection) -> list[int]:
    """The database's sessions that write exports."""
    conn.rollback()
    found = conn.execute(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'lighttrap export' AND datname = current_database()"
    ).fetchall()
    return [pid for (pid,) in found]


def ready(start_api: Callable[..., ApiProgram], dsn: str, **settings: str) -> ApiProgram:
    program = start_api(dsn, **settings)
    program.wait_until_ready()
    return program


def status(program: ApiProgram, headers: dict[str, str], what: str = "exports/nights") -> httpx2.Response:
    return httpx2.get(f"{program.url}/v1/orgs/{ORG}/{what}", params=SPAN, headers=headers, timeout=30)


def test_more_exports_than_slots_are_told_to_come_again_while_lists_go_on(start_api, database, conn, long):
    program = ready(start_api, database, LIGHTTRAP_API__EXPORTS="1")
    with downloading(program, long):
        refused = status(program, long)
        assert (refused.status_code, refused.json()["type"]) == (429, "too-many-tries")
        assert int(refused.headers["retry-after"]) > 0
        assert status(program, long, "nights").status_code == 200
        assert len(sessions(conn)) == 1
    wait_until(lambda: status(program, long).status_code, equals=200)


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_client_that_hangs_up_releases_its_connection(start_api, database, conn, long, format):
    program = ready(start_api, database)
    with downloading(program, long, format):
        assert len(sessions(conn)) == 1
    wait_until(lambda: sessions(conn), equals=[])
    assert "an export is done" not in program.output()


def test_client_that_hangs_up_while_a_workbook_is_made_releases_its_connection(start_api, database, conn, long):
    program = ready(start_api, database)
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.get(
            f"{program.url}/v1/orgs/{ORG}/exports/nights", params={**LONG, "first": "2020-01-01", "format": "xlsx"},
            headers=long, timeout=1,
        )  # fmt: skip
    wait_until(lambda: sessions(conn), equals=[])
    assert "an export is done" not in program.output()


def test_database_that_dies_midway_breaks_the_file_off(start_api, database, conn, long):
    program = ready(start_api, database)
    with downloading(program, long) as parts:
        [pid] = sessions(conn)
        conn.execute("SELECT pg_terminate_backend(%s)", [pid])
        with pytest.raises(httpx2.RemoteProtocolError):
            for _ in parts:
                pass
    assert status(program, long).status_code == 200


def test_client_that_takes_too_long_is_cut_off(start_api, database, conn, long):
    program = ready(start_api, database, LIGHTTRAP_API__EXPORT_S="1.5")
    with downloading(program, long) as parts:
        wait_until(lambda: sessions(conn), equals=[])
        with pytest.raises(httpx2.RemoteProtocolError):
            for _ in parts:
                pass


def test_all_rows_are_of_the_moment_it_was_asked(start_api, database, conn, long):
    program = ready(start_api, database)
    with downloading(program, long) as parts:
        conn.execute("UPDATE trap SET name = 'later'")
        conn.commit()
        rest = b"".join(parts)
    assert "an export is done" in program.output()
    assert b"trap-19" in rest
    assert b"later" not in rest


def test_export_that_is_cancelled_is_closed_once_its_thread_has_made_the_part_at_hand():
    begun, go_on, closed = threading.Event(), threading.Event(), threading.Event()

    def parts() -> Generator[bytes]:
        try:
            begun.set()
            go_on.wait(10)
            yield b"x"
        finally:
            closed.set()

    async def nothing(*_: Any) -> Any:  # noqa: ANN401
        return {"type": "http.request"}

    async def cancel() -> None:
        answer = Streamed(parts(), seconds=60, media_type="text/csv", headers={})
        task = asyncio.create_task(answer({"type": "http"}, nothing, nothing))
        await asyncio.to_thread(begun.wait, 10)
        task.cancel()
        await asyncio.wait({task}, timeout=0.2)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert closed.is_set()


def test_client_without_chunks_is_refused(start_api, database, long):
    program = ready(start_api, database)
    host, port = "127.0.0.1", int(program.url.rpartition(":")[2])
    with socket.create_connection((host, port), timeout=10) as link:
        path = f"/v1/orgs/{ORG}/exports/nights?first=2025-11-20&last=2025-11-24"
        link.sendall(f"GET {path} HTTP/1.0\r\nAuthorization: {long['Authorization']}\r\n\r\n".encode())
        assert b" 426 " in link.makefile("rb").readline()
