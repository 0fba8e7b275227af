"""Rows of long lists, as our own dataclasses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from operator import itemgetter
from typing import Any, TypeVar

from psycopg import Cursor

Record = TypeVar("Record")


def record_row(kind: type[Record]) -> Callable[[Cursor[Any]], Callable[[Sequence[Any]], Record]]:
    """A row factory like psycopg's `class_row`, at half its cost: it finds each field's column once a statement.

    Raises TypeError where the columns are others than the fields.
    """
    names = [one.name for one in fields(kind)]  # type: ignore[arg-type]  # a dataclass, which no type can say

    def factory(cursor: Cursor[Any]) -> Callable[[Sequence[Any]], Record]:
        columns = [one.name for one in cursor.description or ()]
        if sorted(columns) != sorted(names):
            raise TypeError(f"{kind.__name__} cannot be made of the columns {columns}")
        in_order = itemgetter(*(columns.index(name) for name in names))
        return lambda values: kind(*in_order(values))

    return factory
