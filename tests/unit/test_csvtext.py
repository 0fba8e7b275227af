"""CSV that spreadsheets read as text, numbers and nothing else."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lighttrap import csvtext
from lighttrap.cli import tables


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_text_that_could_be_a_formula_gets_an_apostrophe(text):
    assert csvtext.guarded(text) == "'" + text


@pytest.mark.parametrize("cell", [-1, -1.5, 0, None, "", "st-014", "x=1", " =1", "'=1", "Bẫy đèn"])
def test_numbers_and_harmless_texts_stay(cell):
    assert csvtext.guarded(cell) is cell


@given(st.lists(st.lists(st.text(), min_size=1), min_size=1))
def test_lines_are_read_back_as_they_were(rows):
    assert list(csv.reader(StringIO(csvtext.lines(rows), newline=""))) == rows


def test_missing_is_empty_and_zero_is_not():
    assert csvtext.lines([[None, 0, ""]]) == ",0,\r\n"


def test_commands_guard_their_csv_too(capsys):
    tables.show(["name", "dbm"], [["=1+1", -71], [None, 0]], tables.Form.CSV, empty="")
    assert capsys.readouterr().out == "name,dbm\n'=1+1,-71\n,0\n"
