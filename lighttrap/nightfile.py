"""Reading a CSV or XLSX of nightly catches: one row a trap and night, one column a species.

A value that is not a whole number is listed and left out, never rounded in silence; an empty cell was not read, and
is not a zero. What becomes of a trap's name here is what it is called everywhere.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from lighttrap import nightsheet, species, topics
from lighttrap.errors import ConfigError, InputFault

MAX_COUNT = 1_000_000
"""More than this in one night is not an insect count; four times the highest on record."""
_WHOLE = re.compile(r"(\d+)(?:\.0*)?", re.ASCII)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_WEEK = re.compile(r"(\d{4})-W(\d{1,2})", re.ASCII)
_DMY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)
_NOT_IN_ID = re.compile(r"[^a-z0-9]+", re.ASCII)
_SHOWN = 40


class Dates(StrEnum):
    """How a file writes its dates. Nothing is guessed: 05/03/2010 is two different nights."""

    ISO = "iso"
    """2010-03-05"""
    DMY = "dmy"
    """05/03/2010, the fifth of March"""


@dataclass(frozen=True, slots=True)
class NightCount:
    """The catch of one trap and night, as the file has it; insects per species."""

    trap_id: str
    night: date
    counts: Mapping[str, int]
    line: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A value, or a whole row when `column` is empty, that was not taken."""

    line: int
    trap: str
    night: str
    column: str
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class NightFile:
    """What a file says, sorted by trap and night, and what of it was left out, by line."""

    nights: Sequence[NightCount]
    left_out: Sequence[LeftOut]
    names: Mapping[str, str]
    """The name in the file of each trap id."""


def trap_id_of(name: str) -> str:
    """The trap id of a name: `Thanh_Tri` becomes `thanh-tri`, `Đại Hải` becomes `dai-hai`, `1047` stays.

    Raises InputFault when nothing of 3 to 32 letters and digits is left.
    """
    plain = unicodedata.normalize("NFKD", name.strip().lower().replace("đ", "d"))
    trap_id = _NOT_IN_ID.sub("-", "".join(char for char in plain if not unicodedata.combining(char))).strip("-")
    if not topics.TRAP_ID.fullmatch(trap_id):
        raise InputFault(
            f"the trap name {name[:_SHOWN]!r} makes no trap id: 3 to 32 letters, digits and hyphens are needed"
        )
    return trap_id


def count_columns(pairs: Sequence[str]) -> dict[str, str]:
    """The column of each species, from `SPECIES=COLUMN` texts. Raises ConfigError."""
    columns: dict[str, str] = {}
    for pair in pairs:
        species_key, equals, column = pair.partition("=")
        if not equals or not column or species_key in columns:
            raise ConfigError(f"--count {pair}: give SPECIES=COLUMN, each species once")
        columns[species_key] = column
    return columns


def read_nights(
    path: Path,
    trap_column: str,
    night_column: str,
    counts: Mapping[str, str],
    dates: Dates = Dates.ISO,
    sheet: str | None = None,
    week_column: str | None = None,
    only: Mapping[str, str] | None = None,
) -> NightFile:
    """The catches in a CSV or XLSX file; `counts` names the column of each species key.

    With a `week_column` the night column holds a year, and a row is of that standard week's first night: week 1 begins
    on 1 January, week 52 ends the year. `only` keeps the rows that hold these values in these columns.

    CSV is UTF-8 with or without a byte order mark, commas or semicolons; of an XLSX, `sheet` names the sheet when there
    are several, and a cell that is a date is one however `dates` are written. Raises InputFault when the file cannot
    be read, a column is not there, a key is not one, or two trap names become the same id.
    """
    for key in counts:
        if not species.KEY.fullmatch(key):
            raise InputFault(f"{key!r} is not a species key; keys look like nilaparvata-lugens")
    reader = _Reader(trap_column, night_column, counts, dates, week_column, only or {})
    if path.suffix.lower() in nightsheet.SUFFIXES:
        return reader.read(nightsheet.rows(path, sheet, _FORMAT[dates]), path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return reader.read(_lines(file, path), path)
    except OSError as fault:
        raise InputFault(f"{path} cannot be opened: {fault.strerror}") from fault
    except UnicodeDecodeError as fault:
        raise InputFault(f"{path} is not UTF-8 (byte {fault.start}); save it as CSV UTF-8") from fault


@dataclass(slots=True)
class _Reader:
    """Reads one file. Equal dates and equal catches are kept once: most rows of a large file are zeros."""

    trap_column: str
    night_column: str
    counts: Mapping[str, str]
    dates: Dates
    week_column: str | None = None
    only: Mapping[str, str] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    nights: dict[str, date] = field(default_factory=dict)
    catches: dict[tuple[int | None, ...], Mapping[str, int]] = field(default_factory=dict)

    def read(self, rows: Iterator[tuple[int, list[str]]], path: Path) -> NightFile:
        header = [name.strip() for name in next(rows, (1, []))[1]]
        columns = self._columns(header, path)
        kept_if = [(header.index(column), value) for column, value in self.only.items()]
        rows = ((line, row) for line, row in rows if all(at < len(row) and row[at].strip() == v for at, v in kept_if))
        found = [night for line, row in rows if row and (night := self._row(row, columns, line))]
        found.sort(key=lambda one: (one.trap_id, one.night, one.line))
        kept = list(self._once(found))
        return NightFile(kept, sorted(self.left_out, key=lambda one: one.line), self.names)

    def _columns(self, header: list[str], path: Path) -> list[int]:
        wanted = [self.trap_column, self.night_column, *self.counts.values()]
        wanted += [self.week_column] if self.week_column else []
        absent = [name for name in [*wanted, *self.only] if name not in header]
        if absent:
            there = ", ".join(header) or "none: the file is empty"
            raise InputFault(f"{path} has no column {', '.join(absent)}; its columns are {there}")
        twice = [name for name in wanted if header.count(name) > 1]
        if twice:
            raise InputFault(f"{path} has more than one column {twice[0]}")
        return [header.index(name) for name in wanted]

    def _row(self, row: list[str], columns: list[int], line: int) -> NightCount | None:
        if len(row) <= max(columns):
            self.left_out.append(LeftOut(line, "", "", "", "", f"the row has only {len(row)} cells"))
            return None
        name, day, *values = (row[column].strip() for column in columns)
        if self.week_column:
            day = f"{day}-W{values.pop()}"
        night = self._night(day)
        if not name or night is None:
            written = "year and standard week, 1 to 52" if self.week_column else f"date written {_EXAMPLE[self.dates]}"
            why = f"not a {written}" if name else "no trap is named"
            column, value = (self.night_column, day) if name else (self.trap_column, name)
            self.left_out.append(LeftOut(line, name, day, column, value, why))
            return None
        counts = self._counts(values, line, name, day)
        return NightCount(self._trap_id(name), night, counts, line) if counts else None

    def _counts(self, values: Iterable[str], line: int, name: str, day: str) -> Mapping[str, int]:
        read: list[int | None] = []
        for column, value in zip(self.counts.values(), values, strict=True):
            count, why = _count(value)
            if why:
                self.left_out.append(LeftOut(line, name, day, column, value, why))
            read.append(count)
        key = tuple(read)
        if key not in self.catches:
            self.catches[key] = {one: count for one, count in zip(self.counts, read, strict=True) if count is not None}
        return self.catches[key]

    def _trap_id(self, name: str) -> str:
        if name not in self.ids:
            trap_id = trap_id_of(name)
            other = self.names.setdefault(trap_id, name)
            if other != name:
                raise InputFault(f"the traps {other!r} and {name!r} would both be called {trap_id}; rename one of them")
            self.ids[name] = trap_id
        return self.ids[name]

    def _night(self, text: str) -> date | None:
        if text not in self.nights:
            found = _week(text) if self.week_column else _date(text, self.dates)
            if found is None:
                return None
            self.nights[text] = found
        return self.nights[text]

    def _once(self, nights: Iterable[NightCount]) -> Iterator[NightCount]:
        """Leaves out a trap's second row for one night: which of two is right nobody can say here."""
        last: NightCount | None = None
        for night in nights:
            if last is not None and (last.trap_id, last.night) == (night.trap_id, night.night):
                same = "the same" if last.counts == night.counts else "another"
                why = f"the trap's night stands in line {last.line} already, with {same} count"
                name = self.names[night.trap_id]
                self.left_out.append(LeftOut(night.line, name, night.night.isoformat(), "", "", why))
                continue
            last = night
            yield night


_FORMAT = {Dates.ISO: "%Y-%m-%d", Dates.DMY: "%d/%m/%Y"}
_EXAMPLE = {Dates.ISO: "2010-03-05", Dates.DMY: "05/03/2010 (day, month, year)"}


def _count(text: str) -> tuple[int | None, str]:
    """The whole number in a cell, or why there is none."""
    if text.upper() in ("", "NA", "N/A", "NAN", "NULL"):
        return None, "not read"
    whole = _WHOLE.fullmatch(text)
    if whole is None:
        return None, "not a whole number of insects"
    digits = whole[1].lstrip("0")
    if len(digits) > 7 or int(digits or "0") > MAX_COUNT:
        return None, f"more than {MAX_COUNT} insects"
    return int(digits or "0"), ""


def _date(text: str, dates: Dates) -> date | None:
    found = (_ISO if dates is Dates.ISO else _DMY).fullmatch(text)
    if found is None:
        return None
    parts = [int(part) for part in found.groups()]
    try:
        return date(*parts) if dates is Dates.ISO else date(*reversed(parts))
    except ValueError:
        return None


def _week(text: str) -> date | None:
    """The first night of a standard week written 1994-W5."""
    found = _WEEK.fullmatch(text)
    if found is None or not 1 <= int(found[2]) <= 52 or int(found[1]) < 1:
        return None
    return date(int(found[1]), 1, 1) + timedelta(days=7 * (int(found[2]) - 1))


def _lines(file: TextIO, path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV with their line numbers. Raises InputFault where it is not one."""
    rows = csv.reader(file, delimiter=_delimiter(file), strict=True)
    try:
        for row in rows:
            yield rows.line_num, row
    except csv.Error as fault:
        raise InputFault(f"{path}, line {rows.line_num}: {fault}") from fault


def _delimiter(file: TextIO) -> str:
    """Comma or semicolon, whichever the header has more of; leaves the file at its start."""
    header = file.readline()
    file.seek(0)
    return ";" if header.count(";") > header.count(",") else ","
