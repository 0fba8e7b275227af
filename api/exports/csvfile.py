"""Exports as CSV: UTF-8 with a byte order mark, ISO dates, what is missing left empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from api.exports.tables import Ask, Kind, Table
from lighttrap import csvtext
from lighttrap.views import ExportNote

_TRUTH = {True: "true", False: "false", None: None}
zone = cache(ZoneInfo)


def parts(table: Table, _: ExportNote, ask: Ask) -> Iterator[bytes]:
    """The file, piece by piece; the head waits for the first rows, so that a question that fails is answered as one."""
    head = csvtext.BOM + csvtext.lines([[column.header for column in table.columns]])
    writers = [_WRITERS[column.kind] for column in table.columns]
    at = table.place("time_zone")
    for rows in ask():
        columns = list(zip(*rows, strict=True))
        # Column by column: a loop inside a list costs half of one call a cell.
        shown = [write(cells, columns[at]) for write, cells in zip(writers, columns, strict=False)]
        yield (head + csvtext.lines(zip(*shown, strict=True))).encode()
        head = ""
    yield head.encode()


def _texts(cells: Sequence[Any], _: Sequence[str]) -> Sequence[Any]:
    return [csvtext.guarded(cell) for cell in cells]


def _words(cells: Sequence[Any], _: Sequence[str]) -> Sequence[Any]:
    guarded = {cell: csvtext.guarded(cell) for cell in set(cells)}
    return [guarded[cell] for cell in cells]


def _instants(cells: Sequence[datetime | None], zones: Sequence[str]) -> Sequence[Any]:
    return [cell and cell.astimezone(zone(name)).isoformat() for cell, name in zip(cells, zones, strict=True)]


def _truths(cells: Sequence[bool | None], _: Sequence[str]) -> Sequence[Any]:
    return [_TRUTH[cell] for cell in cells]


def _plain(cells: Sequence[Any], _: Sequence[str]) -> Sequence[Any]:
    return cells


_WRITERS: dict[Kind, Callable[[Sequence[Any], Sequence[str]], Sequence[Any]]] = {
    Kind.TEXT: _texts,
    Kind.WORD: _words,
    Kind.INSTANT: _instants,
    Kind.TRUTH: _truths,
    Kind.WHOLE: _plain,
    Kind.NUMBER: _plain,
    Kind.NIGHT: _plain,
}
