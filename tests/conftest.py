"""What all tests share: the fixtures, the markers that follow from them, and the guards."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = (
    "tests.fix_db",
    "tests.fix_broker",
    "tests.fix_proxy",
    "tests.fix_programs",
    "tests.fix_trapside",
    "tests.fix_api",
    "tests.fix_dashboard",
    "tests.fix_browser",
    "tests.fix_secured",
    "tests.fix_site",
    "tests.fix_stack",
)

TESTS = Path(__file__).parent
MARKER_OF_FIXTURE = {
    "databases": "db",
    "own_cluster": "db",
    "broker": "broker",
    "secured": "broker",
    "encrypted": "broker",
    "site_broker": "broker",
    "stack": "broker",
    "proxy": "chaos",
    "broker_proxy": "chaos",
    "database_proxy": "chaos",
}

# No deadline: the machine is shared, and speed is measured in bench/, never asserted.
settings.register_profile("lighttrap", deadline=None, print_blob=True)
settings.load_profile("lighttrap")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Markers follow from the fixtures used, so that `-m "not db and not broker"` is always right."""
    for item in items:
        used = set(getattr(item, "fixturenames", ()))
        for fixture, marker in MARKER_OF_FIXTURE.items():
            if fixture in used:
                item.add_marker(marker)
        folder = item.path.relative_to(TESTS).parts[0]
        if folder == "dashboard" or _asks_over_http(item):
            item.add_marker("http")
        if folder == "chaos":
            item.add_marker("chaos")
        if folder == "unit":
            item.add_marker("disable_socket")


def _asks_over_http(item: pytest.Item) -> bool:
    """Whether a test speaks to the API, by the fixtures and builders of `tests.fix_api`."""
    module = item.getparent(pytest.Module)
    known = vars(module.obj).values() if module else ()
    fixtures = {"api", "start_api"} & set(getattr(item, "fixturenames", ()))
    return bool(fixtures) or any(getattr(one, "__module__", None) == "tests.fix_api" for one in known)
