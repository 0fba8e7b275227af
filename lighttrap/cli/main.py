"""Puts the commands together and turns every expected failure into one sentence and an exit code."""

from __future__ import annotations

import sys

import typer

from lighttrap.cli import (
    alerts,
    backtest,
    backup,
    broker,
    communes,
    doctor,
    fields,
    imports,
    init,
    ledger,
    nights,
    orgs,
    persons,
    programs,
    quarantine,
    recipients,
    replay,
    rules,
    texts,
    tokens,
    trace,
    traps,
    up,
    users,
)
from lighttrap.errors import ConfigError, InputFault, LightTrapError
from lighttrap.store.pool import translate_errors

cli = typer.Typer(
    name="lighttrap",
    help="Light traps in rice fields: from the trap to the stored night.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
cli.command()(up.up)
cli.command()(init.init)
cli.command()(programs.migrate)
cli.command()(programs.ingest)
cli.command()(programs.api)
cli.command()(programs.dashboard)
cli.command()(programs.notify)
cli.command()(programs.monitor)
cli.command()(programs.simulate)
cli.command()(replay.replay)
cli.command()(nights.nights)
cli.command()(ledger.ledger)
cli.command()(trace.trace)
cli.command()(backtest.backtest)
cli.command()(doctor.doctor)
cli.add_typer(backup.cli, name="backup")
cli.command("restore")(backup.restore_)
cli.add_typer(orgs.cli, name="org")
cli.add_typer(traps.cli, name="trap")
cli.add_typer(fields.cli, name="field")
cli.add_typer(communes.cli, name="commune")
cli.add_typer(imports.cli, name="import")
cli.add_typer(rules.cli, name="rule")
cli.add_typer(texts.cli, name="texts")
cli.add_typer(alerts.cli, name="alert")
cli.add_typer(recipients.cli, name="recipient")
cli.command()(recipients.subscribe)
cli.add_typer(persons.cli, name="person")
cli.command()(persons.erase)
cli.add_typer(broker.cli, name="broker")
cli.add_typer(quarantine.cli, name="quarantine")
cli.add_typer(users.cli, name="user")
cli.add_typer(tokens.cli, name="token")


def app() -> None:
    """The console script. Exit code 1: it did not work; 2: the command or a setting is wrong."""
    try:
        with translate_errors():
            cli()
    except LightTrapError as fault:
        print(f"lighttrap: {' '.join(str(fault).split())}", file=sys.stderr)  # noqa: T201 - the command line speaks
        sys.exit(2 if isinstance(fault, ConfigError | InputFault) else 1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
