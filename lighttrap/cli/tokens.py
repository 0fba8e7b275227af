"""`lighttrap token`: how programs come in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from lighttrap import model
from lighttrap.cli import addresses, tables
from lighttrap.cli.users import WHO
from lighttrap.errors import InputFault
from lighttrap.store import audit, orgs
from lighttrap.store import tokens as store

cli = typer.Typer(help="Tokens by which programs use the API.", no_args_is_help=True)

COLUMNS = ("token_id", "org_id", "name", "role", "created_by", "expires_at", "revoked_at", "last_used_at")


@cli.command()
def add(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    org: Annotated[str, typer.Option(help="The org it opens.")],
    role: Annotated[model.Role, typer.Option(help="What it is in that org.")] = model.Role.SERVICE,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days until it expires.")] = 365,
    data: addresses.DataOption = None,
) -> None:
    """Makes a token and prints it, this once."""
    with addresses.database(data) as conn:
        if org not in {one.org_id for one in orgs.list_orgs(conn)}:
            raise InputFault(f"there is no org {org}: add its traps or fields first")
        expires_at = datetime.now(UTC) + timedelta(days=days)
        made, secret = store.add_token(
            conn, org_id=org, name=name, role=role, created_by=WHO, expires_at=expires_at
        )  # fmt: skip
        after = {"name": name, "role": role, "expires_at": expires_at}
        audit.note(conn, who=WHO, action="add", object_kind="token", object_id=made.token_id, org_id=org, after=after)
    typer.echo(secret)


@cli.command("list")
def list_(
    org: addresses.OrgOption = None,
    form: tables.FormOption = tables.Form.TABLE,
    data: addresses.DataOption = None,
) -> None:
    """The tokens, expired and revoked ones too; none of their secrets."""
    with addresses.database(data) as conn:
        rows = [tuple(getattr(token, column) for column in COLUMNS) for token in store.list_tokens(conn, org)]
    tables.show(COLUMNS, rows, form, empty="No token yet: lighttrap token add NAME --org ORG")


@cli.command()
def revoke(token_id: int, data: addresses.DataOption = None) -> None:
    """Lets a token open nothing from now on."""
    with addresses.database(data) as conn:
        token = store.revoke_token(conn, token_id)
        audit.note(
            conn, who=WHO, action="revoke", object_kind="token", object_id=token_id, org_id=token.org_id,
            before={"name": token.name, "role": token.role},
        )  # fmt: skip
    typer.echo(f"token {token_id} ({token.name}) is revoked")
