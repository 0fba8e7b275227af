"""`lighttrap person export` and `lighttrap erase`: what is held about somebody, given to them or erased."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from lighttrap.cli import addresses
from lighttrap.errors import InputFault
from lighttrap.store import accounts, audit, tokens
from lighttrap.store import persons as store
from lighttrap.store.persons import Person
from lighttrap.store.pool import Connection

cli = typer.Typer(help="What is held about one person.", no_args_is_help=True)

WHO = "command line"
RecipientOption = Annotated[int | None, typer.Option("--recipient", help="A recipient, by number.")]
AccountOption = Annotated[int | None, typer.Option("--account", help="An account, by number.")]


@cli.command()
def export(recipient: RecipientOption = None, account: AccountOption = None, data: addresses.DataOption = None) -> None:
    """Prints as JSON everything held about somebody.

    Without --recipient or --account it reads a telephone number, mail address or login from standard input, so that
    no shell remembers it.
    """
    with addresses.database(data) as conn:
        person = _person(conn, recipient, account)
        found = store.export(conn, person)
        _note(conn, "export", person)
    typer.echo(json.dumps(found, indent=1, ensure_ascii=False))


def erase(
    recipient: RecipientOption = None,
    account: AccountOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: addresses.DataOption = None,
) -> None:
    """Erases somebody for good: name, addresses, words of messages, login. Counts and decisions stay.

    Without --recipient or --account it reads a telephone number, mail address or login from standard input, so that
    no shell remembers it, and erases whoever has it in any org. Backups keep it until they are thrown away. API tokens
    that an erased account made belong to their org and stay: they are named, for you to revoke.
    """
    with addresses.database(data) as conn:
        person = _person(conn, recipient, account)
        for one in person.accounts:
            accounts.require_another_admin(conn, one)
        typer.echo(f"found: {_told(person)}")
        if not (yes or _confirmed()):
            raise InputFault("nothing was erased: say --yes, or y when asked")
        _note(conn, "erase", person)
        left = [token for one in person.accounts for token in tokens.live_tokens_of(conn, one)]
        done = store.erase(conn, person)
    for who, rows in done.items():
        typer.echo(f"{who}: erased; " + ", ".join(f"{number} {what}" for what, number in rows.items()))
    for token in left:
        typer.echo(
            f"token {token.token_id} ({token.name}) of {token.org_id}, which they made, still opens the API; whoever "
            f"knows it comes in until: lighttrap token revoke {token.token_id}"
        )
    typer.echo("backups hold them until they are thrown away (docs/backup.md); what staff did stays under their login")


def _person(conn: Connection, recipient: int | None, account: int | None) -> Person:
    if recipient is not None and account is not None:
        raise InputFault("give --recipient or --account, not both")
    if recipient is not None:
        return store.recipient(conn, recipient)
    if account is not None:
        return store.account(conn, account)
    if sys.stdin.isatty():
        return store.by_address(conn, typer.prompt("number, address or login", hide_input=True))
    given = sys.stdin.readline().strip()
    if not given:
        raise InputFault("say who on standard input, or by --recipient or --account")
    return store.by_address(conn, given)


def _confirmed() -> bool:
    return sys.stdin.isatty() and typer.confirm("erase for good?")


def _told(person: Person) -> str:
    found = [f"recipient {one} of {org_id}" for org_id, one in person.recipients]
    found += [f"account {one}" for one in person.accounts]
    return ", ".join(found + [f"{person.signups} wishes to be told"] * bool(person.signups))


def _note(conn: Connection, action: str, person: Person) -> None:
    """Who asked for what, by number alone: the audit log must hold nothing that would have to be forgotten."""
    for org_id, one in person.recipients:
        audit.note(conn, who=WHO, action=action, object_kind="recipient", object_id=one, org_id=org_id)
    for one in person.accounts:
        audit.note(conn, who=WHO, action=action, object_kind="account", object_id=one)
    if person.signups:
        audit.note(conn, who=WHO, action=action, object_kind="signup", object_id="-", after={"wishes": person.signups})
