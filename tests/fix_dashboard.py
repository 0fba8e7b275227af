"""The dashboard's pages before a province that is made up: by AppTest in this process, or as a program for a browser.

The province (`tests.showcase`) is stored once for all tests of a run; a test that changes something asks for a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import reader
from lighttrap.model import Role
from lighttrap.store import logins, pool
from tests import showcase
from tests.cluster import Databases
from tests.fix_api import PASSWORD, ApiProgram, an_account
from tests.fix_programs import Program
from tests.services import free_port
from tests.waiting import wait_until

APP = Path(__file__).parent.parent / "dashboard" / "app.py"
OpenPage = Callable[..., AppTest]


@dataclass(frozen=True)
class Province:
    """The made-up province behind an API, and a session of somebody of each role."""

    dsn: str
    api_url: str
    sessions: dict[Role, str]


def a_session(conn: pool.Connection, role: Role, org: str = showcase.ORG) -> str:
    """The secret of a session of somebody with that role."""
    login = f"{role}@{org}"
    an_account(conn, login, org, role)
    secret = logins.log_in(conn, login, PASSWORD, logins.LoginLimits())
    conn.commit()
    assert secret
    return secret


def open_province(stack: ExitStack, databases: Databases, dsn: str, folder: Path) -> Province:
    """An API on a filled database, until the stack is closed."""
    with pool.connect(dsn) as conn:
        sessions = {role: a_session(conn, role) for role in Role}
    program = ApiProgram(
        dsn, folder / "api.log", LIGHTTRAP_API__SECURE_COOKIES="false",
        LIGHTTRAP_PUBLIC_BROKER__URL="mqtts://mqtt.example.org:8883",
    )  # fmt: skip
    program.start()
    stack.callback(program.kill)
    program.wait_until_ready()
    return Province(dsn, program.url, sessions)


@pytest.fixture(scope="session")
def filled(databases: Databases) -> Iterator[str]:
    """DSN of a database with the province, not to be changed."""
    dsn = databases.clone()
    with pool.connect(dsn) as conn:
        showcase.fill(conn)
    yield dsn
    databases.drop(dsn)


@pytest.fixture(scope="session")
def province(databases: Databases, filled: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    """The province for all tests that only look."""
    dsn = databases.copy(filled)
    with ExitStack() as stack:
        yield open_province(stack, databases, dsn, tmp_path_factory.mktemp("province"))
    databases.drop(dsn)


@pytest.fixture
def own_province(databases: Databases, filled: str, tmp_path: Path) -> Iterator[Province]:
    """A province that this test may change."""
    dsn = databases.copy(filled)
    with ExitStack() as stack:
        yield open_province(stack, databases, dsn, tmp_path)
    databases.drop(dsn)


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenPage]:
    """Opens a page as somebody of a role: `open_page(province, "screens/devices.py", Role.VIEWER, lang="km")`."""

    def page(where: Province | str, screen: str | None = None, role: Role | None = Role.ADMIN, **query: str) -> AppTest:
        url = where if isinstance(where, str) else where.api_url
        monkeypatch.setenv("LIGHTTRAP_DASHBOARD__API_URL", url)
        _forget()
        test = AppTest.from_file(APP, default_timeout=30)
        test.context = {"locale": "vi-VN", "timezone": "Asia/Ho_Chi_Minh", "theme": query.pop("theme", "light")}
        for name, value in query.items():
            test.query_params[name] = value
        if role is not None and isinstance(where, Province):
            test.session_state[reader.SESSION] = where.sessions[role]
        test.run()
        if screen:
            for name, value in query.items():
                test.query_params[name] = value
            test.switch_page(screen).run()
        return test

    yield page
    _forget()


def _forget() -> None:
    reader.client().close()
    reader.client.clear()
    reader.settings.clear()


class DashboardProgram(Program):
    """`python -m dashboard` on a free port, beside an API."""

    def __init__(self, api_url: str, log: Path, **settings: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        own = {"LIGHTTRAP_DASHBOARD__API_URL": api_url, "LIGHTTRAP_DASHBOARD__PORT": str(port)}
        # Streamlit and what it stands on warn of each other.
        super().__init__("dashboard", (), {**own, "PYTHONWARNINGS": "default", **settings}, log)

    def wait_until_ready(self, within: float = 30) -> None:
        """Waits until it serves."""
        wait_until(lambda: not self.is_running or self._serves(), within=within)
        assert self.is_running, self.output()

    def _serves(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/_stcore/health", timeout=2).status_code == 200
        except httpx2.HTTPError:
            return False
