"""GET and POST /login: the page where people log in with a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.config import ApiSettings, ServerSettings
from api.deps import COOKIE
from api.main import create_app
from lighttrap.config import DatabaseSettings
from lighttrap.store import pool
from tests.fix_api import PASSWORD, an_account

DASHBOARD = "https://bang.example.org/app"
HERE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def browser(database: str) -> Iterator[TestClient]:
    """A browser before an API whose dashboard stands elsewhere; it knows one account."""
    with pool.connect(database) as conn:
        an_account(conn, "lan@example.org", "soc-trang")
    settings = ApiSettings(
        database=DatabaseSettings(dsn=SecretStr(database)), api=ServerSettings(dashboard_url=DASHBOARD)
    )
    with TestClient(create_app(settings), base_url="https://api.example.org", follow_redirects=False) as client:
        yield client


def log_in(browser: TestClient, password: str = PASSWORD, **form: str):
    return browser.post("/login", data={"login": "lan@example.org", "password": password, **form}, headers=HERE)


def test_login_opens_a_session_and_goes_on_to_the_dashboard(browser: TestClient):
    answer = log_in(browser, next=f"{DASHBOARD}/canh-bao?org=soc-trang")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{DASHBOARD}/canh-bao?org=soc-trang")
    assert browser.cookies[COOKIE]
    assert browser.get("/v1/me").json()["who"] == "lan@example.org"


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "http://[", "",
     "https://bang.example.org.evil.example/", "https://bang.example.org@evil.example/", "ftp://bang.example.org/"],
)  # fmt: skip
def test_login_leads_to_no_page_of_strangers(browser: TestClient, wanted: str):
    assert log_in(browser, next=wanted).headers["location"] == DASHBOARD


def test_wrong_password_shows_the_page_again_with_the_login_and_without_the_password(browser: TestClient):
    answer = log_in(browser, "wrong <b>", next=DASHBOARD, lang="en")
    assert (answer.status_code, COOKIE in browser.cookies) == (401, False)
    assert "do not fit" in answer.text
    assert 'value="lan@example.org"' in answer.text
    assert "wrong" not in answer.text


def test_too_many_tries_say_how_long_to_wait(browser: TestClient):
    for _ in range(5):
        log_in(browser, "wrong")
    answer = log_in(browser, "wrong", lang="en")
    assert (answer.status_code, "Wait 1 minutes" in answer.text) == (429, True)


def test_page_of_another_site_cannot_log_anybody_in(browser: TestClient):
    answer = browser.post(
        "/login", data={"login": "lan@example.org", "password": PASSWORD}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("language", ["vi", "km", "en"])
def test_page_speaks_each_language_and_runs_no_script(browser: TestClient, language: str):
    answer = browser.get("/login", params={"lang": language, "next": "/x?<script>"})
    assert f'<html lang="{language}">' in answer.text
    assert "<script" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' https://bang.example.org;" in policy
    assert re.search(r'name="next" value="/x\?&lt;script&gt;"', answer.text)


@pytest.mark.parametrize("login", ["x\x00y", "a" * 255, "", "không"])
def test_login_that_nobody_can_have_is_refused_without_an_error_of_ours(browser: TestClient, login: str):
    assert log_in(browser, login=login).status_code in (401, 422)
