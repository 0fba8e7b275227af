"""Logging in by a real OpenID Connect provider, honest and lying, in a process of its own."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from pydantic import SecretStr, ValidationError

from api import oidc
from api.config import ServerSettings
from api.deps import COOKIE
from api.oidc_settings import OidcSettings
from api.routes.oidc import COOKIE as STATE_COOKIE
from lighttrap.errors import ProviderUnavailable
from lighttrap.model import Role
from lighttrap.store import accounts, audit, pool
from tests.builders import ORG
from tests.cluster import Databases
from tests.fix_api import PASSWORD, Api, a_session, an_account, an_api
from tests.fix_programs import Program
from tests.services import free_port
from tests.waiting import wait_until

LAN = "lan@example.org"
VERIFIED = {"email": LAN, "email_verified": True}


class Provider(Program):
    """The provider, and people at it."""

    def __init__(self, log: Path) -> None:
        port = free_port()
        self.issuer = f"http://127.0.0.1:{port}"
        quiet = {"PYTHONWARNINGS": "ignore", "AUTHLIB_INSECURE_TRANSPORT": "1"}
        self.client = httpx2.Client(timeout=5)
        super().__init__("tests.oidc_provider", (str(port),), quiet, log)

    def is_ready(self) -> bool:
        try:
            return self.client.get(f"{self.issuer}/jwks", timeout=2).status_code == 200
        except httpx2.HTTPError:
            return False

    def knows(self, subject: str, **claims: Any) -> None:  # noqa: ANN401 - claims
        self.client.put(f"{self.issuer}/users/{subject}", json=claims).raise_for_status()

    def lies(self, **lies: Any) -> None:  # noqa: ANN401 - what tests/oidc_provider.py takes
        self.client.put(f"{self.issuer}/lies", json=lies).raise_for_status()

    def answer_to(self, address: str, subject: str = "lan") -> dict[str, str]:
        """What the provider sends a browser back with, when somebody has logged in there."""
        answer = self.client.post(address, data={"sub": subject}, follow_redirects=False)
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["location"])
        assert back.path == "/v1/login/oidc/callback"
        return {key: value for key, [value] in parse_qs(back.query).items()}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    made = Provider(tmp_path_factory.mktemp("oidc") / "provider.log")
    made.start()
    try:
        wait_until(lambda: made.is_ready() or not made.is_running, within=30)
        assert made.is_running, made.output()
        yield made
    finally:
        made.client.close()
        made.kill()


@pytest.fixture
def provider(running: Provider) -> Provider:
    """An honest provider that knows Lan."""
    running.lies()
    running.knows("lan", **VERIFIED)
    return running


def settings(provider: Provider, **own: Any) -> OidcSettings:  # noqa: ANN401 - any setting
    usual = {
        "issuer": provider.issuer, "client_id": "lighttrap", "client_secret": SecretStr("our own secret"),
        "base_url": "https://testserver", "contact": "Chi cục, 0299 000 000",
    }  # fmt: skip
    return OidcSettings.model_validate({**usual, **own})


@pytest.fixture
def api(database: str, provider: Provider) -> Iterator[Api]:
    with an_api(database, oidc=settings(provider)) as made:
        yield made


@pytest.fixture(scope="module")
def standing(databases: Databases, running: Provider) -> Iterator[Api]:
    """One API for all who are refused; Lan has an account."""
    dsn = databases.clone()
    with pool.connect(dsn) as own:
        an_account(own, LAN, ORG)
        an_account(own, "kim@example.org", ORG)
    few = ServerSettings(requests_per_address=10**6)
    with an_api(dsn, oidc=settings(running), api=few) as made:
        yield made
    databases.drop(dsn)


@pytest.fixture
def refusing(standing: Api, provider: Provider) -> Api:
    standing.client.cookies.clear()
    return standing


@pytest.fixture
def lan(conn: pool.Connection) -> int:
    return an_account(conn, LAN, ORG, Role.AGRONOMIST)


def begin(api: Api, **params: str) -> str:
    """Where a browser is sent to log in."""
    answer = api.client.get("/v1/login/oidc", params=params, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def come_back(api: Api, came: dict[str, str]) -> Any:  # noqa: ANN401 - an answer
    return api.client.get("/v1/login/oidc/callback", params=came, follow_redirects=False)


def log_in(api: Api, provider: Provider, subject: str = "lan") -> Any:  # noqa: ANN401 - an answer
    return come_back(api, provider.answer_to(begin(api), subject))


def refused(api: Api, answer: Any) -> str:  # noqa: ANN401 - an answer
    """Asserts that nobody is logged in by an answer. Returns what it says."""
    assert answer.status_code == 403, answer.text
    assert COOKIE not in answer.headers.get("set-cookie", "")
    assert api.client.get("/v1/me").status_code == 401
    return str(answer.json()["detail"])


# Logging in


def test_person_with_an_account_logs_in_and_goes_where_they_wanted(api, conn, lan, provider):
    begun = api.client.get("/v1/login/oidc", params={"next": "/fields?x=1#map"}, follow_redirects=False)
    cookie = begun.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/v1/login/oidc", "Max-Age=600"))
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    assert (asked["code_challenge_method"], asked["scope"]) == (["S256"], ["openid email"])
    answer = come_back(api, provider.answer_to(begun.headers["location"]))
    assert (answer.status_code, answer.headers["location"]) == (303, "/fields?x=1#map")
    [session] = [one for one in answer.headers.get_list("set-cookie") if one.startswith(COOKIE)]
    assert all(word in session for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"))
    assert api.client.get("/v1/me").json()["roles"] == {ORG: "agronomist"}
    assert [one["way"] for one in api.client.get("/v1/me/sessions").json()] == ["oidc"]
    [entry] = audit.list_entries(conn, None)
    assert (entry.who, entry.action, entry.after) == (
        LAN, "link identity", {"issuer": provider.issuer, "subject": "lan"}
    )  # fmt: skip


def test_provider_that_vouches_takes_the_account_from_whoever_made_it(api, provider, conn, lan):
    conn.execute("UPDATE account SET made_by = %s", [ORG])
    conn.commit()
    thief = a_session(conn, lan)
    assert log_in(api, provider).status_code == 303
    assert api.client.get("/v1/me").json()["who"] == LAN
    api.client.cookies.clear()
    assert api.client.get("/v1/me", headers=thief).status_code == 401
    assert api.client.post("/v1/login", json={"login": LAN, "password": PASSWORD}).status_code == 401
    assert accounts.by_login(conn, LAN).made_by is None


def test_person_is_known_by_their_subject_when_their_address_has_changed(api, conn, lan, provider):
    log_in(api, provider)
    provider.knows("lan", email="lan.new@example.org", email_verified=True)
    assert log_in(api, provider).status_code == 303
    assert len(audit.list_entries(conn, None)) == 1


def test_e_mail_address_that_only_userinfo_tells_will_do(api, lan, provider):
    provider.lies(claims={"email": None, "email_verified": None})
    assert log_in(api, provider).status_code == 303


def test_secret_from_a_file_is_read_anew_and_never_shown(tmp_path, provider):
    file = tmp_path / "secret"
    file.write_text("first\n")
    made = settings(provider, client_secret="", client_secret_file=file)
    assert made.secret() == "first"
    file.write_text("second\n")
    assert made.secret() == "second"
    assert "our own secret" not in repr(settings(provider))


# Who is not let in


def test_unknown_person_is_told_whom_to_ask_and_gets_no_account(api, conn, provider):
    provider.knows("ba", email="ba@example.org", email_verified=True)
    said = refused(api, log_in(api, provider, "ba"))
    assert "ba@example.org" in said
    assert "ask Chi cục, 0299 000 000" in said
    assert accounts.list_accounts(conn) == []


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_address_that_is_not_verified_opens_nobodys_account(refusing, provider, verified):
    provider.knows("eve", email=LAN, email_verified=verified)
    assert "verified" in refused(refusing, log_in(refusing, provider, "eve"))


def test_somebody_else_at_the_provider_who_got_the_address_does_not_get_the_account(api, conn, lan, provider):
    assert log_in(api, provider).status_code == 303
    api.client.cookies.clear()
    provider.knows("heir", **VERIFIED)
    assert "bound to somebody else" in refused(api, log_in(api, provider, "heir"))
    root = a_session(conn, an_account(conn, "root"))
    assert api.client.delete(f"/v1/admin/accounts/{lan}/identities", headers=root).status_code == 204
    api.client.cookies.clear()
    assert log_in(api, provider, "heir").status_code == 303


def test_disabled_account_is_not_opened_also_when_it_is_known(api, conn, lan, provider):
    assert log_in(api, provider).status_code == 303
    accounts.disable(conn, lan)
    conn.commit()
    refused(api, log_in(api, provider))


def test_foreign_domain_is_refused_also_one_that_ends_alike(database, conn, lan, provider):
    an_account(conn, "lan@evil-example.org", ORG)
    provider.knows("evil", email="lan@evil-example.org", email_verified=True)
    with an_api(database, oidc=settings(provider, email_domains="example.org, station.vn")) as api:
        assert "evil-example.org" in refused(api, log_in(api, provider, "evil"))
        assert log_in(api, provider).status_code == 303


@pytest.mark.parametrize("email", ["\u212aim@example.org", "lan@example.org\x00", "lan example.org", "", 7, ["a@b.c"]])
def test_address_that_is_none_of_ours_is_refused(refusing, provider, email):
    provider.knows("kim", email=email, email_verified=True)
    refused(refusing, log_in(refusing, provider, "kim"))


# Attacks

_LATER = int(time.time()) + 3600


@pytest.mark.parametrize(
    "lies",
    [
        {"claims": {"nonce": "another"}},
        {"claims": {"nonce": None}},
        {"claims": {"aud": "another client"}},
        {"claims": {"aud": ["another client"]}},
        {"claims": {"aud": ["lighttrap", "another client"]}},
        {"claims": {"aud": ["lighttrap", "another client"], "azp": "another client"}},
        {"claims": {"aud": "another client", "azp": "lighttrap"}},
        {"claims": {"aud": None}},
        {"claims": {"iss": "https://accounts.example.org"}},
        {"claims": {"iss": None}},
        {"claims": {"exp": _LATER - 7200}},
        {"claims": {"exp": None}},
        {"claims": {"iat": _LATER}},
        {"claims": {"nbf": _LATER}},
        {"claims": {"sub": None}},
        {"claims": {"sub": ""}},
        {"claims": {"sub": 7}},
        {"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}},
        {"alg": "none"},
        {"alg": "none", "metadata": {"id_token_signing_alg_values_supported": ["none"]}},
        {"alg": "HS256", "key": "public"},
        {"key": "strange"},
        {"alg": "RS512", "claims": {"at_hash": None}},
    ],
    # Of the hour it is nothing in the name: every worker must collect the same tests.
    ids=lambda lies: re.sub(r"\d{10}", "TIME", str(lies)),
)  # fmt: skip
def test_token_that_is_not_right_in_every_part_opens_nothing(refusing, provider, lies):
    provider.lies(**lies)
    assert "cannot be believed" in refused(refusing, log_in(refusing, provider))
    provider.lies()
    assert log_in(refusing, provider).status_code == 303


def test_state_is_good_once(api, lan, provider):
    came = provider.answer_to(begin(api))
    kept = api.client.cookies.get(STATE_COOKIE, path="/v1/login/oidc")
    assert come_back(api, came).status_code == 303
    api.client.cookies.clear()
    api.client.cookies.set(STATE_COOKIE, kept, path="/v1/login/oidc")
    assert "begin again" in refused(api, come_back(api, came))


def test_state_of_another_browser_is_refused_and_used_up(api, lan, provider):
    came = provider.answer_to(begin(api))
    first = api.client.cookies.get(STATE_COOKIE, path="/v1/login/oidc")
    for cookie in ("", "made up", "second"):
        api.client.cookies.clear()
        if cookie == "second":
            begin(api)
        elif cookie:
            api.client.cookies.set(STATE_COOKIE, cookie, path="/v1/login/oidc")
        assert "begin again" in refused(api, come_back(api, came))
    api.client.cookies.set(STATE_COOKIE, first, path="/v1/login/oidc")
    assert "begin again" in refused(api, come_back(api, came))


def test_state_is_good_for_ten_minutes(api, conn, lan, provider):
    came = provider.answer_to(begin(api))
    conn.execute("UPDATE oidc_try SET expires_at = now() - interval '1 second'")
    conn.commit()
    assert "begin again" in refused(api, come_back(api, came))


def test_code_of_another_login_is_refused(api, lan, provider):
    """By PKCE at the provider, and by the nonce with us, if that did not look."""
    provider.knows("eve", **VERIFIED)
    stolen = provider.answer_to(begin(api), "eve")["code"]
    own = provider.answer_to(begin(api))
    assert "cannot be believed" in refused(api, come_back(api, {**own, "code": stolen}))


def test_code_cannot_be_sent_twice(api, lan, provider):
    came = provider.answer_to(begin(api))
    assert come_back(api, came).status_code == 303
    again = provider.answer_to(begin(api))
    api.client.cookies.delete(COOKIE)
    assert "cannot be believed" in refused(api, come_back(api, {**again, "code": came["code"]}))


def test_nothing_kept_is_the_state_or_the_cookie(api, conn, provider):
    state = parse_qs(urlsplit(begin(api)).query)["state"][0]
    kept = str(conn.execute("SELECT t::text FROM oidc_try t").fetchall())
    assert state not in kept
    assert str(api.client.cookies.get(STATE_COOKIE, path="/v1/login/oidc")) not in kept


def test_refusal_by_the_provider_is_said(api, lan, provider):
    came = provider.answer_to(begin(api))
    said = refused(api, come_back(api, {"state": came["state"], "error": "access_denied"}))
    assert "access_denied" in said


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
        "/\n/evil.example", "javascript:alert(1)", "evil.example", "", "/%0d%0aSet-Cookie:x=1\r\n", "///evil.example",
        " //evil.example", "https://testserver@evil.example/", "https://testserver.evil.example/", "//testserver@evil",
        "https://dashboard.example.org.evil.example/",
    ],
)  # fmt: skip
def test_next_that_is_no_path_of_ours_is_refused(refusing, path):
    answer = refusing.client.get("/v1/login/oidc", params={"next": path}, follow_redirects=False)
    assert answer.status_code == 422
    assert "location" not in answer.headers


def test_page_to_log_in_on_leads_to_the_provider_and_back_to_the_dashboard(database, lan, provider):
    home = ServerSettings(dashboard_url="https://dashboard.example.org/")
    label = "Đăng nhập <trạm>"
    with an_api(database, oidc=settings(provider, label=label), api=home) as api:
        page = api.client.get("/login", params={"next": "https://dashboard.example.org/map?night=2025-11-22"}).text
        assert "Đăng nhập &lt;trạm&gt;" in page
        [link] = re.findall(r'class="way" href="([^"]+)"', page)
        begun = api.client.get("/" + html.unescape(link), follow_redirects=False)
        answer = come_back(api, provider.answer_to(begun.headers["location"]))
        assert answer.headers["location"] == "https://dashboard.example.org/map?night=2025-11-22"


def test_page_to_log_in_on_shows_no_provider_where_there_is_none(database):
    with an_api(database) as api:
        assert 'class="way"' not in api.client.get("/login").text


# Settings and faults


def test_ways_to_log_in_are_told_to_a_page(api, database):
    assert api.client.get("/v1/login").json() == {
        "password": True, "oidc": {"label": "OpenID Connect", "path": "/v1/login/oidc"}
    }  # fmt: skip
    with an_api(database) as without:
        assert without.client.get("/v1/login").json() == {"password": True, "oidc": None}
        for path in ("/v1/login/oidc", "/v1/login/oidc/callback"):
            answer = without.client.get(path, follow_redirects=False)
            assert (answer.status_code, answer.json()["type"]) == (404, "not-found")


def test_provider_that_does_not_answer_is_said_and_password_works_on(database, conn, lan, provider):
    nowhere = settings(provider, issuer=f"http://127.0.0.1:{free_port()}")
    with an_api(database, oidc=nowhere) as api:
        answer = api.client.get("/v1/login/oidc", follow_redirects=False)
        assert (answer.status_code, answer.json()["type"]) == (503, "provider-unavailable")
        assert answer.headers["retry-after"]
        assert api.client.get("/v1/me", headers=a_session(conn, lan)).status_code == 200


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://accounts.example.org"},
        {"authorization_endpoint": "http://provider.example.org/authorize"},
        {"authorization_endpoint": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_metadata_that_leads_elsewhere_is_not_followed(provider, metadata):
    provider.lies(metadata=metadata)
    with pytest.raises(ProviderUnavailable):
        oidc.Provider(settings(provider)).address("state", "nonce", "verifier")


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "http://accounts.example.org"},
        {"base_url": "http://lighttrap.example.org"},
        {"base_url": ""},
        {"client_id": ""},
        {"client_secret_file": "/no/such/file"},
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_refused_at_start(provider, wrong):
    with pytest.raises(ValidationError):
        settings(provider, **wrong)
