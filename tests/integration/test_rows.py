"""Rows that become our dataclasses."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from lighttrap.store.pool import Connection
from lighttrap.store.rows import record_row


@dataclass(frozen=True)
class Pair:
    """Two values."""

    first: int
    second: str


def test_columns_find_their_fields_by_name(conn: Connection):
    found = conn.cursor(row_factory=record_row(Pair)).execute("SELECT 'b' AS second, 1 AS first").fetchall()
    assert found == [Pair(1, "b")]


@pytest.mark.parametrize("query", ["SELECT 1 AS first", "SELECT 1 AS first, 'b' AS second, 2 AS third"])
def test_a_column_too_few_or_too_many_is_an_error(conn: Connection, query: str):
    with pytest.raises(TypeError, match="Pair"):
        conn.cursor(row_factory=record_row(Pair)).execute(query)
