"""`lighttrap alert`: what is raised, who was told, and what people did about it."""

from __future__ import annotations

import getpass
from dataclasses import fields
from datetime import UTC, datetime
from typing import Annotated

import typer

from lighttrap import model
from lighttrap.cli import addresses, tables
from lighttrap.errors import InputFault
from lighttrap.store import approvals, deliveries, restores
from lighttrap.store import recipients as settings

cli = typer.Typer(help="Alerts, and who was told of them.", no_args_is_help=True)

COLUMNS = tuple(one.name for one in fields(approvals.AlertLine))
AlertArgument = Annotated[int, typer.Argument(help="Number of the alert, as in messages and in `alert list`.")]
AuthorOption = Annotated[str | None, typer.Option("--by", help="Who says so.", show_default="the account's name")]


@cli.command("list")
def list_(
    org: addresses.OrgOption = None,
    only_active: Annotated[bool, typer.Option("--active", help="Only those that are not over.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many at most, the newest first.")] = 50,
    form: tables.FormOption = tables.Form.TABLE,
    data: addresses.DataOption = None,
) -> None:
    """The alerts, with how many messages were sent, are unknown or dead, and how many events await approval."""
    with addresses.database(data) as conn:
        found = approvals.list_alerts(conn, org, only_active=only_active, limit=limit)
    rows = [tuple(getattr(one, name) for name in COLUMNS) for one in found]
    tables.show(COLUMNS, rows, form, empty="There is no alert.")


@cli.command()
def messages(
    alert_id: AlertArgument,
    form: tables.FormOption = tables.Form.TABLE,
    data: addresses.DataOption = None,
) -> None:
    """What was sent of an alert, or will be: to whom, in which words, and how far it got."""
    columns = tuple(one.name for one in fields(model.Delivery))
    with addresses.database(data) as conn:
        rows = [tuple(getattr(one, name) for name in columns) for one in deliveries.list_deliveries(conn, alert_id)]
    tables.show(columns, rows, form, empty="Nobody is told of this alert.")


@cli.command()
def approve(alert_id: AlertArgument, by: AuthorOption = None, data: addresses.DataOption = None) -> None:
    """Lets farmers be told the last word of an alert; what awaited approval before it is passed over."""
    with addresses.database(data) as conn:
        waiting = approvals.pending(conn, alert_id)
        if not waiting:
            raise InputFault(f"nothing of alert {alert_id} awaits approval")
        approvals.approve(conn, waiting[-1], _author(by), datetime.now(UTC))
    typer.echo(f"alert {alert_id}: approved")


@cli.command()
def reject(alert_id: AlertArgument, by: AuthorOption = None, data: addresses.DataOption = None) -> None:
    """Keeps from farmers all that awaits approval of an alert."""
    with addresses.database(data) as conn:
        waiting = approvals.pending(conn, alert_id)
        if not waiting:
            raise InputFault(f"nothing of alert {alert_id} awaits approval")
        for event_id in waiting:
            approvals.reject(conn, event_id, _author(by), datetime.now(UTC))
    typer.echo(f"alert {alert_id}: rejected")


@cli.command()
def ack(alert_id: AlertArgument, by: AuthorOption = None, data: addresses.DataOption = None) -> None:
    """Says that somebody looks after an alert."""
    with addresses.database(data) as conn:
        is_first = approvals.acknowledge(conn, alert_id, _author(by))
    typer.echo(f"alert {alert_id}: {'acknowledged' if is_first else 'was acknowledged before'}")


@cli.command("pass-over")
def pass_over(org: addresses.OrgOption = None, data: addresses.DataOption = None) -> None:
    """Ends all messages that wait without sending them, as after a restore: people had them before.

    What is raised from now on is told as ever.
    """
    with addresses.database(data) as conn:
        number = deliveries.pass_over(conn, org, datetime.now(UTC))
    typer.echo(f"{number} messages are passed over")


@cli.command()
def hold(
    why: Annotated[str, typer.Argument(help="What for, as `point-in-time recovery to 02:10`.")],
    data: addresses.DataOption = None,
) -> None:
    """Holds all messages until `alert resume`, as after a restore that was not made by `lighttrap restore`."""
    with addresses.database(data) as conn:
        restores.note(conn, datetime.now(UTC), why)
    typer.echo("messages are held until `lighttrap alert resume`")


@cli.command()
def resume(by: AuthorOption = None, data: addresses.DataOption = None) -> None:
    """Lets messages go again that were held after a restore; `alert pass-over` before it ends those that wait."""
    with addresses.database(data) as conn:
        were_held = restores.resume(conn, _author(by))
        deliveries.wake(conn)
    typer.echo("messages go out again" if were_held else "nothing was held")


@cli.command("setting")
def setting(
    org: Annotated[str, typer.Argument(help="The org.")],
    approval: Annotated[
        bool | None, typer.Option("--approval/--no-approval", help="Farmers are told only what a person approved.")
    ] = None,
    phone: Annotated[str | None, typer.Option(help="Whom farmers call, as it stands in messages.")] = None,
    by: AuthorOption = None,
    data: addresses.DataOption = None,
) -> None:
    """What an org decides for itself."""
    with addresses.database(data) as conn:
        settings.put_setting(conn, org, _author(by), farmers_need_approval=approval, phone=phone)
    typer.echo(f"org {org}: set")


def _author(by: str | None) -> str:
    return by or getpass.getuser()
