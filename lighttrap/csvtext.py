"""CSV as spreadsheets read it, with cells that cannot become formulas."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

BOM = "\ufeff"
"""At the start of a file it tells spreadsheets that the text is UTF-8."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def guarded(cell: object) -> object:
    """A cell as it may be written: a text that a spreadsheet might run gets a leading ', a number stays a number."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def lines(rows: Iterable[Sequence[object]], *, end: str = "\r\n") -> str:
    """Lines of CSV (RFC 4180); None is an empty cell, which is not "" and not 0. Texts must be guarded already."""
    text = StringIO()
    csv.writer(text, lineterminator=end).writerows(rows)
    return text.getvalue()
