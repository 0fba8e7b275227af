"""The headers that guard an answer, on every kind of answer there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx2
import pytest

from api.config import ServerSettings
from lighttrap.model import Role
from lighttrap.store import pool, signups
from tests.builders import ORG, TRAP, a_trap
from tests.cluster import Databases
from tests.farmhouse import a_farm, a_farmer, active
from tests.fix_api import PASSWORD, Api, a_token, an_account, an_api

ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
ASKED_AGAIN, NOBODY, FARMERS, SIGN = "private, no-cache", "no-store", "private, max-age=300", "public, max-age=604800"


@dataclass
class Stage:
    """An API with something of each kind to ask for."""

    api: Api
    admin: dict[str, str]
    token: str
    code: str

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self.api.client.get(path, headers={**self.admin, **headers}, follow_redirects=False)

    def bare(self, method: str, path: str, **options: object) -> httpx2.Response:
        return self.api.client.request(method, path, follow_redirects=False, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def stage(databases: Databases) -> Iterator[Stage]:
    """Looked at by all tests of this module, none of which leaves a trace."""
    database = databases.clone()
    with pool.connect(database) as conn:
        a_trap(conn)
        active(a_farm(conn))
        _, token = a_farmer(conn, "field-17")
        an_account(conn, "lan@example.org", ORG, Role.ADMIN)
        code = signups.make_code(conn, ORG, "field-17", "tests").code
        headers = a_token(conn, ORG, Role.ADMIN)
    with an_api(database, api=ServerSettings(dashboard_url="https://bang.example.org", live_s=0.05)) as api:
        yield Stage(api, headers, token, code)
    databases.drop(database)


def known(stage: Stage) -> httpx2.Response:
    etag = stage.get("/v1/me").headers["etag"]
    return stage.get("/v1/me", **{"If-None-Match": etag})


def unforeseen(stage: Stage) -> httpx2.Response:
    state = stage.api.client.app.state  # type: ignore[attr-defined]
    kept, state.pool = state.pool, None
    try:
        return stage.get("/v1/me")
    finally:
        state.pool = kept


def logs_in(stage: Stage) -> httpx2.Response:
    try:
        return stage.bare("POST", "/login", data={"login": "lan@example.org", "password": PASSWORD})
    finally:
        stage.api.client.cookies.clear()


ORGS = f"/v1/orgs/{ORG}"
KINDS: dict[str, tuple[int, str, Callable[[Stage], httpx2.Response]]] = {
    "object": (200, ASKED_AGAIN, lambda s: s.get("/v1/me")),
    "page of a list": (200, ASKED_AGAIN, lambda s: s.get(f"{ORGS}/traps")),
    "map": (200, ASKED_AGAIN, lambda s: s.get(f"{ORGS}/fields.geojson")),
    "not modified": (304, ASKED_AGAIN, known),
    "export": (200, NOBODY, lambda s: s.get(f"{ORGS}/exports/nights?first=2025-11-01&last=2025-11-30")),
    "document of the API": (200, ASKED_AGAIN, lambda s: s.bare("GET", "/v1/openapi.json")),
    "ways to log in": (200, ASKED_AGAIN, lambda s: s.bare("GET", "/v1/login")),
    "live changes": (200, "no-cache", lambda s: s.get(f"{ORGS}/live")),
    "new secret": (201, NOBODY, lambda s: s.bare("POST", f"{ORGS}/traps/{TRAP}/credential", headers=s.admin)),
    "unknown caller": (401, NOBODY, lambda s: s.bare("GET", "/v1/me")),
    "not allowed": (403, NOBODY, lambda s: s.bare("GET", "/v1/admin/accounts", headers=s.admin)),
    "not there": (404, NOBODY, lambda s: s.get(f"{ORGS}/traps/nobody")),
    "no such path": (404, NOBODY, lambda s: s.bare("GET", "/docs")),
    "no such method": (405, NOBODY, lambda s: s.bare("PATCH", "/v1/me")),
    "too large": (413, NOBODY, lambda s: s.bare("POST", "/v1/login", content=b"x" * 2_000_000)),
    "not understood": (422, NOBODY, lambda s: s.get(f"{ORGS}/traps?limit=x")),
    "not foreseen": (500, NOBODY, unforeseen),
    "page to log in": (200, NOBODY, lambda s: s.bare("GET", "/login")),
    "wrong password": (401, NOBODY, lambda s: s.bare("POST", "/login", data={"login": "x", "password": "y"})),
    "logged in": (303, NOBODY, logs_in),
    "farmer's page": (200, FARMERS, lambda s: s.bare("GET", f"/f/{s.token}")),
    "farmer's question": (200, NOBODY, lambda s: s.bare("GET", f"/f/{s.token}/stop")),
    "farmer's page of nobody": (404, NOBODY, lambda s: s.bare("GET", "/f/made-up")),
    "sign-up": (200, NOBODY, lambda s: s.bare("GET", f"/s/{s.code}")),
    "sign-up of nothing": (404, NOBODY, lambda s: s.bare("GET", "/s/000000")),
    "sign in the tab": (200, SIGN, lambda s: s.bare("GET", "/favicon.svg")),
    "alive": (200, ASKED_AGAIN, lambda s: s.bare("GET", "/healthz")),
    "metrics": (200, ASKED_AGAIN, lambda s: s.bare("GET", "/metrics")),
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_answer_is_guarded_whatever_it_is(stage: Stage, kind: str):
    status, kept, ask = KINDS[kind]
    answer = ask(stage)
    headers = answer.headers
    assert answer.status_code == status, answer.text
    assert {name: headers.get(name) for name in ALWAYS} == ALWAYS
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "camera=()" in headers["permissions-policy"]
    assert headers["cache-control"] == kept
    assert "server" not in headers
    assert headers["x-request-id"]
    if headers.get("content-type", "").startswith("text/html"):
        assert "base-uri 'none'" in policy
        assert "<script" not in answer.text


def test_cookie_of_a_session_is_out_of_reach_of_scripts_other_sites_and_plain_http(stage: Stage):
    cookie = logs_in(stage).headers["set-cookie"]
    for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert word.lower() in cookie.lower()
