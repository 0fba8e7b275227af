"""Reading the CSV files people hand us: columns by name, every fault with its line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from lighttrap.errors import InputFault


class Line(NamedTuple):
    """One line of a sheet: its number in the file, and its cells by column, blanks as None."""

    number: int
    cells: dict[str, str | None]

    def text(self, column: str) -> str:
        """A cell that must be filled. Raises InputFault."""
        value = self.cells.get(column)
        if not value:
            raise InputFault(f"line {self.number}: {column} is empty")
        return value

    def number_or_none(self, column: str) -> float | None:
        """A cell that is a number or blank. Raises InputFault."""
        value = self.cells.get(column)
        if value is None:
            return None
        try:
            return float(value)
        except ValueError:
            raise InputFault(f"line {self.number}: {column} must be a number, not {value!r}") from None


def lines(path: Path, required: tuple[str, ...]) -> Iterator[Line]:
    """The lines of a CSV in UTF-8, with or without BOM. Raises InputFault when it cannot be read as such."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            lacking = [name for name in required if name not in (reader.fieldnames or [])]
            if lacking:
                raise InputFault(f"{path} lacks the column {lacking[0]}; it has {', '.join(reader.fieldnames or [])}")
            for cells in reader:
                filled = {key: (value.strip() or None) if value else None for key, value in cells.items() if key}
                yield Line(reader.line_num, filled)
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise InputFault(f"{path} cannot be read: {fault}") from fault


def instant(text: str) -> datetime:
    """A date (its midnight UTC) or an instant with zone. Raises InputFault."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InputFault(f"{text!r} is not a date like 2026-11-23") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
