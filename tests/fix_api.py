"""The API on a real database: in this process, and as a program that listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.config import ApiSettings
from api.deps import COOKIE, PROOF
from api.main import create_app
from lighttrap.config import DatabaseSettings, PublicBrokerSettings
from lighttrap.model import Role
from lighttrap.store import accounts, logins, orgs, pool, tokens
from tests.fix_programs import Program
from tests.services import free_port
from tests.waiting import wait_until

PASSWORD = "ba con trâu trắng"
BROKER_URL = "mqtts://mqtt.example.org:8883"
"""Where traps are told to find the broker."""


def a_token(conn: pool.Connection, org: str, role: Role) -> dict[str, str]:
    """Headers of a program with that role, in an org that is made when it is not there."""
    orgs.ensure_org(conn, org)
    expires_at = datetime.now(UTC) + timedelta(days=1)
    _, secret = tokens.add_token(conn, org_id=org, name=role, role=role, created_by="tests", expires_at=expires_at)
    conn.commit()
    return {"Authorization": f"Bearer {secret}"}


def an_account(conn: pool.Connection, login: str, org: str | None = None, role: Role = Role.VIEWER) -> int:
    """Somebody with `PASSWORD`, in an org, or admin of all."""
    account_id = accounts.add_account(conn, login, login.capitalize(), PASSWORD, is_admin=org is None)
    if org:
        orgs.ensure_org(conn, org)
        accounts.put_membership(conn, account_id, org, role)
    conn.commit()
    return account_id


def a_session(conn: pool.Connection, account_id: int, expires_in: timedelta = timedelta(hours=1)) -> dict[str, str]:
    """Headers of a person who has logged in, and sends what a change needs."""
    secret = logins.new_secret()
    conn.execute(
        "INSERT INTO login_session (session_sha, account_id, expires_at) VALUES (%s, %s, %s)",
        (logins.secret_sha(secret), account_id, datetime.now(UTC) + expires_in),
    )
    conn.commit()
    return {"Cookie": f"{COOKIE}={secret}", PROOF: "tests"}


@dataclass
class Api:
    """The API in this process."""

    client: TestClient
    dsn: str

    def as_role(self, role: Role, org: str = "soc-trang") -> dict[str, str]:
        """Headers of a program with that role."""
        with pool.connect(self.dsn) as conn:
            return a_token(conn, org, role)


@contextmanager
def an_api(dsn: str, **sections: Any) -> Iterator[Api]:  # noqa: ANN401 - sections of the settings
    """The API with settings of the test's own; errors of ours are answers, not exceptions of the test."""
    own = {"public_broker": PublicBrokerSettings(url=BROKER_URL), **sections}
    made = create_app(ApiSettings(database=DatabaseSettings(dsn=SecretStr(dsn)), **own))
    # Over HTTPS, as the cookie needs it.
    with TestClient(made, base_url="https://testserver", raise_server_exceptions=False) as client:
        yield Api(client, dsn)


@pytest.fixture
def api(database: str) -> Iterator[Api]:
    """The API on a fresh database."""
    with an_api(database) as made:
        yield made


class ApiProgram(Program):
    """`python -m api` on a free port."""

    def __init__(self, dsn: str, log: Path, **settings: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(
            "api", (), {"LIGHTTRAP_DATABASE__DSN": dsn, "LIGHTTRAP_API__PORT": str(port), **settings}, log
        )  # fmt: skip

    def wait_until_ready(self, within: float = 30) -> None:
        """Waits until it can do its work."""
        wait_until(lambda: not self.is_running or self._is_ready(), within=within)
        assert self.is_running, self.output()

    def _is_ready(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except httpx2.HTTPError:
            return False


@pytest.fixture
def start_api(tmp_path: Path) -> Iterator[Callable[..., ApiProgram]]:
    """Starts the API as a program on a database."""
    started: list[ApiProgram] = []

    def start(dsn: str, **settings: str) -> ApiProgram:
        program = ApiProgram(dsn, tmp_path / f"api-{len(started)}.log", **settings)
        started.append(program)
        program.start()
        return program

    yield start
    for program in started:
        program.kill()
