"""Takes the pictures of the dashboard in docs/pictures: `python -m scripts.pictures [NAME ...]`, all without a name.

Needs what the tests of a browser need (chromium, fonts-noto-core). The province in them is made up (tests/showcase.py).
Look at every picture before you commit it.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from lighttrap.model import Role
from lighttrap.store import pool
from tests import showcase
from tests.fix_browser import FLAGS
from tests.fix_dashboard import a_session
from tests.fix_house import DRAWN, come_in

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
PORT_BASE = 18_900
MOST_BYTES = 150_000
COLOURS = 256


@dataclass(frozen=True)
class Look:
    """One picture: which page, in which language, on what."""

    name: str
    path: str
    lang: str = "vi"
    phone: bool = False
    dark: bool = False
    wall: bool = False
    height: int = 900

    @property
    def window(self) -> dict[str, Any]:
        """Options of the browser's window."""
        size = (390, 844) if self.phone else (1920, 1080) if self.wall else (1440, self.height)
        return {
            "viewport": {"width": size[0], "height": size[1]}, "device_scale_factor": 1.5 if self.phone else 1,
            "color_scheme": "dark" if self.dark else "light", "locale": "vi-VN", "timezone_id": "Asia/Ho_Chi_Minh",
        }  # fmt: skip


LOOKS = [
    Look("last_night_vi", "", height=1250),
    Look("last_night_km", "", lang="km"),
    Look("last_night_en", "", lang="en"),
    Look("last_night_phone_vi", "", phone=True),
    Look("last_night_dark_vi", "", dark=True),
    Look("trends_vi", "xu-huong", height=1250),
    Look("trends_km", "xu-huong", lang="km", height=1250),
    Look("trends_en", "xu-huong", lang="en", height=1250),
    Look("trends_phone_vi", "xu-huong", phone=True),
    Look("trap_vi", "bay", height=1100),
    Look("alerts_vi", "canh-bao"),
    Look("alerts_phone_vi", "canh-bao", phone=True),
    Look("map_vi", "ban-do"),
    Look("devices_vi", "thiet-bi"),
    Look("devices_phone_vi", "thiet-bi", phone=True),
    Look("reports_vi", "bao-cao"),
    Look("admin_vi", "quan-tri"),
    Look("wall_vi", "wall", wall=True),
]


def main(names: list[str]) -> None:
    """Runs everything on the province, and takes the pictures."""
    wanted = [look for look in LOOKS if not names or look.name in names]
    with tempfile.TemporaryDirectory(prefix="lighttrap-pictures-") as folder:
        command = [
            str(Path(sys.executable).with_name("lighttrap")),
            "up",
            "--data",
            folder,
            "--port-base",
            str(PORT_BASE),
        ]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            try:
                session = _fill(Path(folder))
                _take(wanted, session)
            finally:
                running.terminate()


def _fill(folder: Path) -> str:
    """Waits for the database and fills it; returns an admin's session."""
    dsn = _dsn(folder / "addresses.json")
    with pool.connect(dsn) as conn:
        showcase.fill(conn)
        return a_session(conn, Role.ADMIN)


def _dsn(path: Path, within_s: float = 120) -> str:
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        if path.exists():
            return str(json.loads(path.read_text())["db_dsn"])
        time.sleep(0.5)
    raise SystemExit("lighttrap up did not come up")


def _take(wanted: list[Look], session: str) -> None:
    found = shutil.which("chromium")
    if found is None:
        raise SystemExit("no chromium")
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=list(FLAGS))
        for look in wanted:
            raw = _picture(browser, look, session)
            size = _keep(FOLDER / f"{look.name}.png", raw)
            print(f"{look.name}: {size / 1000:.0f} KB{'' if size < MOST_BYTES else ', too large'}")
        browser.close()


def _picture(browser: Browser, look: Look, session: str) -> bytes:
    window = browser.new_context(**look.window, **come_in(session))
    page = window.new_page()
    page.goto(f"http://127.0.0.1:{PORT_BASE + 4}/{look.path}?org={showcase.ORG}&lang={look.lang}")
    page.wait_for_function(DRAWN, timeout=60_000)
    # The fragments of a page and Vega's pictures come a moment after it.
    page.wait_for_timeout(3000)
    raw = page.screenshot()
    window.close()
    return raw


def _keep(path: Path, raw: bytes) -> int:
    """Writes a picture with few colours; returns its size in bytes."""
    with Image.open(io.BytesIO(raw)) as image:
        image.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
            path, optimize=True
        )
    return path.stat().st_size


if __name__ == "__main__":
    main(sys.argv[1:])
