"""`lighttrap org`: who owns traps, and for how long raw readings are kept."""

from __future__ import annotations

from typing import Annotated

import typer

from lighttrap.cli import addresses, tables
from lighttrap.errors import InputFault
from lighttrap.store import audit
from lighttrap.store import orgs as store

cli = typer.Typer(help="Who owns traps.", no_args_is_help=True)

COLUMNS = ("org_id", "name", "keep_readings_days", "readings_from")
WHO = "command line"
FOR_EVER = "for-ever"


@cli.command("list")
def list_(form: tables.FormOption = tables.Form.TABLE, data: addresses.DataOption = None) -> None:
    """The orgs, and from when their raw readings are there."""
    with addresses.database(data) as conn:
        rows = [tuple(getattr(org, name) for name in COLUMNS) for org in store.list_orgs(conn)]
    tables.show(COLUMNS, rows, form, empty="There is no org: lighttrap trap add ID --org ORG makes one")


@cli.command()
def keep(
    org: str,
    days: Annotated[str, typer.Argument(help=f"Days, {store.FEWEST_DAYS} or more, or {FOR_EVER}.")],
    data: addresses.DataOption = None,
) -> None:
    """Deletes raw readings that are older than so many days, for good. Nights, alerts and the ledger stay."""
    kept = _days(days)
    with addresses.database(data) as conn:
        before = store.keep_readings(conn, org, kept)
        audit.note(
            conn, who=WHO, action="keep readings", object_kind="org", object_id=org, org_id=org,
            before={"keep_readings_days": before}, after={"keep_readings_days": kept},
        )  # fmt: skip
    told = "for ever" if kept is None else f"for {kept} days; ingest deletes older ones within a day"
    typer.echo(f"org {org} keeps its readings {told}")


def _days(text: str) -> int | None:
    if text == FOR_EVER:
        return None
    if not text.isdecimal() or not store.FEWEST_DAYS <= int(text) <= store.MOST_DAYS:
        raise InputFault(f"give {FOR_EVER} or whole days from {store.FEWEST_DAYS} to {store.MOST_DAYS}")
    return int(text)
