"""The farmer's page in a real browser of a telephone's size: light, quiet, and to be used without eyes or mouse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from lighttrap.notify.codes import CodeSender
from lighttrap.notify.settings import NotifierSettings
from lighttrap.store import pool, signups
from tests import farmhouse
from tests.cluster import Databases
from tests.farmhouse import ORG, PHONE, Provider, a_farm, a_farmer
from tests.fix_api import ApiProgram
from tests.fix_browser import OpenWindow, Window

BYTES = 30_000
REQUESTS = 3
STATES = {
    "active": farmhouse.active,
    "over": farmhouse.over,
    "wrong": farmhouse.wrong,
    "silent": farmhouse.silent,
    "going-on": farmhouse.going_on,
}


@dataclass
class Village:
    """The API with a farmer in each state; `pages` are their addresses."""

    url: str
    dsn: str
    pages: dict[str, str]


@pytest.fixture(scope="module")
def village(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    dsn, pages = databases.clone(), {}
    with closing(pool.connect(dsn)) as conn:
        farm = a_farm(conn)
        code = signups.make_code(conn, ORG, farm.field_id, "tests").code
        for name, state in STATES.items():
            farm = a_farm(conn, f"field-{name}")
            state(farm)
            pages[name] = a_farmer(conn, farm.field_id)[1]
        pages["many"] = a_farmer(conn, *(f"field-{name}" for name in STATES))[1]
    audio = tmp_path_factory.mktemp("audio")
    (audio / "vi-level-alarm.mp3").write_bytes(b"ID3")
    program = ApiProgram(
        dsn, audio / "api.log", LIGHTTRAP_API__UNREVIEWED_TEXTS="true", LIGHTTRAP_API__AUDIO_FOLDER=str(audio),
        LIGHTTRAP_API__PAGES_PER_TOKEN="1000", LIGHTTRAP_API__SIGNUP_CHANNEL="sms",
    )  # fmt: skip
    program.start()
    program.wait_until_ready()
    found = {name: f"{program.url}/f/{token}" for name, token in pages.items()}
    found |= {
        "unknown": f"{program.url}/f/unknown", "stop": f"{found['active']}/stop", "signup": f"{program.url}/s/{code}",
        "sheet": f"{program.url}/s/{code}/sheet",
    }  # fmt: skip
    yield Village(program.url, dsn, found)
    program.kill()
    databases.drop(dsn)


def judge(window: Window, base: str) -> list[str]:
    """What is wrong with a page."""
    wrong = [f"outside: {url}" for url in window.outside(base)]
    # Chromium says of every document that is not 200 that it failed to load.
    wrong += [one for one in window.complaints if "404 (Not Found)" not in one]
    wrong += [f"small: {one}" for one in window.small_targets()] + window.findings()
    if (bytes_ := window.size()) > BYTES:
        wrong.append(f"{bytes_} bytes")
    if len(window.requests) > REQUESTS:
        wrong.append(f"{len(window.requests)} requests")
    if window.page.evaluate("() => document.documentElement.scrollWidth > window.innerWidth"):
        wrong.append("scrolls sideways")
    if window.page.evaluate(SMALL_TYPE):
        wrong.append("small or crowded type")
    return wrong


SMALL_TYPE = """() => [...document.querySelectorAll('main *, footer *, header *')].some(one => {
    const style = getComputedStyle(one), size = parseFloat(style.fontSize);
    const isText = [...one.childNodes].some(child => child.nodeType === 3 && child.textContent.trim());
    return isText && (size < 18 || (one.matches('p, li') && parseFloat(style.lineHeight) < 1.59 * size));
})"""


@pytest.mark.parametrize("language", ["vi", "km", "en"])
@pytest.mark.parametrize("name", [*STATES, "many", "unknown", "stop", "signup", "sheet"])
def test_page_is_light_quiet_and_usable(village: Village, open_window: OpenWindow, name: str, language: str):
    window = open_window(f"{village.pages[name]}?lang={language}")
    assert judge(window, village.url) == []
    assert window.page.locator("h1").count() == 1
    assert window.page.locator("html").get_attribute("lang") == ("vi" if name == "none" else language)


def test_judge_finds_what_it_looks_for(village: Village, open_window: OpenWindow):
    window = open_window(village.pages["active"])
    window.page.evaluate("""() => {
        document.body.insertAdjacentHTML('beforeend', '<a href="/x">x</a><img src="/none.png"><main>small</main>');
        document.querySelector('.verdict').setAttribute('class', 'tiny');
        document.querySelector('.tiny').style.setProperty('font-size', '12px');
    }""")
    wrong = "\n".join(judge(window, village.url))
    for fault in ("small: <a", "image-alt", "small or crowded type"):
        assert fault in wrong, wrong


def test_page_works_without_scripts_and_loads_no_sound_by_itself(village: Village, open_window: OpenWindow):
    window = open_window(village.pages["active"], java_script_enabled=False)
    assert window.page.locator("h1").inner_text() == "■ Nguy hiểm: rầy nâu"
    assert not [url for url in window.requests if "listen" in url]
    window.page.get_by_role("link", name="English").click()
    assert window.page.locator("h1").inner_text() == "■ Danger: brown planthopper"
    window.page.get_by_role("link", name="Stop the messages").click()
    window.page.get_by_role("link", name="Back, keep the messages").click()
    assert window.page.locator("h1").inner_text() == "■ Danger: brown planthopper"


def test_keyboard_reaches_every_action_in_the_order_of_meaning(village: Village, open_window: OpenWindow):
    window = open_window(village.pages["active"])
    assert window.tabbed() == [
        "☎ Gọi 0299 3 123 456", "▶ Nghe đọc", "Tiếng Việt", "ខ្មែរ", "English", "Ngừng nhận tin",
    ]  # fmt: skip


def test_page_is_read_aloud_in_the_order_of_meaning(village: Village, open_window: OpenWindow):
    window = open_window(village.pages["active"])
    spoken = window.page.locator("body").aria_snapshot()
    order = ["heading \"Nguy hiểm: rầy nâu\"", "Lịch Hội Thượng", "6.120", "img \"Bảy đêm qua", "Việc cần làm",
             "link \"Gọi 0299", "link \"Nghe đọc", "Nguồn:", "link \"Ngừng nhận tin"]  # fmt: skip
    places = [spoken.find(one) for one in order]
    assert -1 not in places, spoken
    assert places == sorted(places), spoken


@pytest.mark.parametrize("language", ["vi", "km", "en"])
@pytest.mark.parametrize("name", ["active", "many", "sheet"])
def test_page_prints_on_one_sheet(village: Village, open_window: OpenWindow, name: str, language: str):
    window = open_window(f"{village.pages[name]}?lang={language}")
    sheet = window.page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1
    window.page.emulate_media(media="print")
    assert window.page.locator("nav:visible").count() == 0
    assert PHONE in window.page.locator("main").inner_text(), "the number to call is on paper too"


def test_levels_are_told_apart_in_black_and_white(village: Village, open_window: OpenWindow):
    window = open_window(village.pages["active"])
    marks = window.page.locator("svg .mark").all_text_contents()
    assert set(marks) == {"◆", "▲", "■"}, "by their shapes"
    window.page.emulate_media(media="print")
    assert window.page.locator("header").evaluate("one => getComputedStyle(one).borderTopStyle") == "solid"


def test_page_fits_a_narrow_telephone_with_large_type(village: Village, open_window: OpenWindow):
    window = open_window(village.pages["active"], viewport={"width": 320, "height": 600})
    assert judge(window, village.url) == []


def test_nights_are_the_same_wherever_the_browser_is(village: Village, open_window: OpenWindow):
    pages = [
        open_window(village.pages["active"], timezone_id=zone).page.locator("svg").text_content()
        for zone in ("Asia/Ho_Chi_Minh", "America/Los_Angeles")
    ]
    assert pages[0] == pages[1]


def test_farmer_signs_up_without_a_script(village: Village, open_window: OpenWindow):
    window = open_window(village.pages["signup"], java_script_enabled=False)
    window.page.get_by_label("Số điện thoại di động").fill("0912 345 678")
    window.page.get_by_label("Tôi đồng ý").check()
    window.page.get_by_role("button", name="Gửi mã xác nhận").click()
    with closing(pool.connect(village.dsn)) as conn:
        provider = Provider()
        sender = CodeSender(provider, NotifierSettings(), village.dsn)
        # Somebody else of the village may wait for a code of theirs.
        while sender.step(conn):
            pass
        sender.close()
    [text] = [one.text for one in provider.asked if one.address.endswith("912345678")]
    [number] = re.findall(r"\d{6}", text)
    window.page.get_by_label("Mã 6 chữ số").fill("000000" if number != "000000" else "111111")
    window.page.get_by_role("button", name="Xác nhận").click()
    assert "Mã không đúng" in window.page.get_by_role("alert").inner_text()
    window.page.get_by_label("Mã 6 chữ số").fill(number)
    window.page.get_by_role("button", name="Xác nhận").click()
    window.page.wait_for_url(f"{village.url}/f/**")
    assert window.page.locator("h1").count() == 1
    assert window.complaints == []
    assert window.outside(village.url) == []


def test_page_that_asks_for_the_number_is_light_and_usable(village: Village, open_window: OpenWindow):
    window = open_window(village.pages["signup"])
    window.page.get_by_label("Số điện thoại di động").fill("123")
    window.page.get_by_label("Tôi đồng ý").check()
    window.requests.clear()
    window.page.get_by_role("button", name="Gửi mã xác nhận").click()
    assert judge(window, village.url) == [], "with a fault"
    window.page.get_by_label("Số điện thoại di động").fill("0987654321")
    window.page.get_by_label("Tôi đồng ý").check()
    window.requests.clear()
    window.page.get_by_role("button", name="Gửi mã xác nhận").click()
    window.page.get_by_label("Mã 6 chữ số").wait_for()
    assert judge(window, village.url) == []


def test_stop_is_pressed_and_confirmed(village: Village, open_window: OpenWindow, databases: Databases, tmp_path: Path):
    dsn = databases.clone()
    with closing(pool.connect(dsn)) as conn:
        farmhouse.active(a_farm(conn))
        recipient_id, token = a_farmer(conn, "field-17")
        program = ApiProgram(dsn, tmp_path / "api.log")
        program.start()
        try:
            program.wait_until_ready()
            window = open_window(f"{program.url}/f/{token}")
            window.page.get_by_role("link", name="Ngừng nhận tin").click()
            window.requests.clear()
            window.page.get_by_role("button", name="Ngừng nhận tin").click()
            assert window.page.locator("h1").inner_text() == "Đã ngừng nhận tin"
            assert judge(window, program.url) == []
            query = "SELECT stopped_at IS NOT NULL FROM recipient WHERE recipient_id = %s"
            assert conn.execute(query, [recipient_id]).fetchall() == [(True,)]
        finally:
            program.kill()
    assert token not in program.output()
    databases.drop(dsn)
