"""The dashboard in a real browser: every page by its address, on a telephone, and while the API is away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from lighttrap.model import Role
from lighttrap.store import pool
from tests import showcase
from tests.cluster import Databases
from tests.fix_api import PASSWORD
from tests.fix_browser import OpenWindow
from tests.fix_dashboard import a_session
from tests.fix_house import House, Screen, a_house, come_in, open_screen
from tests.waiting import wait_until

SHELL = Path(__file__).parents[2] / "dashboard" / "shell.py"
SLUGS = ["", *re.findall(r'page\("\w+", say\(.*?\), "([a-z-]+)"', SHELL.read_text())]
# Of Streamlit's and Vega's own markup.
ALLOWED = {"list", "listitem", "svg-img-alt"}
DESKTOP = {"viewport": {"width": 1440, "height": 900}, "device_scale_factor": 1}
# Three looks fall into the time in which old answers are shown, also on a busy machine.
KEPT_S = 15


@pytest.fixture(scope="module")
def sessions(databases: Databases, filled: str) -> Iterator[tuple[str, dict[Role, str]]]:
    """DSN of a province of this file's own, and sessions of its people."""
    dsn = databases.copy(filled)
    with closing(pool.connect(dsn)) as conn:
        yield dsn, {role: a_session(conn, role) for role in (Role.ADMIN, Role.VIEWER, Role.AGRONOMIST)}
    databases.drop(dsn)


@pytest.fixture(scope="module")
def house(sessions: tuple[str, dict[Role, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    quick = {"LIGHTTRAP_DASHBOARD__REFRESH_S": "5", "LIGHTTRAP_DASHBOARD__KEPT_S": str(KEPT_S),
             "LIGHTTRAP_DASHBOARD__TIMEOUT_S": "5"}  # fmt: skip
    with a_house(sessions[0], tmp_path_factory.mktemp("house"), **quick) as made:
        yield made


@pytest.fixture
def admin(sessions: tuple[str, dict[Role, str]]) -> dict[str, object]:
    return come_in(sessions[1][Role.ADMIN])


def test_whoever_logs_in_comes_to_the_page_they_asked_for(house: House, open_window: OpenWindow):
    goal = f"{house.dashboard.url}/ban-do?lang=vi"
    window = open_window(f"{house.api.url}/login?next={quote(goal)}")
    window.page.fill("#login", f"{Role.ADMIN}@{showcase.ORG}")
    window.page.fill("#password", PASSWORD)
    window.page.click("button")
    window.page.wait_for_selector("h1:has-text('Bản đồ')", timeout=60_000)
    assert window.page.url.startswith(f"{house.dashboard.url}/ban-do")


@pytest.mark.parametrize("role", [Role.ADMIN, Role.VIEWER])
def test_every_page_is_whole_on_a_telephone_and_asks_nobody_else(
    house: House, sessions: tuple[str, dict[Role, str]], open_window: OpenWindow, role: Role
):
    faults = {}
    for slug in SLUGS:
        # The wall is for one size of screen.
        size = {"viewport": {"width": 1920, "height": 1080}} if slug == "wall" else {}
        screen = open_screen(open_window, f"{house.dashboard.url}/{slug}", **come_in(sessions[1][role]), **size)
        if found := screen.faults(house):
            faults[slug] = found
        screen.page.context.close()
    assert faults == {}


def drawn(screen: Screen) -> tuple[list[str], list[float]]:
    """What is written in the charts of a page, and where everything is drawn, once they do not change any more."""
    charts = screen.page.locator("[data-testid=stVegaLiteChart] svg")
    charts.first.wait_for()
    seen = [""]

    def is_still() -> bool:
        # Vega numbers the parts of a picture anew in each.
        seen.append(re.sub(r"\w*clip\d+|gradient_\d+", "", "".join(one.inner_html() for one in charts.all())))
        screen.page.wait_for_timeout(500)
        return seen[-1] == seen[-2]

    wait_until(is_still, within=30)
    written = re.findall(r'aria-label="[^"]*"|(?<=>)[^<]+(?=<)', seen[-1])
    return written, [
        float(one) for one in re.findall(r"-?\d+\.?\d*", re.sub(r'aria-label="[^"]*"|>[^<]+<', "", seen[-1]))
    ]


@pytest.mark.parametrize("slug", ["", "xu-huong", "bay"])
def test_nights_are_the_same_wherever_the_browser_stands(
    house: House, admin: dict[str, object], open_window: OpenWindow, slug: str
):
    seen = []
    for zone in ("Asia/Ho_Chi_Minh", "America/Los_Angeles"):
        screen = open_screen(open_window, f"{house.dashboard.url}/{slug}?lang=vi", **admin, **DESKTOP, timezone_id=zone)
        # Only when the charts stand still is all of the page there.
        written, places = drawn(screen)
        text = re.sub(r"\d+ (phút|giờ) trước", "", screen.page.inner_text("[data-testid=stMain]"))
        seen.append((text, written, places))
    (text, written, places), (text_there, written_there, places_there) = seen
    assert text == text_there
    assert written == written_there
    assert any(re.search(r"\d\d/\d\d", one) for one in written), "no night stands in the chart"
    # Where clocks are changed in autumn a season is an hour longer: half a pixel, where a night is ten.
    assert places == pytest.approx(places_there, abs=2)


def test_language_is_changed_in_one_tap_and_stands_in_the_address(
    house: House, admin: dict[str, object], open_window: OpenWindow
):
    screen = open_screen(open_window, f"{house.dashboard.url}/?lang=vi", **admin)
    screen.page.get_by_role("radio", name="English").click()
    screen.page.wait_for_selector("h1:has-text('Last night')")
    assert "lang=en" in screen.page.url


@pytest.mark.parametrize("slug", ["", "bao-cao"])
def test_axe_finds_nothing_but_what_streamlit_and_vega_made(
    house: House, admin: dict[str, object], open_window: OpenWindow, slug: str
):
    screen = open_screen(open_window, f"{house.dashboard.url}/{slug}?lang=vi", **admin)
    assert [one for one in screen.window.findings() if one.partition(":")[0] not in ALLOWED] == []


def test_api_that_dies_is_told_calmly_and_pages_come_back_by_themselves(
    house: House, sessions: tuple[str, dict[Role, str]], admin: dict[str, object], open_window: OpenWindow
):
    home = open_screen(open_window, f"{house.dashboard.url}/?lang=vi", **admin)
    wall = open_screen(open_window, f"{house.dashboard.url}/wall?lang=vi", **admin)
    counts = wall.page.inner_text(".wall-counts")

    def told(screen: Screen, text: str) -> bool:
        return text in screen.page.inner_text("[data-testid=stMain]")

    house.api.kill()
    try:
        wait_until(lambda: told(home, "Máy chủ không trả lời. Dưới đây là số liệu lấy lúc"), within=60)
        assert home.page.locator(".verdict").count() == 1
        wait_until(lambda: told(home, "Chưa lấy được số liệu; trang sẽ tự thử lại"), within=60)
        wait_until(lambda: told(wall, "Không kết nối được máy chủ"), within=60)
        assert wall.page.inner_text(".wall-counts") == counts
        # Of somebody for whom nothing is kept.
        late = open_without_api(open_window, house, come_in(sessions[1][Role.AGRONOMIST]))
        assert "Chưa kết nối được máy chủ; trang sẽ tự thử lại" in late.inner_text("[data-testid=stMain]")
        assert [one.page.locator("[data-testid=stException]").count() for one in (home, wall)] == [0, 0]
    finally:
        house.api.start()
        house.api.wait_until_ready()
    wait_until(lambda: home.page.locator(".verdict").count() == 1, within=60)
    wait_until(lambda: not told(home, "trang sẽ tự thử lại"), within=60)
    wait_until(lambda: told(wall, "Số liệu mới nhất"), within=60)
    late.wait_for_selector(".verdict", timeout=60_000)


def open_without_api(open_window: OpenWindow, house: House, context: dict[str, object]) -> Page:
    """A page that is opened while the API is away; it has no title to wait for."""
    window = open_window(f"{house.dashboard.url}/?lang=vi", **context)
    window.page.wait_for_selector(".strip", timeout=60_000)
    return window.page
