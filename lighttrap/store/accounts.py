"""Accounts: who can log in, and what they are in which org."""

from __future__ import annotations

import re
from typing import Any

from psycopg.rows import class_row

from lighttrap import model, passwords, sql
from lighttrap.errors import Conflict, InputFault, NotFound
from lighttrap.store.pool import Connection

_SQL = sql.load("accounts")
_LOGIN = re.compile(r"[a-z0-9._@+-]{3,254}", re.ASCII)


def add_account(
    conn: Connection, login: str, name: str, password: str, *, is_admin: bool = False, made_by: str | None = None
) -> int:
    """Makes an account. Returns its id.

    `made_by`: the org whose admin makes it and knows the password, where no operator does. Raises InputFault for a
    login or password that cannot be used, Conflict when the login is taken.
    """
    login = login.lower()
    if not _LOGIN.fullmatch(login):
        raise InputFault("a login has 3 to 254 of a-z, 0-9 and . _ @ + -; an e-mail address does")
    values: dict[str, object] = {
        "login": login,
        "name": name,
        "password_hash": passwords.hashed(password),
        "is_admin": is_admin,
    }
    values["made_by"] = made_by
    row = conn.execute(_SQL["add_account"], values).fetchone()
    if row is None:
        raise Conflict(f"there is an account {login} already")
    return int(row[0])


def list_accounts(conn: Connection, org_id: str | None = None) -> list[model.Account]:
    """The accounts of one org, with their role there only; or all."""
    return _list(conn, org_id=org_id)


def page_accounts(conn: Connection, *, after: str = "", limit: int = 100) -> list[model.Account]:
    """Accounts of all orgs by login, from after one."""
    cursor = conn.cursor(row_factory=class_row(model.Account))
    return cursor.execute(_SQL["page_accounts"], {"after": after, "limit": limit}).fetchall()


def get_account(conn: Connection, account_id: int, org_id: str | None = None) -> model.Account:
    """One account; with `org_id`, one of that org. Raises NotFound."""
    return _one(_list(conn, account_id=account_id, org_id=org_id))


def by_login(conn: Connection, login: str) -> model.Account:
    """The account of a login. Raises NotFound."""
    return _one(_list(conn, login=login.lower()))


def put_membership(conn: Connection, account_id: int, org_id: str, role: model.Role) -> None:
    """Makes an account something in an org, in place of what it was there."""
    conn.execute(_SQL["put_membership"], {"account_id": account_id, "org_id": org_id, "role": role})


def vouch(conn: Connection, account_id: int) -> None:
    """Whoever knows says that the login is the person's: other orgs may let it in from now on."""
    conn.execute(_SQL["vouch"], {"account_id": account_id})


def end_membership(conn: Connection, account_id: int, org_id: str) -> None:
    """From now on the org does not exist for that account. Raises NotFound."""
    if conn.execute(_SQL["end_membership"], {"account_id": account_id, "org_id": org_id}).rowcount == 0:
        raise NotFound("there is no such account in the org")


def disable(conn: Connection, account_id: int) -> None:
    """Keeps an account out for good; its sessions end at once."""
    conn.execute(_SQL["disable"], {"account_id": account_id})
    conn.execute(_SQL["end_sessions"], {"account_id": account_id})


def enable(conn: Connection, account_id: int) -> None:
    """Lets a disabled account log in again."""
    conn.execute(_SQL["enable"], {"account_id": account_id})


def unlock(conn: Connection, account_id: int) -> None:
    """Ends a lock-out before its time."""
    conn.execute(_SQL["unlock"], {"account_id": account_id})


def set_admin(conn: Connection, account_id: int, *, is_admin: bool) -> None:
    """Makes an account admin of every org, or no longer."""
    conn.execute(_SQL["set_admin"], {"account_id": account_id, "is_admin": is_admin})


def require_another_admin(conn: Connection, account_id: int) -> None:
    """Raises Conflict when nobody else who can log in is admin of every org; holds for the transaction."""
    admins = {row[0] for row in conn.execute(_SQL["lock_admins"]).fetchall()}
    if admins == {account_id}:
        raise Conflict("that is the last admin of every org: make another one first")


def set_password(conn: Connection, account_id: int, password: str) -> None:
    """Another password, from which on every session must log in anew; ends a lock-out. Raises InputFault."""
    values = {"account_id": account_id, "password_hash": passwords.hashed(password)}
    conn.execute(_SQL["set_password"], values)
    conn.execute(_SQL["end_sessions"], {"account_id": account_id})


def _list(conn: Connection, **wanted: Any) -> list[model.Account]:  # noqa: ANN401 - statement parameters
    values = {"org_id": None, "account_id": None, "login": None, **wanted}
    return conn.cursor(row_factory=class_row(model.Account)).execute(_SQL["list_accounts"], values).fetchall()


def _one(found: list[model.Account]) -> model.Account:
    if not found:
        raise NotFound("there is no such account")
    return found[0]
