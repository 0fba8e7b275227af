"""What is held about one person: given to them whole, and erased so that a dump of the database has no trace."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from lighttrap.backup import tools
from lighttrap.cli.main import cli
from lighttrap.errors import Conflict, InputFault, NotFound
from lighttrap.model import Role
from lighttrap.store import accounts, audit, orgs, persons, pool, recipients, signups, tokens, withdrawals
from tests.builders import ORG
from tests.fix_api import PASSWORD, Api, a_session, a_token, an_account
from tests.outbreak import a_person, a_village, an_outbreak, store
from tests.post import Post

NUMBER, NAME, LOGIN = "0987654321", "Ông Sáu Lúa", "lan.nguyen@example.org"


def run(database: str, *words: str, said: str | None = None) -> Result:
    """A command; what is said comes by standard input."""
    environ = {"LIGHTTRAP_DATABASE__DSN": database, "COLUMNS": "300"}
    return CliRunner().invoke(cli, words, input=said, env=environ, catch_exceptions=False)


def dump(database: str) -> str:
    """All of a database, as pg_dump writes it."""
    with pool.connect(database) as conn:
        tool = tools.for_dump(conn.info.server_version // 10_000)
    with tempfile.NamedTemporaryFile() as file, tempfile.TemporaryFile() as errors:
        child = tools.start(tool, ["--format=plain", "--file", file.name], database, errors)
        assert child.wait() == 0
        return file.read().decode("utf-8", "replace")


@pytest.fixture
def told(conn: pool.Connection, database: str) -> int:
    """A farmer who was told of an outbreak, by message, link and try."""
    nights = an_outbreak(a_village(conn, 1), sick=0)
    made = a_person(conn, "field-1", name=NAME, addresses={"sms": NUMBER, "zalo": "chat-7781"})
    for night in nights[:3]:
        store(conn, night)
    Post(database).work()
    conn.execute("UPDATE delivery_attempt SET detail = %s", [f"to {NUMBER}"])
    conn.commit()
    return made


@pytest.fixture
def lan(conn: pool.Connection) -> int:
    """Staff, with a session."""
    orgs.ensure_org(conn, ORG)
    account_id = accounts.add_account(conn, LOGIN, "Nguyễn Thị Lan", PASSWORD)
    accounts.put_membership(conn, account_id, ORG, Role.AGRONOMIST)
    a_session(conn, account_id)
    return account_id


def test_dump_after_an_erasure_holds_neither_number_nor_name(conn, database, told):
    other = a_person(conn, "field-1", name="Bà Bảy", addresses={"sms": "0911111111"})
    before = dump(database)
    assert NUMBER in before
    assert NAME in before
    result = run(database, "erase", "--yes", said=f"{NUMBER[:4]} {NUMBER[4:7]}.{NUMBER[7:]}\n")
    assert result.exit_code == 0, result.output
    after = dump(database)
    for trace in (NUMBER, NUMBER[1:], NAME, "Sáu", "chat-7781"):
        assert trace not in after, trace
    assert "0911111111" in after
    assert recipients.get_recipient(conn, other).name == "Bà Bảy"
    assert f"recipient {told} of {ORG}: erased; " in result.output
    assert "2 addresses, 1 subscriptions" in result.output
    assert NUMBER not in result.output
    [entry] = [one for one in audit.list_entries(conn, ORG) if one.action == "erase"]
    assert (entry.who, entry.object_id, entry.after) == ("command line", str(told), None)


def test_account_of_who_left_is_erased_and_what_they_did_stays_under_the_old_login(conn, database, lan):
    audit.note(conn, who=LOGIN, action="approve", object_kind="alert", object_id=1, org_id=ORG)
    conn.commit()
    assert run(database, "erase", "--yes", said=LOGIN.upper()).exit_code == 0
    assert "Nguyễn Thị Lan" not in dump(database)
    assert accounts.list_accounts(conn) == []
    with pytest.raises(NotFound):
        accounts.by_login(conn, LOGIN)
    assert LOGIN in {one.who for one in audit.list_entries(conn, ORG)}
    assert conn.execute("SELECT count(*) FROM login_session").fetchone() == (0,)
    with pytest.raises(NotFound):
        run(database, "erase", "--account", str(lan), "--yes")


def test_tokens_that_an_erased_account_made_and_that_still_open_something_are_named(conn, database, lan):
    far = datetime.now(UTC) + timedelta(days=9)
    made: dict[str, Any] = {"org_id": ORG, "role": Role.SERVICE, "created_by": LOGIN, "expires_at": far}
    live, _ = tokens.add_token(conn, name="a gateway", **made)
    revoked, _ = tokens.add_token(conn, name="revoked", **made)
    tokens.revoke_token(conn, revoked.token_id)
    tokens.add_token(conn, name="expired", **{**made, "expires_at": datetime.now(UTC)})
    tokens.add_token(conn, name="of another", **{**made, "created_by": "minh"})
    conn.commit()
    said = run(database, "erase", "--account", str(lan), "--yes").output
    assert [line for line in said.splitlines() if "token" in line and "a gateway" in line]
    assert f"lighttrap token revoke {live.token_id}\n" in said
    assert said.count("token revoke") == 1


def test_erased_account_is_out_also_when_it_is_enabled(conn, database, api, lan):
    run(database, "erase", "--account", str(lan), "--yes")
    conn.execute("UPDATE account SET disabled_at = NULL")
    conn.commit()
    [(login,)] = conn.execute("SELECT login FROM account").fetchall()
    assert api.client.post("/v1/login", json={"login": login, "password": PASSWORD}).status_code == 401


def test_nobody_is_erased_unasked_nor_the_last_admin(conn, database, told):
    an_account(conn, "root")
    with pytest.raises(InputFault, match="nothing was erased"):
        run(database, "erase", said=NUMBER)
    with pytest.raises(InputFault, match="say who"):
        run(database, "erase", "--yes", said="\n")
    with pytest.raises(NotFound):
        run(database, "erase", "--yes", said="0900000000\n")
    with pytest.raises(Conflict, match="last admin"):
        run(database, "erase", "--yes", said="root\n")
    assert recipients.get_recipient(conn, told).name == NAME


def test_export_holds_all_about_a_person_and_no_secret(conn, database, told, lan):
    other = a_person(conn, "field-1", name="Bà Bảy", addresses={"sms": "0911111111"})
    found: dict[str, Any] = json.loads(run(database, "person", "export", said=NUMBER).output)
    [one] = found["recipients"]
    assert one["recipient"]["name"] == NAME
    assert {address["address"] for address in one["addresses"]} == {NUMBER, "chat-7781"}
    assert [message["text"] for message in one["messages"]]
    assert one["messages"][0]["tries"]
    assert one["subscriptions"][0]["field_id"] == "field-1"
    assert "Bà Bảy" not in json.dumps(found, ensure_ascii=False)
    staff: dict[str, Any] = json.loads(run(database, "person", "export", "--account", str(lan)).output)
    [account] = staff["accounts"]
    assert (account["account"]["login"], account["roles"][0]["role"]) == (LOGIN, "agronomist")
    everything = json.dumps([found, staff])
    for secret in ("_sha", "password_hash", "argon2", "lease_token"):
        assert secret not in everything
    assert {entry.action for entry in audit.list_entries(conn, None)} >= {"export"}
    assert recipients.get_recipient(conn, other).name == "Bà Bảy"


def test_wish_of_who_never_became_a_recipient_is_found_and_erased(conn, database, told):
    code = signups.make_code(conn, ORG, "field-1", "tests").code
    conn.execute(
        "INSERT INTO signup (code, secret_sha, number_sha, source, channel, address, language, accents, consent,"
        " next_try_at, created_at, expires_at) VALUES (%s, '\\x01', '\\x02', 's', 'sms', '+84977777777', 'vi', true,"
        " 'x', now(), now(), now() + interval '1 hour')",
        [code],
    )
    conn.commit()
    assert persons.by_address(conn, "0977 777 777").signups == 1
    assert "wishes to be told: erased; 1 signups" in run(database, "erase", "--yes", said="0977777777").output
    assert "977777777" not in dump(database)


def test_account_erased_since_a_backup_is_erased_again(conn, database, lan):
    run(database, "erase", "--account", str(lan), "--yes")
    told = withdrawals.list_withdrawals(conn)
    conn.execute("UPDATE account SET login = 'back', name = 'Back', erased_at = NULL, disabled_at = NULL")
    conn.commit()
    assert withdrawals.repeat(conn, told) == {"account": 1, "erased account": 1}
    assert accounts.list_accounts(conn) == []


# Whose a login is


def test_account_that_another_org_made_is_let_in_by_an_admin_of_every_org_alone(api: Api, conn: pool.Connection):
    """Or whoever made it, and knows its password, would be in too."""
    makers, others = a_token(conn, "an-giang", Role.ADMIN), a_token(conn, ORG, Role.ADMIN)
    new = {"login": LOGIN, "name": "Lan", "role": "viewer", "password": PASSWORD}
    assert api.client.post("/v1/orgs/an-giang/users", json=new, headers=makers).status_code == 201
    known = {"login": LOGIN, "role": "viewer"}
    refused = api.client.post(f"/v1/orgs/{ORG}/users", json=known, headers=others)
    assert (refused.status_code, "an admin of every org" in refused.json()["detail"]) == (409, True)
    assert accounts.by_login(conn, LOGIN).roles == {"an-giang": Role.VIEWER}
    conn.rollback()
    assert api.client.post("/v1/orgs/an-giang/users", json=known, headers=makers).status_code == 201
    root = a_session(conn, an_account(conn, "root"))
    assert api.client.post(f"/v1/orgs/{ORG}/users", json=known, headers=root).status_code == 201
    third = a_token(conn, "ca-mau", Role.ADMIN)
    assert api.client.post("/v1/orgs/ca-mau/users", json=known, headers=third).status_code == 201
    assert set(accounts.by_login(conn, LOGIN).roles) == {"an-giang", ORG, "ca-mau"}


def test_password_from_an_admin_of_every_org_vouches(api: Api, conn: pool.Connection):
    made = accounts.add_account(conn, LOGIN, "Lan", PASSWORD, made_by=None)
    conn.execute("INSERT INTO org (org_id, name) VALUES ('an-giang', 'An Giang')")
    conn.execute("UPDATE account SET made_by = 'an-giang'")
    conn.commit()
    root = a_session(conn, an_account(conn, "root"))
    place = f"/v1/admin/accounts/{made}"
    assert api.client.get(place, headers=root).json()["made_by"] == "an-giang"
    given = {"password": "chín con trâu đen"}
    assert api.client.put(f"{place}/password", json=given, headers=root).status_code == 204
    assert api.client.get(place, headers=root).json()["made_by"] is None
