"""`lighttrap user`: who can log in."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from lighttrap import model
from lighttrap.cli import addresses, tables
from lighttrap.errors import InputFault
from lighttrap.store import accounts as store
from lighttrap.store import audit, orgs

cli = typer.Typer(help="Who can log in.", no_args_is_help=True)

COLUMNS = ("account_id", "login", "name", "is_admin", "roles", "locked_until", "disabled_at")
WHO = "command line"
PasswordOption = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@cli.command()
def add(
    login: Annotated[str, typer.Argument(help="What the person types to log in: an e-mail address, a short name.")],
    name: Annotated[str | None, typer.Option(help="What people call them.")] = None,
    admin: Annotated[bool, typer.Option("--admin", help="Admin of every org.")] = False,
    org: Annotated[str | None, typer.Option(help="The org they belong to.")] = None,
    role: Annotated[model.Role, typer.Option(help="What they are in that org.")] = model.Role.VIEWER,
    password_stdin: PasswordOption = False,
    data: addresses.DataOption = None,
) -> None:
    """Makes an account; asks for the password. The first one needs --admin."""
    if not admin and org is None:
        raise InputFault("give --org, or --admin for an admin of every org")
    password = _password(password_stdin)
    with addresses.database(data) as conn:
        if org and org not in {one.org_id for one in orgs.list_orgs(conn)}:
            raise InputFault(f"there is no org {org}: add its traps or fields first")
        account_id = store.add_account(conn, login, name or login, password, is_admin=admin)
        if org:
            store.put_membership(conn, account_id, org, role)
        after = {"login": login.lower(), "is_admin": admin, "role": role if org else None}
        audit.note(conn, who=WHO, action="add", object_kind="account", object_id=account_id, org_id=org, after=after)
    typer.echo(f"account {login.lower()} can log in now")


@cli.command("list")
def list_(
    org: addresses.OrgOption = None,
    form: tables.FormOption = tables.Form.TABLE,
    data: addresses.DataOption = None,
) -> None:
    """The accounts, and what they are in which org."""
    with addresses.database(data) as conn:
        rows = [_row(account) for account in store.list_accounts(conn, org)]
    tables.show(COLUMNS, rows, form, empty="No account yet: lighttrap user add LOGIN --admin")


@cli.command()
def disable(login: str, data: addresses.DataOption = None) -> None:
    """Keeps an account out for good; its sessions end at once. Tokens it made go on: revoke them by themselves."""
    with addresses.database(data) as conn:
        account = store.by_login(conn, login)
        store.disable(conn, account.account_id)
        audit.note(conn, who=WHO, action="disable", object_kind="account", object_id=account.account_id)
    typer.echo(f"account {account.login} is disabled")


@cli.command()
def enable(login: str, data: addresses.DataOption = None) -> None:
    """Lets a disabled account log in again, in the roles that it had."""
    with addresses.database(data) as conn:
        account = store.by_login(conn, login)
        store.enable(conn, account.account_id)
        audit.note(conn, who=WHO, action="enable", object_kind="account", object_id=account.account_id)
    typer.echo(f"account {account.login} can log in again")


@cli.command()
def admin(
    login: str,
    off: Annotated[bool, typer.Option("--off", help="No longer.")] = False,
    data: addresses.DataOption = None,
) -> None:
    """Makes an account admin of every org."""
    with addresses.database(data) as conn:
        account = store.by_login(conn, login)
        store.set_admin(conn, account.account_id, is_admin=not off)
        audit.note(
            conn, who=WHO, action="set admin", object_kind="account", object_id=account.account_id,
            before={"is_admin": account.is_admin}, after={"is_admin": not off},
        )  # fmt: skip
    typer.echo(f"account {account.login} is {'no longer ' if off else ''}admin of every org")


@cli.command()
def password(login: str, password_stdin: PasswordOption = False, data: addresses.DataOption = None) -> None:
    """Gives an account another password, ends its sessions and a lock-out."""
    new = _password(password_stdin)
    with addresses.database(data) as conn:
        account = store.by_login(conn, login)
        store.set_password(conn, account.account_id, new)
        audit.note(conn, who=WHO, action="set password", object_kind="account", object_id=account.account_id)
    typer.echo(f"account {account.login} has a new password")


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


def _row(account: model.Account) -> tables.Row:
    roles = ", ".join(f"{org_id}: {role}" for org_id, role in sorted(account.roles.items()))
    values = (account.account_id, account.login, account.name, account.is_admin)
    return (*values, roles, account.locked_until, account.disabled_at)
