"""Accounts, logins, tokens and the audit log in a real database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from argon2 import PasswordHasher

from lighttrap.errors import Conflict, InputFault, NotFound, TooManyTries
from lighttrap.model import Role
from lighttrap.store import accounts, audit, logins, orgs, pool, tokens

PASSWORD = "ba con trâu trắng"
LIMITS = logins.LoginLimits(failures=3)


@pytest.fixture
def lan(conn: pool.Connection) -> int:
    """Lan, an agronomist of Sóc Trăng."""
    orgs.ensure_org(conn, "soc-trang")
    account_id = accounts.add_account(conn, "Lan@example.org", "Lan", PASSWORD)
    accounts.put_membership(conn, account_id, "soc-trang", Role.AGRONOMIST)
    conn.commit()
    return account_id


def log_in(conn: pool.Connection, password: str = PASSWORD, login: str = "lan@example.org") -> str | None:
    secret = logins.log_in(conn, login, password, LIMITS)
    conn.commit()
    return secret


def test_login_opens_a_session_that_knows_the_roles(conn, lan):
    caller = logins.caller_of(conn, log_in(conn) or "")
    assert caller is not None
    assert (caller.who, caller.account_id, caller.roles) == ("lan@example.org", lan, {"soc-trang": Role.AGRONOMIST})


def test_nothing_kept_is_the_password_or_the_secret(conn, lan):
    secret = log_in(conn)
    kept = conn.execute("SELECT a::text || s::text FROM account a JOIN login_session s USING (account_id)").fetchall()
    assert PASSWORD not in str(kept)
    assert str(secret) not in str(kept)
    assert "$argon2id$" in str(kept)


@pytest.mark.parametrize("password", ["", "ba con trâu trắn", PASSWORD + " "])
def test_wrong_password_opens_nothing(conn, lan, password):
    assert log_in(conn, password) is None


def test_login_that_is_not_there_opens_nothing(conn):
    assert log_in(conn, login="nobody@example.org") is None


def test_failures_in_a_row_lock_the_account_until_the_time_is_over(conn, lan):
    for _ in range(3):
        assert log_in(conn, "not my password") is None
    assert log_in(conn) is None
    conn.execute("UPDATE account SET locked_until = now()")
    assert log_in(conn)
    assert accounts.get_account(conn, lan).locked_until is None


def test_password_kept_under_older_parameters_is_kept_anew_when_it_fits(conn, lan):
    weak = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    conn.execute("UPDATE account SET password_hash = %s", (weak,))
    assert log_in(conn, "not my password") is None
    assert conn.execute("SELECT password_hash FROM account").fetchall() == [(weak,)]
    assert log_in(conn)
    [(kept,)] = conn.execute("SELECT password_hash FROM account").fetchall()
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert log_in(conn)


def test_a_login_that_works_sets_failures_back(conn, lan):
    for _ in range(4):
        assert log_in(conn, "not my password") is None
        assert log_in(conn) is not None


def test_tries_are_limited_by_login_whether_it_is_there_or_not(conn):
    for _ in range(LIMITS.tries_per_login):
        logins.count_tries(conn, "nobody", "192.0.2.1", LIMITS)
    with pytest.raises(TooManyTries):
        logins.count_tries(conn, "NOBODY", "192.0.2.2", LIMITS)


def test_tries_are_limited_by_address(conn):
    for number in range(LIMITS.tries_per_address):
        logins.count_tries(conn, f"login-{number}", "192.0.2.1", LIMITS)
    logins.count_tries(conn, "another", "192.0.2.2", LIMITS)
    with pytest.raises(TooManyTries):
        logins.count_tries(conn, "another", "192.0.2.1", LIMITS)


def test_session_ends_with_its_time_with_logout_with_a_new_password_and_when_disabled(conn, lan):
    def ended_after(*steps: str) -> bool:
        secret = log_in(conn) or ""
        assert logins.caller_of(conn, secret)
        for step in steps:
            conn.execute(step.encode())
        return logins.caller_of(conn, secret) is None

    assert ended_after("UPDATE login_session SET expires_at = now()")
    secret = log_in(conn) or ""
    logins.log_out(conn, secret)
    assert logins.caller_of(conn, secret) is None
    secret = log_in(conn) or ""
    accounts.set_password(conn, lan, PASSWORD)
    assert logins.caller_of(conn, secret) is None
    secret = log_in(conn) or ""
    accounts.disable(conn, lan)
    assert logins.caller_of(conn, secret) is None
    assert log_in(conn) is None


def test_admin_is_admin_of_orgs_to_come(conn):
    accounts.add_account(conn, "root", "Root", PASSWORD, is_admin=True)
    secret = log_in(conn, login="root") or ""
    orgs.ensure_org(conn, "an-giang")
    caller = logins.caller_of(conn, secret)
    assert caller is not None
    assert caller.roles == {"an-giang": Role.ADMIN}


@pytest.mark.parametrize("login", ["ab", "lan lan", "lân@example.org", "a" * 255, "lan\x00lan"])
def test_login_that_cannot_be_typed_is_refused(conn, login):
    with pytest.raises(InputFault):
        accounts.add_account(conn, login, "Lan", PASSWORD)


@pytest.mark.parametrize("password", ["", "elevenchars", "x" * 201])
def test_password_too_short_or_too_long_is_refused(conn, password):
    with pytest.raises(InputFault):
        accounts.add_account(conn, "lan", "Lan", password)


def test_login_is_given_once(conn, lan):
    with pytest.raises(Conflict):
        accounts.add_account(conn, "LAN@example.org", "Another Lan", PASSWORD)


def test_accounts_of_an_org_show_no_other_org(conn, lan):
    orgs.ensure_org(conn, "an-giang")
    accounts.put_membership(conn, lan, "an-giang", Role.ADMIN)
    [account] = accounts.list_accounts(conn, "soc-trang")
    assert account.roles == {"soc-trang": Role.AGRONOMIST}
    accounts.end_membership(conn, lan, "soc-trang")
    assert accounts.list_accounts(conn, "soc-trang") == []
    with pytest.raises(NotFound):
        accounts.get_account(conn, lan, "soc-trang")


def a_token(conn: pool.Connection, expires_in: timedelta = timedelta(days=1)) -> tuple[int, str]:
    orgs.ensure_org(conn, "soc-trang")
    expires_at = datetime.now(UTC) + expires_in
    token, secret = tokens.add_token(
        conn, org_id="soc-trang", name="IOC", role=Role.SERVICE, created_by="lan", expires_at=expires_at
    )
    return token.token_id, secret


def test_token_opens_its_org_in_its_role_and_notes_its_use(conn):
    token_id, secret = a_token(conn)
    caller = tokens.caller_of(conn, secret)
    assert caller is not None
    assert (caller.token_id, caller.roles) == (token_id, {"soc-trang": Role.SERVICE})
    assert [token.last_used_at is not None for token in tokens.list_tokens(conn)] == [True]
    assert secret not in str(conn.execute("SELECT t::text FROM api_token t").fetchall())


def test_request_does_not_wait_for_another_one_by_the_same_token(conn, database):
    _, secret = a_token(conn)
    conn.commit()
    assert tokens.caller_of(conn, secret)
    with pool.connect(database) as other:
        other.execute("SET lock_timeout = '1s'")
        assert tokens.caller_of(other, secret)


def test_token_opens_nothing_when_unknown_expired_or_revoked(conn):
    token_id, secret = a_token(conn)
    assert tokens.caller_of(conn, secret[:-1]) is None
    assert tokens.caller_of(conn, a_token(conn, -timedelta(seconds=1))[1]) is None
    tokens.revoke_token(conn, token_id)
    assert tokens.caller_of(conn, secret) is None


def test_another_orgs_token_cannot_be_revoked(conn):
    token_id, _ = a_token(conn)
    with pytest.raises(NotFound):
        tokens.revoke_token(conn, token_id, "an-giang")


@pytest.mark.parametrize("change", ["UPDATE audit SET who = 'me'", "DELETE FROM audit", "TRUNCATE audit"])
def test_audit_log_only_grows(conn, change):
    audit.note(conn, who="lan", action="add", object_kind="trap", object_id="st-014", after={"at": datetime.now(UTC)})
    with pytest.raises(psycopg.errors.RaiseException):
        conn.execute(change)


def test_audit_log_is_read_backwards_by_pages_of_one_org(conn):
    orgs.ensure_org(conn, "soc-trang")
    for number in range(5):
        audit.note(conn, who="lan", action="add", object_kind="trap", object_id=number, org_id="soc-trang")
    audit.note(conn, who="lan", action="add", object_kind="account", object_id=1)
    first = audit.list_entries(conn, "soc-trang", limit=3)
    rest = audit.list_entries(conn, "soc-trang", before_id=first[-1].audit_id)
    assert [entry.object_id for entry in first + rest] == ["4", "3", "2", "1", "0"]
