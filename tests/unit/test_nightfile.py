from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from lighttrap.errors import InputFault
from lighttrap.nightfile import Dates, NightFile, read_nights, trap_id_of

BPH, WBPH = "nilaparvata-lugens", "sogatella-furcifera"
SHARED = Path(os.environ.get("LIGHTTRAP_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))


def read(folder: Path, text: str | bytes, dates: Dates = Dates.ISO, **counts: str) -> NightFile:
    path = folder / "nights.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    columns = {name.replace("_", "-"): column for name, column in counts.items()} or {BPH: "bph"}
    return read_nights(path, "trap", "night", columns, dates)


def test_rows_become_nights_sorted_by_trap_and_night(tmp_path: Path):
    file = read(tmp_path, "trap,night,bph\nb12,2010-01-02,5\nb12,2010-01-01,7\na34,2010-01-01,0\n")
    assert [(one.trap_id, one.night, one.counts) for one in file.nights] == [
        ("a34", date(2010, 1, 1), {BPH: 0}),
        ("b12", date(2010, 1, 1), {BPH: 7}),
        ("b12", date(2010, 1, 2), {BPH: 5}),
    ]
    assert file.left_out == []


@pytest.mark.parametrize("value", ["12", "12.0", "12.", "012", "12.000"])
def test_whole_numbers_are_taken(tmp_path: Path, value: str):
    assert read(tmp_path, f"trap,night,bph\n1047,2010-01-01,{value}\n").nights[0].counts == {BPH: 12}


@pytest.mark.parametrize(
    "value", ["12.5", "", "NA", "nan", "-3", "1e3", "+5", "12 con", "1 000", "٣", "inf", "1000001", "9" * 400, "0x1f"]
)
def test_anything_else_is_listed_and_left_out(tmp_path: Path, value: str):
    file = read(tmp_path, f"trap,night,bph\n1047,2010-01-01,{value}\n1047,2010-01-02,1\n")
    assert [one.night for one in file.nights] == [date(2010, 1, 2)]
    (left,) = file.left_out
    assert (left.line, left.trap, left.night, left.column, left.value) == (2, "1047", "2010-01-01", "bph", value)
    assert left.why


def test_a_bad_value_costs_only_its_species(tmp_path: Path):
    text = "trap,night,bph,wbph\n1047,2010-01-01,12.5,3\n1047,2010-01-02,4,5\n"
    file = read(tmp_path, text, nilaparvata_lugens="bph", sogatella_furcifera="wbph")
    assert [one.counts for one in file.nights] == [{WBPH: 3}, {BPH: 4, WBPH: 5}]
    assert [(one.line, one.column) for one in file.left_out] == [(2, "bph")]


@pytest.mark.parametrize(("second", "said"), [("7", "the same"), ("8", "another")])
def test_a_night_that_stands_twice_is_taken_once_and_listed(tmp_path: Path, second: str, said: str):
    file = read(tmp_path, f"trap,night,bph\n1047,2010-01-01,7\n1047,2010-01-01,{second}\n")
    assert [one.counts for one in file.nights] == [{BPH: 7}]
    assert (file.left_out[0].line, said in file.left_out[0].why) == (3, True)


def test_missing_columns_are_named_with_those_that_exist(tmp_path: Path):
    with pytest.raises(InputFault, match=r"no column night, bph; its columns are trap, date"):
        read(tmp_path, "trap,date\n1047,2010-01-01\n")


def test_byte_order_mark_semicolons_and_quotes_are_read(tmp_path: Path):
    file = read(tmp_path, '\ufeff"trap";night;bph\r\n"Đại Hải";2010-01-01;3\r\n')
    assert (file.nights[0].trap_id, file.nights[0].counts, file.names) == ("dai-hai", {BPH: 3}, {"dai-hai": "Đại Hải"})


def test_dates_are_read_only_as_they_are_said_to_be(tmp_path: Path):
    text = "trap,night,bph\n1047,05/03/2010,3\n1047,2010-03-06,3\n"
    assert [one.night for one in read(tmp_path, text).nights] == [date(2010, 3, 6)]
    file = read(tmp_path, text, Dates.DMY)
    assert [one.night for one in file.nights] == [date(2010, 3, 5)]
    assert "day, month, year" in file.left_out[0].why


@pytest.mark.parametrize("night", ["2010-02-30", "2010-13-01", "yesterday", "", "2010-1-1"])
def test_dates_that_are_none_are_listed(tmp_path: Path, night: str):
    file = read(tmp_path, f"trap,night,bph\n1047,{night},3\n1048,2010-01-01,1\n")
    assert len(file.nights) == 1
    assert (file.left_out[0].line, file.left_out[0].column) == (2, "night")


def test_short_rows_and_rows_without_a_trap_are_listed(tmp_path: Path):
    file = read(tmp_path, "trap,night,bph\n1047\n,2010-01-01,3\n\n1047,2010-01-01,3\n")
    assert [one.line for one in file.left_out] == [2, 3]
    assert len(file.nights) == 1


@pytest.mark.parametrize(
    ("name", "trap_id"),
    [
        ("Thanh_Tri", "thanh-tri"),
        ("1047", "1047"),
        ("  Đại  Hải ", "dai-hai"),
        ("Phường 8", "phuong-8"),
        ("-a--b-c", "a-b-c"),
    ],
)
def test_names_become_trap_ids(name: str, trap_id: str):
    assert trap_id_of(name) == trap_id


@pytest.mark.parametrize("name", ["12", "***", "x" * 33, "ទឹក"])
def test_names_that_make_no_trap_id_are_refused(name: str):
    with pytest.raises(InputFault, match="makes no trap id"):
        trap_id_of(name)


def test_two_names_that_become_one_id_are_refused(tmp_path: Path):
    with pytest.raises(InputFault, match="'Thanh Tri' and 'thanh_tri' would both be called thanh-tri"):
        read(tmp_path, "trap,night,bph\nThanh Tri,2010-01-01,1\nthanh_tri,2010-01-02,1\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "the file is empty"),
        (b"trap,night,bph\n\xff\xfe,2010-01-01,1\n", "not UTF-8"),
        (b'trap,night,bph\n1047,2010-01-01,"1"2\n', "line 2"),
        (b"trap,night,bph,bph\n1047,2010-01-01,1,2\n", "more than one column bph"),
    ],
)
def test_files_that_cannot_be_used_are_refused_in_one_sentence(tmp_path: Path, text: bytes, said: str):
    with pytest.raises(InputFault, match=said):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(InputFault, match="cannot be opened"):
        read_nights(tmp_path / "absent.csv", "trap", "night", {BPH: "bph"})


def test_a_species_that_is_no_key_is_refused(tmp_path: Path):
    with pytest.raises(InputFault, match="not a species key"):
        read_nights(tmp_path / "nights.csv", "trap", "night", {"Rầy nâu": "bph"})


def test_the_real_nights_of_soc_trang_are_all_whole():
    path = SHARED / "soctrang_2010" / "soctrang_2010_long.csv"
    if not path.exists():
        pytest.skip(f"the shared data are not there: {path}")
    file = read_nights(path, "trap_id", "date", {BPH: "bph_per_night"})
    assert len(file.nights) + len(file.left_out) == 3_650
    assert len({one.trap_id for one in file.nights}) == 10


def test_a_year_and_a_standard_week_make_a_night(tmp_path: Path):
    path = tmp_path / "weeks.csv"
    path.write_text("trap,year,week,bph\none,1994,1,7\none,1994,52,8\none,1994,53,9\none,1994,0,9\none,94,1,9\n")
    file = read_nights(path, "trap", "year", {BPH: "bph"}, week_column="week")
    assert [(one.night, one.counts[BPH]) for one in file.nights] == [(date(1994, 1, 1), 7), (date(1994, 12, 24), 8)]
    assert [one.line for one in file.left_out] == [4, 5, 6]
    assert "standard week" in file.left_out[0].why


def test_only_the_rows_asked_for_are_read(tmp_path: Path):
    path = tmp_path / "nights.csv"
    path.write_text("insect,trap,night,bph\na,one,2010-01-01,5\nb,one,2010-01-01,6\n\nb,one,2010-01-02,x\n")
    file = read_nights(path, "trap", "night", {BPH: "bph"}, only={"insect": "a"})
    assert [one.counts[BPH] for one in file.nights] == [5]
    assert file.left_out == []
    with pytest.raises(InputFault, match="no column colour"):
        read_nights(path, "trap", "night", {BPH: "bph"}, only={"colour": "red"})
