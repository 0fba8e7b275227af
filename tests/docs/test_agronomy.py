"""docs/agronomy.md says what the code computes with."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module

from lighttrap import agronomy
from scripts import agronomy as page

MODULES = [import_module(f"lighttrap.agronomy.{one.name}") for one in pkgutil.iter_modules(agronomy.__path__)]


def test_tables_of_the_page_do_not_lag():
    assert (page.ROOT / page.PAGE).read_text(encoding="utf-8") == page.page(), "run scripts/docs"


def test_page_has_every_settings_table_once():
    text = (page.ROOT / page.PAGE).read_text(encoding="utf-8")
    assert [text.count(f"<!-- settings: {name} -->") for name in page.SETTINGS] == [1] * len(page.SETTINGS)


def test_every_public_function_says_what_it_does():
    silent = [
        f"{module.__name__}.{name}"
        for module in MODULES
        for name, one in inspect.getmembers(module, inspect.isfunction)
        if one.__module__ == module.__name__ and not name.startswith("_") and not inspect.getdoc(one)
    ]
    assert MODULES
    assert silent == []
