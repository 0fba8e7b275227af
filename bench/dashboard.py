"""The dashboard on a year of 200 traps: a rerun over the real websocket, what a session weighs, first sight."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from playwright.sync_api import sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from bench import api, seasons
from bench.servers import Servers, cpu_of, wait_for
from lighttrap import model
from lighttrap.store import accounts, logins, pool

TRAPS, FIELDS, NIGHTS = 200, 67, 365
PAGES = {"home": "", "trends": "xu-huong", "trap": "bay", "map": "ban-do", "alerts": "canh-bao", "devices": "thiet-bi"}
TIMES = 10
TOGETHER = (5, 10, 20)
LOGIN, PASSWORD = "bench@example.org", "a password for a bench only"
COOKIE = "lighttrap_session"


def measure(servers: Servers, port: int) -> dict[str, object]:
    """Fills the database, starts API and dashboard on it, and looks."""
    seasons.fill(servers.dsn, FIELDS, NIGHTS)
    session = _log_in(servers)
    with api.running(servers, port), running(port, port + 1) as pid:
        first_ms = Session(port + 1, session).rerun("")[0]
        idle_mb = _memory_mb(pid)
        pages = {name: _page(port + 1, pid, session, slug) for name, slug in PAGES.items()}
        with ExitStack() as stack:
            people = [stack.enter_context(closing(Session(port + 1, session))) for _ in range(max(TOGETHER))]
            for one in people:
                one.rerun("")
            session_mb = (_memory_mb(pid) - idle_mb) / len(people)
            together = {str(number): _together(people[:number]) for number in TOGETHER}
        return {
            "first_run_ms": round(first_ms), "pages": pages, "mb_a_session": round(session_mb, 2),
            "slowest_ms_of_reruns_at_once": together, "mb_after": round(_memory_mb(pid)),
            "first_sight_s": _first_sight(port + 1, session),
        }  # fmt: skip


class Session:
    """A person's websocket, as the browser opens one."""

    def __init__(self, port: int, session: str) -> None:
        self._socket = connect(
            f"ws://127.0.0.1:{port}/_stcore/stream", subprotocols=["streamlit"], max_size=None,  # type: ignore[list-item]
            additional_headers={"Cookie": f"{COOKIE}={session}"},
        )  # fmt: skip

    def rerun(self, slug: str) -> tuple[float, int]:
        """Runs a page once: milliseconds until all of it has arrived, and its bytes."""
        wanted = BackMsg()
        wanted.rerun_script.query_string = f"org={seasons.ORG}&lang=vi"
        wanted.rerun_script.page_name = slug
        began, size = time.perf_counter(), 0
        self._socket.send(wanted.SerializeToString())
        while True:
            raw = self._socket.recv(timeout=120)
            assert isinstance(raw, bytes)
            size += len(raw)
            said = ForwardMsg.FromString(raw)
            if said.WhichOneof("type") == "delta" and said.delta.new_element.WhichOneof("type") == "exception":
                raise RuntimeError(said.delta.new_element.exception.message)
            if said.WhichOneof("type") == "script_finished":
                return (time.perf_counter() - began) * 1e3, size

    def close(self) -> None:
        """Leaves."""
        self._socket.close()


def _page(port: int, pid: int, session: str, slug: str) -> dict[str, float]:
    with closing(Session(port, session)) as one:
        one.rerun(slug)
        before = cpu_of(pid)
        taken = [one.rerun(slug) for _ in range(TIMES)]
    return {
        "median_ms": round(statistics.median(ms for ms, _ in taken)),
        "slowest_ms": round(max(ms for ms, _ in taken)),
        "cpu_ms": round((cpu_of(pid) - before) / TIMES * 1e3),
        "kB": round(taken[-1][1] / 1e3),
    }


def _together(people: list[Session]) -> int:
    with ThreadPoolExecutor(len(people)) as pool_of_people:
        taken: list[tuple[float, int]] = list(pool_of_people.map(lambda one: one.rerun(""), people))
    return round(max(ms for ms, _ in taken))


def _first_sight(port: int, session: str) -> dict[str, float]:
    """Seconds from the address to the verdict in Chromium, with nothing of ours in its cache, and once it has all."""
    found = shutil.which("chromium")
    if found is None:
        return {}
    cookie = {"name": COOKIE, "value": session, "domain": "127.0.0.1", "path": "/"}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        window = browser.new_context(locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh")
        window.add_cookies([cookie])  # type: ignore[list-item]
        seen = {}
        for name in ("empty_cache", "again"):
            page, began = window.new_page(), time.perf_counter()
            page.goto(f"http://127.0.0.1:{port}/?org={seasons.ORG}")
            page.wait_for_selector(".verdict", timeout=60_000)
            seen[name] = round(time.perf_counter() - began, 2)
        browser.close()
    return seen


def _log_in(servers: Servers) -> str:
    with pool.connect(servers.dsn) as conn:
        account_id = accounts.add_account(conn, LOGIN, "Bench", PASSWORD)
        accounts.put_membership(conn, account_id, seasons.ORG, model.Role.AGRONOMIST)
        session = logins.log_in(conn, LOGIN, PASSWORD, logins.LoginLimits())
        assert session is not None
        return session


@contextmanager
def running(api_port: int, port: int) -> Iterator[int]:
    """The dashboard beside an API; the id of its process."""
    environ = {
        **os.environ,
        "LIGHTTRAP_DASHBOARD__API_URL": f"http://127.0.0.1:{api_port}",
        "LIGHTTRAP_DASHBOARD__PORT": str(port),
        "LIGHTTRAP_LOG__LEVEL": "WARNING",
    }
    process = subprocess.Popen([sys.executable, "-m", "dashboard"], env=environ)

    def ready() -> bool:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    try:
        wait_for(ready, 60, process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def _memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
