"""How lists of things are printed: a table for people, CSV and JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from lighttrap import csvtext


class Form(StrEnum):
    """How to print a list."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


FormOption = Annotated[Form, typer.Option("--format", help="How to print.")]

Row = Sequence[object]


def show(columns: Sequence[str], rows: Iterable[Row], form: Form, *, empty: str) -> None:
    """Prints rows. None is an empty cell, `null` in JSON; `empty` tells people what to do when there is no row."""
    if form is Form.CSV:
        _csv(columns, rows)
    elif form is Form.JSON:
        _json(columns, rows)
    else:
        _table(columns, rows, empty)


def _csv(columns: Sequence[str], rows: Iterable[Row]) -> None:
    sys.stdout.write(csvtext.lines([columns], end="\n"))
    for row in rows:
        sys.stdout.write(csvtext.lines([[csvtext.guarded(cell) for cell in row]], end="\n"))
    sys.stdout.flush()


def _json(columns: Sequence[str], rows: Iterable[Row]) -> None:
    """A list of objects, written one by one, for there may be millions."""
    sep = "["
    for row in rows:
        sys.stdout.write(sep + json.dumps(dict(zip(columns, row, strict=True)), default=str, ensure_ascii=False))
        sep = ",\n"
    sys.stdout.write("[]\n" if sep == "[" else "]\n")
    sys.stdout.flush()


def _table(columns: Sequence[str], rows: Iterable[Row], empty: str) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    for place, column in enumerate(columns):
        # The first names the row, to be copied into the next command.
        table.add_column(column, overflow="fold", no_wrap=place == 0)
    for row in rows:
        table.add_row(*map(_cell, row))
    # What reads from a pipe has no width.
    console = Console(width=None if sys.stdout.isatty() else 1000)
    console.print(table if table.row_count else empty, highlight=False)


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes").replace("+00:00", "Z")
    return "" if value is None else str(value)
