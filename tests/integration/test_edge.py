"""What every request passes: limits by caller and address, headers, other origins, proxies."""

from __future__ import annotations

import httpx2
import pytest
from pydantic import ValidationError

from api.config import ServerSettings
from api.main import operations
from lighttrap.model import Role
from tests.builders import ORG
from tests.fix_api import PASSWORD, a_session, a_token, an_account, an_api
from tests.integration.test_authorisation import ANYBODY, MAY

FEW = ServerSettings(requests_per_caller=10, requests_per_address=10)
WRONG = {"Authorization": "Bearer lt_wrong"}


# Limits


def test_caller_who_asks_too_often_is_told_when_to_come_again(database, conn):
    headers = a_token(conn, ORG, Role.VIEWER)
    with an_api(database, api=FEW) as api:
        answers = [api.client.get("/v1/me", headers=headers) for _ in range(11)]
    assert [one.status_code for one in answers] == [200] * 10 + [429]
    assert answers[0].headers["ratelimit"] == '"caller";r=9;t=6'
    assert answers[0].headers["ratelimit-policy"] == '"caller";q=10;w=60'
    refused = answers[10]
    assert (refused.json()["type"], refused.json()["request_id"]) == ("too-many-tries", refused.headers["x-request-id"])
    assert 1 <= int(refused.headers["retry-after"]) <= 6
    assert refused.headers["ratelimit"].startswith('"caller";r=0;')


def test_callers_at_one_address_do_not_take_from_one_another_nor_from_strangers(database, conn):
    callers = [a_token(conn, ORG, Role.VIEWER), a_session(conn, an_account(conn, "lan@example.org", ORG))]
    with an_api(database, api=FEW) as api:
        for _ in range(15):
            strange = api.client.get("/v1/me")
        for headers in callers:
            assert [api.client.get("/v1/me", headers=headers).status_code for _ in range(10)] == [200] * 10
    assert (strange.status_code, strange.headers["ratelimit-policy"]) == (429, '"address";q=10;w=60')


@pytest.mark.parametrize("headers", [{}, WRONG, {"Cookie": "lighttrap_session=wrong"}, {"Cookie": "x=y"}])
def test_strangers_are_counted_by_their_address_whatever_they_send(database, headers):
    with an_api(database, api=FEW) as api:
        answers = [api.client.get("/v1/me", headers=headers).status_code for _ in range(12)]
    assert answers == [401] * 10 + [429] * 2


@pytest.mark.parametrize(
    ("path", "route"), [(path, route) for path, route in operations() if MAY[route.name] == ANYBODY]
)
def test_operation_for_anybody_is_counted_though_something_like_a_credential_comes_along(database, path, route):
    [method] = route.methods
    with an_api(database, api=FEW) as api:
        answers = [api.client.request(method, path, headers=WRONG).status_code for _ in range(12)]
    assert answers[10:] == [429] * 2
    assert 429 not in answers[:10]


def test_page_to_log_in_on_is_counted_though_something_like_a_credential_comes_along(database):
    with an_api(database, api=FEW) as api:
        answers = [api.client.get("/login", headers=WRONG).status_code for _ in range(12)]
    assert answers == [200] * 10 + [429] * 2


def test_probes_are_never_refused(database):
    with an_api(database, api=FEW) as api:
        assert {api.client.get("/healthz").status_code for _ in range(30)} == {200}


# Headers of every answer


def test_every_answer_has_the_headers_that_guard_it_and_an_id(api, conn):
    headers = a_token(conn, ORG, Role.VIEWER)
    etag = api.client.get("/v1/me", headers=headers).headers["etag"]
    answers = {
        200: api.client.get("/v1/me", headers=headers),
        304: api.client.get("/v1/me", headers={**headers, "If-None-Match": etag}),
        401: api.client.get("/v1/me"),
        403: api.client.get(f"/v1/orgs/{ORG}/audit", headers=headers),
        404: api.client.get("/nothing"),
        405: api.client.patch("/v1/me"),
        413: api.client.post("/v1/login", content=b"x" * 2_000_000),
        422: api.client.post("/v1/login", json={}),
    }
    api.client.app.state.pool = None
    answers[500] = api.client.get("/v1/me", headers=headers)
    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == ("private, no-cache" if status in (200, 304) else "no-store")
        assert len(answer.headers["x-request-id"]) == 32
        assert "server" not in answer.headers
    assert answers[500].json()["request_id"] == answers[500].headers["x-request-id"]
    assert "NoneType" not in answers[500].text


# Other origins

ASKS = {"Origin": "https://map.example.org", "Access-Control-Request-Method": "GET"}


def test_no_page_of_another_origin_may_ask_by_default(api):
    assert api.client.options("/v1/me", headers=ASKS).status_code == 405
    answer = api.client.get("/v1/me", headers=ASKS)
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_page_of_a_listed_origin_may_ask_by_token_and_never_by_cookie(database, conn):
    headers = {**ASKS, **a_token(conn, ORG, Role.VIEWER)}
    listed = ServerSettings(allowed_origins="https://map.example.org, http://127.0.0.1:8501")
    with an_api(database, api=listed) as api:
        before = api.client.options("/v1/me", headers={**ASKS, "Access-Control-Request-Headers": "authorization"})
        answer = api.client.get("/v1/me", headers=headers)
        other = api.client.get("/v1/me", headers={**headers, "Origin": "https://map.example.org.evil.example"})
    assert (before.status_code, answer.status_code) == (200, 200)
    for one in (before, answer):
        assert one.headers["access-control-allow-origin"] == "https://map.example.org"
        assert "access-control-allow-credentials" not in one.headers
        assert one.headers["x-content-type-options"] == "nosniff"
    assert "etag" in answer.headers["access-control-expose-headers"].lower()
    assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize("text", ["*", "https://*.example.org", "map.example.org", "https://a.example/x", "null"])
def test_origin_that_is_none_is_refused_at_start(text):
    with pytest.raises(ValidationError):
        ServerSettings(allowed_origins=text)


# Proxies


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trusted", "seen"),
    [
        (
            "127.0.0.1",
            {
                "203.0.113.5": "203.0.113.5",
                # Whoever made up the first is believed no more than the proxy, which put the last there.
                "198.51.100.66, 203.0.113.6": "203.0.113.6",
                "2001:db8:1:2::7": "2001:db8:1:2::/64",
            },
        ),
        ("192.0.2.1", {"203.0.113.5": "127.0.0.1"}),
    ],
)
def test_address_is_what_a_trusted_proxy_says_and_nobody_else(conn, database, start_api, trusted, seen):
    program = start_api(database, LIGHTTRAP_API__TRUSTED_PROXIES=trusted)
    program.wait_until_ready()
    for forwarded in seen:
        body = {"login": "nobody", "password": PASSWORD}
        httpx2.post(f"{program.url}/v1/login", json=body, headers={"X-Forwarded-For": forwarded})
    sources = conn.execute("SELECT source FROM login_try WHERE source LIKE 'address%'").fetchall()
    assert {source for (source,) in sources} == {f"address {one}" for one in seen.values()}
