"""All SQL lies in lighttrap/sql, released migrations stay as they are, and every statement is used."""

from __future__ import annotations

import ast
import hashlib
import re
from pathlib import Path

import pytest

from lighttrap import migrate

ROOT = Path(__file__).parents[2]
SQL = ROOT / "lighttrap/sql"
MIGRATIONS = SQL / "migrations"
STATEMENT = re.compile(
    r"^\s*(SELECT\s+.+|INSERT\s+INTO\s+.+|UPDATE\s+\w+\s+SET\b|DELETE\s+FROM\s+.+|WITH\s+\w+\s+AS\b|MERGE\s+INTO\b"
    r"|COPY\s+\w+\s+.*\b(FROM|TO)\b|(CREATE|ALTER|DROP|TRUNCATE)\s+(TABLE|INDEX|VIEW|DATABASE|FUNCTION)\b)",
    re.DOTALL,
)
PROGRAM_FILES = sorted(
    path
    for package in ("lighttrap", "ingest", "api", "dashboard", "simulator")
    for path in (ROOT / package).rglob("*.py")
)


def _texts(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


@pytest.mark.parametrize("path", PROGRAM_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_python_file_holds_no_sql(path: Path):
    assert [text for text in _texts(path) if STATEMENT.match(text)] == []


@pytest.mark.parametrize("text", ["SELECT 1", "INSERT INTO x VALUES (1)", "UPDATE x SET y = 1", "with a as (select 1)"])
def test_a_statement_would_be_recognised(text: str):
    assert STATEMENT.match(text.upper())


def test_migrations_are_those_whose_hashes_were_written_down():
    lines = (MIGRATIONS / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    written = {name: sha for sha, name in (line.split() for line in lines)}
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in MIGRATIONS.glob("*.sql")}
    assert found == written, "a released migration is never edited; a new one needs its line in SHA256SUMS"


def test_migrations_are_numbered_without_a_hole():
    assert [int(m.name[:4]) for m in migrate.migrations()] == list(range(1, len(migrate.migrations()) + 1))


@pytest.mark.parametrize("path", sorted(SQL.glob("*.sql")), ids=lambda path: path.name)
def test_every_statement_of_a_file_is_used(path: Path):
    names = re.findall(r"^-- (\w+) --$", path.read_text(encoding="utf-8"), re.MULTILINE)
    code = "".join(
        file.read_text(encoding="utf-8") for file in PROGRAM_FILES if f'load("{path.stem}")' in file.read_text()
    )
    assert names, "no statement in it"
    assert [name for name in names if f'"{name}"' not in code] == []


@pytest.mark.parametrize("path", sorted(SQL.glob("*.sql")), ids=lambda path: path.name)
def test_counts_are_read_as_people_verified_them(path: Path):
    """Only what keeps the machine's count or corrects it reads `catch`; whether a row is there, anybody may ask."""
    if path.stem in ("catches", "corrections"):
        return
    text = re.sub(r"SELECT (DISTINCT trap_id, species )?FROM catch\b", "", path.read_text(encoding="utf-8"))
    assert re.findall(r"\b(?:FROM|JOIN)\s+catch\b", text) == [], "read verified_catch"
