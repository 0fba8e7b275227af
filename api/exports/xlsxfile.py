"""Exports as XLSX: real dates and numbers, text that is never a formula, and a sheet that says what it is.

A workbook is whole only when its last row is known, so it is made on disk and sent then.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from api.exports import notes
from api.exports.csvfile import zone
from api.exports.tables import Ask, Kind, Table
from lighttrap.errors import InputFault
from lighttrap.views import ExportNote

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

MOST_ROWS = 100_000
"""A minute's work, before proxies give up waiting for the first byte; a sheet would hold 1,048,576."""
_PIECE = 1 << 18
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LINE_END = re.compile("\r\n?")
_MOST_LETTERS = 32_767
"""Of a cell."""
_NEEDS_CARE = ("=", "+", "-", "@", "#", "\t")


def parts(table: Table, note: ExportNote, ask: Ask) -> Iterator[bytes]:
    """The file; before its first byte empty pieces while it is made, so that who waits can look around.

    Raises InputFault, before the first byte, when there are more rows than `MOST_ROWS`.
    """
    # Imported here: it takes a tenth of a second.
    from openpyxl import Workbook

    yield from _require_fit(ask)
    book = Workbook(write_only=True)
    with tempfile.TemporaryFile(prefix="lighttrap-export-") as file:
        try:
            sheet = book.create_sheet(table.name)
            yield from _fill(sheet, table, ask)
            about = book.create_sheet("about")
            for line in notes.lines(note):
                about.append([_text(about, text) for text in line])
            book.save(file)
        finally:
            _clean_up(book)
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece


def _require_fit(ask: Ask) -> Iterator[bytes]:
    """Counts first: reading rows takes a twentieth of the time that writing them does."""
    number = 0
    for rows in ask():
        number += len(rows)
        if number > MOST_ROWS:
            raise InputFault(
                f"more than {MOST_ROWS} rows: ask for fewer nights, traps or species, or for csv or parquet"
            )
        yield b""


def _fill(sheet: WriteOnlyWorksheet, table: Table, ask: Ask) -> Iterator[bytes]:
    sheet.freeze_panes = "A2"
    sheet.append([column.header for column in table.columns])
    at = table.place("time_zone")
    texts = [place for place, column in enumerate(table.columns) if column.kind in (Kind.TEXT, Kind.WORD)]
    instants = [place for place, column in enumerate(table.columns) if column.kind is Kind.INSTANT]
    for rows in ask():
        for row in rows:
            cells = list(row[: len(table.columns)])
            for place in texts:
                cells[place] = _text(sheet, cells[place])
            for place in instants:
                cells[place] = _local(cells[place], row[at])
            sheet.append(cells)
        yield b""


def _text(sheet: WriteOnlyWorksheet, text: str | None) -> Any:  # noqa: ANN401 - a text, or a cell that holds it
    """A text as a cell takes it. What could become a formula or an error stays text, even when somebody edits it."""
    if not text:
        return text
    from openpyxl.cell import WriteOnlyCell

    clean = _LINE_END.sub("\n", _NOT_XML.sub("\ufffd", text))[:_MOST_LETTERS]
    if not clean.startswith(_NEEDS_CARE):
        return clean
    cell = WriteOnlyCell(sheet, clean)
    cell.data_type = "s"
    cell.quotePrefix = True
    return cell


def _local(instant: datetime | None, name: str) -> datetime | None:
    """Spreadsheets have no time zones: the time on the wall there."""
    return instant and instant.astimezone(zone(name)).replace(tzinfo=None)


def _clean_up(book: Workbook) -> None:
    """Removes the files of sheets that were not saved; openpyxl would do so when the program ends."""
    for sheet in book.worksheets:
        if writer := getattr(sheet, "_writer", None):
            with suppress(FileNotFoundError):
                writer.cleanup()
