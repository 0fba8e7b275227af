"""What belongs to no org: orgs themselves, accounts, and a person's own sessions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from lighttrap.errors import Conflict
from lighttrap.model import Role
from lighttrap.store import accounts, audit, logins, pool
from tests.builders import ORG
from tests.fix_api import PASSWORD, Api, a_session, an_account

LIMITS = logins.LoginLimits(failures=3)
NEW = "chín con trâu đen"


@pytest.fixture
def root(conn) -> dict[str, str]:
    """A session of an admin of every org."""
    return a_session(conn, an_account(conn, "root"))


def call(api: Api, method: str, path: str, headers: dict[str, str], body: Any = None) -> Any:  # noqa: ANN401
    return api.client.request(method, f"/v1/{path}", headers=headers, json=body)


# Orgs


def test_org_is_made_once_renamed_and_both_are_written_down(api, conn, root):
    new = {"org_id": "an-giang", "name": "An Giang"}
    for_ever = {"keep_readings_days": None, "readings_from": None}
    assert call(api, "POST", "admin/orgs", root, new).json() == {**new, **for_ever}
    assert call(api, "POST", "admin/orgs", root, new).status_code == 409
    renamed = call(api, "PUT", "admin/orgs/an-giang", root, {"name": "Chi cục An Giang"})
    assert renamed.json()["name"] == "Chi cục An Giang"
    assert call(api, "PUT", "admin/orgs/no-such", root, {"name": "X"}).status_code == 404
    assert call(api, "GET", "orgs/an-giang", root).json()["name"] == "Chi cục An Giang"
    log = audit.list_entries(conn, "an-giang")
    assert [(one.action, one.before, one.after) for one in log] == [
        ("rename", {"name": "An Giang"}, {"name": "Chi cục An Giang"}),
        ("add", None, {"name": "An Giang"}),
    ]


# Accounts


def test_accounts_of_every_org_come_in_pages(api, conn, root):
    an_account(conn, "lan@example.org", ORG, Role.AGRONOMIST)
    an_account(conn, "ba@example.org", "an-giang")
    first = call(api, "GET", "admin/accounts?limit=2", root).json()
    rest = call(api, "GET", f"admin/accounts?limit=2&after={first['next']}", root).json()
    found = first["items"] + rest["items"]
    assert [one["login"] for one in found] == ["ba@example.org", "lan@example.org", "root"]
    assert (found[1]["roles"], found[2]["is_admin"], rest["next"]) == ({ORG: "agronomist"}, True, None)
    assert "password" not in str(found)


def test_disabled_account_is_out_at_once_and_back_in_its_roles_when_enabled(api, conn, root):
    lan = an_account(conn, "lan@example.org", ORG, Role.AGRONOMIST)
    session = a_session(conn, lan)
    assert call(api, "GET", "me", session).status_code == 200
    assert call(api, "POST", f"admin/accounts/{lan}/disable", root).json()["disabled_at"]
    assert call(api, "GET", "me", session).status_code == 401
    assert logins.log_in(conn, "lan@example.org", PASSWORD, LIMITS) is None
    conn.rollback()
    back = call(api, "POST", f"admin/accounts/{lan}/enable", root).json()
    assert (back["disabled_at"], back["roles"]) == (None, {ORG: "agronomist"})
    assert logins.log_in(conn, "lan@example.org", PASSWORD, LIMITS)


def test_lock_out_is_ended_by_an_admin(api, conn, root):
    lan = an_account(conn, "lan@example.org", ORG)
    for _ in range(3):
        logins.log_in(conn, "lan@example.org", "not my password", LIMITS)
    conn.commit()
    assert call(api, "GET", f"admin/accounts/{lan}", root).json()["locked_until"]
    assert call(api, "POST", f"admin/accounts/{lan}/unlock", root).json()["locked_until"] is None
    assert logins.log_in(conn, "lan@example.org", PASSWORD, LIMITS)


def test_password_that_is_given_works_ends_sessions_and_is_not_written_down(api, conn, root):
    lan = an_account(conn, "lan@example.org", ORG)
    session = a_session(conn, lan)
    assert call(api, "PUT", f"admin/accounts/{lan}/password", root, {"password": NEW}).status_code == 204
    assert call(api, "GET", "me", session).status_code == 401
    assert logins.log_in(conn, "lan@example.org", NEW, LIMITS)
    conn.rollback()
    assert NEW not in call(api, "GET", "admin/audit", root).text
    assert call(api, "PUT", "admin/accounts/999/password", root, {"password": NEW}).status_code == 404


def test_last_admin_of_every_org_stays(api, conn, root):
    me = accounts.by_login(conn, "root").account_id
    conn.commit()
    assert call(api, "PUT", f"admin/accounts/{me}/admin", root, {"is_admin": False}).status_code == 409
    assert call(api, "POST", f"admin/accounts/{me}/disable", root).status_code == 409
    lan = an_account(conn, "lan@example.org", ORG)
    assert call(api, "PUT", f"admin/accounts/{lan}/admin", root, {"is_admin": True}).json()["is_admin"]
    # One who cannot log in is no other admin.
    accounts.disable(conn, lan)
    conn.commit()
    assert call(api, "PUT", f"admin/accounts/{me}/admin", root, {"is_admin": False}).status_code == 409
    accounts.enable(conn, lan)
    conn.commit()
    assert call(api, "PUT", f"admin/accounts/{me}/admin", root, {"is_admin": False}).status_code == 200
    assert call(api, "GET", "admin/accounts", root).status_code == 403


def test_two_admins_who_let_each_other_go_at_once_leave_one(conn, database):
    both = [an_account(conn, "root"), an_account(conn, "toor")]

    def let_go(account_id: int) -> bool:
        with pool.connect(database) as own:
            try:
                accounts.require_another_admin(own, account_id)
            except Conflict:
                return False
            accounts.set_admin(own, account_id, is_admin=False)
            own.commit()
            return True

    with ThreadPoolExecutor(2) as workers:
        assert sorted(workers.map(let_go, both)) == [False, True]


def test_audit_of_all_holds_what_is_in_no_org_too(api, conn, root):
    lan = an_account(conn, "lan@example.org", ORG)
    call(api, "POST", "admin/orgs", root, {"org_id": "an-giang", "name": "An Giang"})
    call(api, "POST", f"admin/accounts/{lan}/unlock", root)
    items = call(api, "GET", "admin/audit?limit=1", root).json()
    assert (items["items"][0]["object_kind"], items["items"][0]["org_id"]) == ("account", None)
    more = call(api, "GET", f"admin/audit?object_kind=org&after={items['next']}", root).json()
    assert [one["org_id"] for one in more["items"]] == ["an-giang"]


# Sessions


def test_sessions_are_listed_and_ended_one_by_one_and_all_the_others(api, conn):
    lan = an_account(conn, "lan@example.org", ORG)
    body = {"login": "lan@example.org", "password": PASSWORD}
    api.client.post("/v1/login", json=body, headers={"User-Agent": b"Firefox \xf0 on a phone"})
    api.client.cookies.clear()
    [here, phone] = [a_session(conn, lan), a_session(conn, lan)]
    a_session(conn, lan, -timedelta(seconds=1))
    found = call(api, "GET", "me/sessions", here).json()
    assert [one["is_this_one"] for one in found] == [False, True, False]
    assert found[2]["agent"].startswith("Firefox ?")
    assert found[2]["way"] == "password"
    assert call(api, "DELETE", f"me/sessions/{found[0]['session_id']}", here).status_code == 204
    assert call(api, "GET", "me", phone).status_code == 401
    assert call(api, "DELETE", "me/sessions", here).status_code == 204
    assert [one["is_this_one"] for one in call(api, "GET", "me/sessions", here).json()] == [True]


def test_session_of_somebody_else_cannot_be_ended(api, conn, root):
    ba = a_session(conn, an_account(conn, "ba@example.org", ORG))
    [theirs] = call(api, "GET", "me/sessions", ba).json()
    assert call(api, "DELETE", f"me/sessions/{theirs['session_id']}", root).status_code == 404
    call(api, "DELETE", "me/sessions", root)
    assert call(api, "GET", "me", ba).status_code == 200
