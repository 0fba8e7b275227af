"""Names and words: the glossary is whole, and no drawer is opened."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from lighttrap import errors, model

ROOT = Path(__file__).parents[2]
PACKAGES = ("lighttrap", "ingest", "api", "dashboard", "simulator")
REFUSED = {"utils", "util", "common", "helpers", "helper", "core", "crud", "base", "misc", "hex"}
SHIPPED = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TABLE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)")

glossary = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")


def _tables() -> set[str]:
    files = [*(ROOT / "lighttrap/sql/migrations").glob("*.sql"), ROOT / "lighttrap/sql/migrations.sql"]
    return {name for file in files for name in TABLE.findall(file.read_text(encoding="utf-8"))}


def _classes() -> set[str]:
    return {name for name, kind in inspect.getmembers(model, inspect.isclass) if kind.__module__ == model.__name__}


@pytest.mark.parametrize("name", sorted(_classes()))
def test_class_of_the_model_has_a_glossary_entry(name: str):
    assert f"`{name}`" in glossary


@pytest.mark.parametrize("name", sorted(_tables()))
def test_table_has_a_glossary_entry(name: str):
    assert f"table `{name}`" in glossary


def test_tables_are_found_at_all():
    assert {"trap", "reading", "catch", "quarantine"} <= _tables()


def test_every_error_stands_in_the_tree():
    tree = errors.__doc__ or ""
    missing = [
        name for name, kind in inspect.getmembers(errors, inspect.isclass) if not re.search(rf"\b{name}\b", tree)
    ]
    assert missing == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_is_named_for_a_noun_and_says_what_it_is(path: Path):
    assert path.stem not in REFUSED
    assert path.parent.name not in REFUSED
    assert re.match(r'r?"""\S', path.read_text(encoding="utf-8")), "no docstring"
