"""Every named statement is understood by the migrated schema; SQL in files is as safe as code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from lighttrap import sql
from lighttrap.store import checks, pool, readings
from tests.cluster import Databases

NOUNS = sorted(path.stem for path in (Path(__file__).parents[2] / "lighttrap/sql").glob("*.sql"))
STATEMENTS = [(noun, name) for noun in NOUNS for name in sql.load(noun)]
PARAMETER = re.compile(r"%\((\w+)\)s")
COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
NOT_PREPARABLE = re.compile(
    r"\s*(COPY|CREATE|ALTER|DROP|SET|SHOW|LOCK|NOTIFY|CHECKPOINT|TRUNCATE|ANALYZE|VACUUM)\b", re.IGNORECASE
)


def _numbered(statement: str) -> bytes:
    """The statement with $1, $2 ... for its named parameters."""
    names: dict[str, int] = {}
    text = PARAMETER.sub(lambda found: f"${names.setdefault(found[1], len(names) + 1)}", statement)
    return text.replace("%%", "%").encode()


@pytest.fixture(scope="module")
def schema(databases: Databases) -> Iterator[pool.Connection]:
    """One connection for all statements, for nothing is changed."""
    dsn = databases.clone()
    conn = pool.connect(dsn)
    yield conn
    conn.close()
    databases.drop(dsn)


@pytest.mark.parametrize(("noun", "name"), STATEMENTS)
def test_statement_is_understood_by_the_schema(schema: pool.Connection, noun: str, name: str):
    text = COMMENT.sub("", sql.load(noun)[name])
    if NOT_PREPARABLE.match(text):
        return  # these are run, not prepared, by the tests of their module
    if noun == "timescaledb" and not checks.server(schema).timescaledb:
        return  # asked only where it is
    readings.create_stage(schema)
    answer = schema.pgconn.prepare(b"", _numbered(text))
    schema.rollback()
    assert answer.status == psycopg.pq.ExecStatus.COMMAND_OK, answer.error_message.decode()
