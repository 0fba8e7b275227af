"""The API and the dashboard as programs that know of each other, for a browser that goes from one to the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Response

from dashboard.client import COOKIE
from tests.fix_api import ApiProgram
from tests.fix_browser import OpenWindow, Window
from tests.fix_dashboard import DashboardProgram

# Streamlit asks for these beside a deep link, before it knows where its root is.
STREAMLITS_OWN = ("/_stcore/health", "/_stcore/host-config")
DRAWN = """() => document.querySelector('h1') !== null
    && !document.querySelector('[data-testid=stStatusWidget], [data-testid=stSkeleton], [data-stale=true]')
    && [...document.querySelectorAll('[data-testid=stVegaLiteChart]')].every(one => one.querySelector('canvas, svg'))"""
_WIDE = """() => [document.documentElement, document.querySelector('[data-testid=stMain]')]
    .map(one => one.scrollWidth - one.clientWidth).reduce((a, b) => Math.max(a, b))"""


@dataclass(frozen=True)
class House:
    """Both programs, running."""

    api: ApiProgram
    dashboard: DashboardProgram


@contextmanager
def a_house(dsn: str, folder: Path, **settings: str) -> Iterator[House]:
    """Both programs on a database, with settings of the dashboard's, until the block ends."""
    api = ApiProgram(dsn, folder / "api.log", LIGHTTRAP_API__SECURE_COOKIES="false")
    screens = DashboardProgram(api.url, folder / "dashboard.log", **settings)
    assert api.env is not None
    api.env["LIGHTTRAP_API__DASHBOARD_URL"] = screens.url
    try:
        for program in (api, screens):
            program.start()
        for program in (api, screens):
            program.wait_until_ready()
        yield House(api, screens)
    finally:
        for program in (api, screens):
            program.kill()


def come_in(session: str | None) -> dict[str, Any]:
    """What a browser brings that has logged in: options of a window."""
    cookie = {"name": COOKIE, "value": session, "domain": "127.0.0.1", "path": "/", "httpOnly": True,
              "secure": False, "sameSite": "Lax", "expires": -1}  # fmt: skip
    return {"storage_state": {"cookies": [cookie] if session else []}}


@dataclass
class Screen:
    """A page of the dashboard in a browser."""

    window: Window
    refused: list[str] = field(default_factory=list)

    @property
    def page(self) -> Page:
        """Playwright's page."""
        return self.window.page

    def wait_until_drawn(self, within_s: float = 60) -> None:
        """Waits until nothing of the page is still on its way."""
        self.page.wait_for_function(DRAWN, timeout=within_s * 1000)

    def faults(self, house: House) -> list[str]:
        """All that a page must not do: fail, complain, ask elsewhere, be wider than its window."""
        own = (house.dashboard.url, house.dashboard.url.replace("http:", "ws:"), house.api.url, "data:", "blob:")
        found = [f"failed: {one}" for one in self.page.locator("[data-testid=stException]").all_inner_texts()]
        found += [f"asked: {url}" for url in self.window.requests if not url.startswith(own)]
        found += [f"refused: {url}" for url in self.refused if not url.endswith(STREAMLITS_OWN)]
        said = [one for one in self.window.complaints if not one.startswith(("log:", "info:", "debug:", "warning:"))]
        found += [f"said: {one}" for one in said if "status of 404" not in one]
        wide = self.page.evaluate(_WIDE)
        return found + ([f"{wide} pixels too wide"] if wide > 0 else [])


def open_screen(open_window: OpenWindow, url: str, **context: Any) -> Screen:  # noqa: ANN401 - new_context's own
    """An address of the dashboard in a window of its own, drawn."""
    screen = Screen(open_window("about:blank", **context))

    def look(answer: Response) -> None:
        if answer.status >= 400:
            screen.refused.append(answer.url.partition("?")[0])

    screen.page.on("response", look)
    screen.page.goto(url)
    screen.wait_until_drawn()
    return screen
