from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from lighttrap.errors import InputFault
from lighttrap.nightfile import Dates, NightFile, read_nights

BPH = "nilaparvata-lugens"
HEAD = ("trap", "night", "bph")


def a_book(folder: Path, *rows: tuple[Any, ...], sheets: tuple[str, ...] = ()) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for name in sheets:
        book.create_sheet(name).append(HEAD)
    book.save(folder / "nights.xlsx")
    return folder / "nights.xlsx"


def read(path: Path, dates: Dates = Dates.ISO, sheet: str | None = None) -> NightFile:
    return read_nights(path, "trap", "night", {BPH: "bph"}, dates, sheet)


@pytest.mark.parametrize("dates", list(Dates))
def test_a_sheet_is_read_like_a_csv_and_dates_are_dates(tmp_path: Path, dates: Dates):
    path = a_book(
        tmp_path,
        HEAD,
        ("Đại Hải", datetime.fromisoformat("2010-03-05"), 12),
        (1047, date(2010, 3, 5), 0.0),
        ("Đại Hải", None, 3),
    )
    found = read(path, dates)
    assert [(one.trap_id, one.night, one.counts, one.line) for one in found.nights] == [
        ("1047", date(2010, 3, 5), {BPH: 0}, 3),
        ("dai-hai", date(2010, 3, 5), {BPH: 12}, 2),
    ]
    assert found.names["dai-hai"] == "Đại Hải"
    assert [one.line for one in found.left_out] == [4]


def test_texts_that_are_dates_follow_the_form_asked_for(tmp_path: Path):
    path = a_book(tmp_path, HEAD, ("a34", "05/03/2010", 1), ("a34", "2010-03-06", 1))
    assert [one.night for one in read(path, Dates.DMY).nights] == [date(2010, 3, 5)]
    assert [one.night for one in read(path).nights] == [date(2010, 3, 6)]


@pytest.mark.parametrize("value", [12.5, "12 con", True, datetime.fromisoformat("2010-01-01"), "#N/A", -3])
def test_a_cell_that_is_no_whole_number_is_left_out(tmp_path: Path, value: object):
    found = read(a_book(tmp_path, HEAD, ("a34", date(2010, 3, 5), value)))
    assert found.nights == []
    assert [(one.line, one.column) for one in found.left_out] == [(2, "bph")]


def test_a_date_with_a_time_of_day_is_left_out(tmp_path: Path):
    found = read(a_book(tmp_path, HEAD, ("a34", datetime.fromisoformat("2010-03-05 06:30"), 4)))
    assert (found.nights, [one.column for one in found.left_out]) == ([], ["night"])


def test_rows_that_are_empty_or_short_do_no_harm(tmp_path: Path):
    found = read(
        a_book(tmp_path, HEAD, (), ("a34", date(2010, 3, 5), 4), (None, None, None), ("a34", date(2010, 3, 6)))
    )
    assert [one.line for one in found.nights] == [3]
    assert [(one.line, one.why) for one in found.left_out] == [(5, "not read")]


def test_one_of_several_sheets_must_be_named(tmp_path: Path):
    path = a_book(tmp_path, HEAD, ("a34", date(2010, 3, 5), 4), sheets=("2011",))
    with pytest.raises(InputFault, match="2 sheets, name one: Sheet, 2011"):
        read(path)
    with pytest.raises(InputFault, match="no sheet 2012"):
        read(path, sheet="2012")
    assert len(read(path, sheet="Sheet").nights) == 1
    assert read(path, sheet="2011").nights == []


@pytest.mark.parametrize("name", ["nights.xlsx", "nights.xls", "nights.ods"])
def test_what_is_no_workbook_is_said_in_one_sentence(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(b"trap,night,bph\n")
    with pytest.raises(InputFault, match="XLSX") as fault:
        read(tmp_path / name)
    assert "\n" not in str(fault.value)


def test_a_workbook_that_is_not_there(tmp_path: Path):
    with pytest.raises(InputFault, match="cannot be opened"):
        read(tmp_path / "nights.xlsx")


def test_an_absent_column_is_named(tmp_path: Path):
    with pytest.raises(InputFault, match="no column bph; its columns are trap, night"):
        read(a_book(tmp_path, ("trap", "night")))
