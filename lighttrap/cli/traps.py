"""`lighttrap trap`: the traps that may send."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from lighttrap import config, topics
from lighttrap.cli import addresses, sheets, tables
from lighttrap.cli.users import WHO
from lighttrap.connectcode import ConnectCode
from lighttrap.errors import ConfigError, Conflict, InputFault
from lighttrap.store import audit, credentials, fields, orgs
from lighttrap.store import traps as store
from lighttrap.store.pool import Connection

cli = typer.Typer(help="The traps that may send.", no_args_is_help=True)

COLUMNS = ("trap_id", "org_id", "name", "field_id", "nominal_s", "interval_s", "in_service_from", "retired_at")


@cli.command()
def add(
    trap_id: Annotated[str, typer.Argument(help="3-32 characters of a-z, 0-9 and hyphen.")],
    org: Annotated[str, typer.Option(help="The org it belongs to; made when it is not there.")],
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    field: Annotated[str | None, typer.Option(help="The field it stands in from now on.")] = None,
    nominal_s: Annotated[int, typer.Option("--nominal", help="Planned lamp seconds of a night.")] = store.NOMINAL_S,
    interval_s: Annotated[int, typer.Option("--interval", help="Seconds between readings.")] = 600,
    since: Annotated[str | None, typer.Option(help="In service from; by default 400 days back.")] = None,
    data: addresses.DataOption = None,
) -> None:
    """Registers a trap. Readings from before its service carry a wrong clock and go to quarantine."""
    start = sheets.instant(since) if since else None
    with addresses.database(data) as conn:
        new = _register(conn, trap_id, org, name, nominal_s, interval_s, start)
        if field:
            _deploy(conn, trap_id, org, field)
        kept = store.count_kept(conn, trap_id)
    typer.echo(f"trap {trap_id} is {'registered' if new else 'there already'}, org {org}")
    if kept:
        typer.echo(f"{kept} of its messages wait in quarantine: lighttrap quarantine replay --trap {trap_id}")


@cli.command("list")
def list_(
    org: addresses.OrgOption = None,
    form: tables.FormOption = tables.Form.TABLE,
    data: addresses.DataOption = None,
) -> None:
    """The registered traps."""
    with addresses.database(data) as conn:
        rows = [tuple(getattr(trap, name) for name in COLUMNS) for trap in store.list_traps(conn, org)]
    tables.show(COLUMNS, rows, form, empty="No trap is registered: lighttrap trap add ID --org ORG")


@cli.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="CSV: trap_id, org, and optionally name, field, nominal_s, interval_s, since.")
    ],
    data: addresses.DataOption = None,
) -> None:
    """Registers the traps of a file, all or none; running it again changes nothing."""
    new = number = 0
    with addresses.database(data) as conn:
        for line in sheets.lines(file, ("trap_id", "org")):
            new += _import_line(conn, line)
            number += 1
    typer.echo(f"{number} traps in the file, {new} of them new")


class _PublicSettings(config.ProgramSettings):
    """Where traps find the broker."""

    public_broker: config.PublicBrokerSettings = config.PublicBrokerSettings()


@cli.command()
def provision(
    trap_id: Annotated[str, typer.Argument(help="A registered trap.")],
    text: Annotated[bool, typer.Option("--text", help="Only the connect code, as one line.")] = False,
    data: addresses.DataOption = None,
) -> None:
    """Gives a trap a new secret for the broker and prints it, this once; an older one is worth nothing then."""
    public = _public_broker()
    with addresses.database(data) as conn:
        org = store.org_of(conn, trap_id)
        made, secret = credentials.issue(conn, org, trap_id, WHO)
        after = {"issued_at": made.issued_at}
        audit.note(
            conn, who=WHO, action="provision", object_kind="trap", object_id=trap_id, org_id=org, after=after
        )  # fmt: skip
    code = ConnectCode(org, trap_id, secret, public.address(), public.ca_sha256)
    if text:
        typer.echo(code.text)
        return
    for name, value in (
        ("broker", code.broker_url), ("user name, client id", trap_id), ("secret", secret),
        ("topics below", code.topic_prefix), ("connect code", code.text),
    ):  # fmt: skip
        typer.echo(f"{name:<21} {value}")
    typer.echo(code.blocks())


@cli.command()
def revoke(trap_id: str, data: addresses.DataOption = None) -> None:
    """Lets a trap's secret open nothing from now on; `lighttrap broker watch` cuts its connection within seconds."""
    with addresses.database(data) as conn:
        org = store.org_of(conn, trap_id)
        before = credentials.get_credential(conn, org, trap_id)
        after = credentials.revoke(conn, org, trap_id)
        audit.note(
            conn, who=WHO, action="revoke", object_kind="trap", object_id=trap_id, org_id=org,
            before={"revoked_at": before.revoked_at}, after={"revoked_at": after.revoked_at},
        )  # fmt: skip
    typer.echo(f"the secret of trap {trap_id} is revoked")


def _public_broker() -> config.PublicBrokerSettings:
    try:
        public = _PublicSettings().public_broker
    except ValidationError as fault:
        raise ConfigError(config.faults(fault)) from fault
    public.address()
    return public


def _import_line(conn: Connection, line: sheets.Line) -> bool:
    since = line.cells.get("since")
    nominal, interval = (line.number_or_none(column) for column in ("nominal_s", "interval_s"))
    trap_id, org = line.text("trap_id"), line.text("org")
    try:
        new = _register(
            conn,
            trap_id,
            org,
            line.cells.get("name"),
            int(nominal or store.NOMINAL_S),
            int(interval or 600),
            sheets.instant(since) if since else None,
        )
        if field := line.cells.get("field"):
            _deploy(conn, trap_id, org, field)
    except InputFault as fault:
        raise InputFault(f"line {line.number}: {fault}") from fault
    return new


def _register(
    conn: Connection, trap_id: str, org: str, name: str | None, nominal_s: int, interval_s: int, since: datetime | None
) -> bool:
    if not topics.TRAP_ID.fullmatch(trap_id):
        raise InputFault(f"trap id {trap_id!r} is not 3-32 characters of a-z, 0-9 and hyphen")
    if not topics.SLUG.fullmatch(org):
        raise InputFault(f"org {org!r} is not 2-32 characters of a-z, 0-9 and hyphen")
    if not 600 <= nominal_s <= 86_400:
        raise InputFault("the planned lamp time must be 600 to 86,400 seconds")
    if not 60 <= interval_s <= 86_400:
        raise InputFault("the interval must be 60 to 86,400 seconds")
    orgs.ensure_org(conn, org)
    return store.register_trap(
        conn,
        trap_id=trap_id,
        org_id=org,
        name=name,
        nominal_s=nominal_s,
        interval_s=interval_s,
        in_service_from=since,
    )


def _deploy(conn: Connection, trap_id: str, org: str, field: str) -> None:
    if fields.org_of(conn, field) != org:
        raise Conflict(f"field {field} does not belong to org {org}")
    if store.field_of(conn, trap_id) != field:
        store.deploy(conn, trap_id=trap_id, field_id=field, at=datetime.now(UTC))
