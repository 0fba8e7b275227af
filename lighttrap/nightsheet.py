"""The rows of a spreadsheet as texts, so that an XLSX is read by the same rules as a CSV."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

from lighttrap.errors import InputFault

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook

SUFFIXES = (".xlsx", ".xlsm", ".xls", ".ods")
"""What people call spreadsheets; of these only the first two can be read, and the others are told so."""
_READABLE = (".xlsx", ".xlsm")


def rows(path: Path, sheet: str | None, date_format: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a sheet with their numbers, from 1, each as wide as the first; a row without any text is empty.

    An empty cell is "", a cell that is a date is written in `date_format`.
    A date with a time of day keeps it, and so fits no form of date; a formula that was never computed is empty.
    Raises InputFault when the file cannot be read, or when `sheet` is not there or needed to choose one of several.
    """
    if path.suffix.lower() not in _READABLE:
        raise InputFault(f"{path} is not XLSX; save it as XLSX or as CSV UTF-8")
    book = _open(path)
    width = 0
    try:
        for line, cells in enumerate(_cells(book, _sheet(book, sheet, path)), 1):
            texts = [_text(cell, date_format) for cell in cells]
            width = width or len(texts)
            yield line, texts + [""] * (width - len(texts)) if any(texts) else []
    finally:
        book.close()


def _open(path: Path) -> Workbook:
    # Imported here: it takes a tenth of a second, which every other command would pay.
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with warnings.catch_warnings():
            # It warns of styles and validations that it does not know, which are nothing to us.
            warnings.simplefilter("ignore", UserWarning)
            return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except OSError as fault:
        raise InputFault(f"{path} cannot be opened: {fault.strerror}") from fault
    except (BadZipFile, InvalidFileException, KeyError, ValueError, SyntaxError) as fault:
        raise InputFault(f"{path} is not an XLSX that can be read; open it, and save it as XLSX again") from fault


def _cells(book: Workbook, name: str) -> Iterator[tuple[object, ...]]:
    sheet = book[name]
    # Some programs write a wrong size into the file, and cells outside would not be seen.
    sheet.reset_dimensions()
    return sheet.iter_rows(values_only=True)


def _sheet(book: Workbook, wanted: str | None, path: Path) -> str:
    names = [sheet.title for sheet in book.worksheets]
    if wanted is not None and wanted not in names:
        raise InputFault(f"{path} has no sheet {wanted}; its sheets are {', '.join(names)}")
    if wanted is None and len(names) != 1:
        raise InputFault(f"{path} has {len(names)} sheets, name one: {', '.join(names)}")
    return wanted or names[0]


def _text(cell: object, date_format: str) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.strftime(date_format) if cell.time() == time() else cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.strftime(date_format)
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
