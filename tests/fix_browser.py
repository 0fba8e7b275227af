"""A real browser: Chromium from the system, driven by playwright; on a laptop without it, its tests are skipped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.services import missing

FLAGS = (
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-gpu",
)  # fmt: skip
PHONE = {"width": 390, "height": 844}
_SMALL = """() => [...document.querySelectorAll('a, button, input, select, summary')]
    .filter(one => one.type !== 'hidden')
    .map(one => [one.outerHTML.slice(0, 80), (one.closest('label') || one).getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && (box.width < 44 || box.height < 44)).map(([what]) => what)"""


@dataclass
class Window:
    """A page in a browser, and what it did: requests, and what its console complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def outside(self, base: str) -> list[str]:
        """Requests that went anywhere but to our own server."""
        return [url for url in self.requests if not url.startswith((base, "data:", "blob:"))]

    def small_targets(self) -> list[str]:
        """What is to be touched and is smaller than 44 by 44 pixels."""
        return list(self.page.evaluate(_SMALL))

    def findings(self) -> list[str]:
        """What axe-core finds: rule and where. Put in by the debugger, for the pages forbid every script."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(resources.files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
        found: dict[str, Any] = self.page.evaluate("() => axe.run()")
        return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found["violations"]]

    def size(self) -> int:
        """Bytes of all answers, decoded: what must be read, whatever the compression."""
        js = "() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        return int(self.page.evaluate(f"({js})().reduce((sum, one) => sum + one.decodedBodySize + 300, 0)"))

    def tabbed(self, number: int = 40) -> list[str]:
        """What the Tab key reaches, in order, by its text or its name."""
        js = "() => (document.activeElement.innerText || document.activeElement.name || '').trim()"
        found: list[str] = []
        for _ in range(number):
            self.page.keyboard.press("Tab")
            now = str(self.page.evaluate(js))
            if self.page.evaluate("() => document.activeElement === document.body") or now in found:
                break
            found.append(now)
        return found


OpenWindow = Callable[..., Window]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, headless; not for longer than a module, for its driver keeps an event loop running in this thread."""
    found = shutil.which("chromium")
    if found is None:
        missing("no chromium")
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=found, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def open_window(browser: Browser) -> Iterator[OpenWindow]:
    """Opens an address as a telephone of 390 by 844 pixels does; each window is a stranger to the others."""
    with ExitStack() as stack:

        def opened(url: str, **context: Any) -> Window:  # noqa: ANN401 - new_context's own
            context = {"viewport": PHONE, "device_scale_factor": 2, **context}
            room: BrowserContext = browser.new_context(**context)
            stack.callback(room.close)
            window = Window(room.new_page())
            window.page.on("request", lambda request: window.requests.append(request.url))
            window.page.on("console", lambda said: window.complaints.append(f"{said.type}: {said.text}"))
            window.page.on("pageerror", lambda error: window.complaints.append(str(error)))
            window.page.goto(url)
            return window

        yield opened
