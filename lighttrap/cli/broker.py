"""`lighttrap broker`: who may log in at the broker, from the database into the files that Mosquitto reads."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from lighttrap import config, logs
from lighttrap.broker import reload, sync
from lighttrap.broker.listener import Certificates, Listener
from lighttrap.broker.settings import BrokerFileSettings
from lighttrap.broker.watch import Watch
from lighttrap.cli import addresses
from lighttrap.errors import ConfigError, InputFault, LightTrapError

cli = typer.Typer(help="Who may log in at the broker.", no_args_is_help=True)

PasswordsOption = Annotated[Path | None, typer.Option("--passwords", help="Mosquitto's password_file.")]
AclOption = Annotated[Path | None, typer.Option("--acl", help="Mosquitto's acl_file.")]
PidFileOption = Annotated[Path | None, typer.Option("--pid-file", help="Mosquitto's pid_file: who gets SIGHUP.")]
PidOption = Annotated[int | None, typer.Option("--pid", help="The process that gets SIGHUP.")]
CommandOption = Annotated[str | None, typer.Option("--reload-command", help="Run instead of SIGHUP, by no shell.")]


@cli.command("sync")
def sync_(
    passwords: PasswordsOption = None,
    acl: AclOption = None,
    pid_file: PidFileOption = None,
    pid: PidOption = None,
    reload_command: CommandOption = None,
    data: addresses.DataOption = None,
) -> None:
    """Writes the files once and makes the broker read them; more settings by environment.

    It refuses when one of our own programs would be locked out: ingest, and who is in the file already.
    """
    settings = _settings(data, passwords=passwords, acl=acl, pid_file=pid_file, pid=pid, reload_command=reload_command)
    files = settings.broker_files
    sync.require_services(files, and_known=True)
    with addresses.database(data) as conn:
        try:
            wrote = sync.write(conn, files)
        except OSError as fault:
            raise LightTrapError(f"a file of the broker cannot be written: {fault}") from fault
    # Told in any case: a run before this one may have written and not been able to tell.
    told = reload.tell(files)
    places = f"{files.passwords} and {files.acl} are {'written' if wrote else 'as they should be'}"
    typer.echo(f"{places}, with {', '.join(files.secrets())}{'; the broker is told' if told else ''}")


@cli.command()
def watch(
    passwords: PasswordsOption = None,
    acl: AclOption = None,
    pid_file: PidFileOption = None,
    pid: PidOption = None,
    reload_command: CommandOption = None,
    data: addresses.DataOption = None,
) -> None:
    """Keeps the files as the database has them, within seconds, until it is stopped."""
    settings = _settings(data, passwords=passwords, acl=acl, pid_file=pid_file, pid=pid, reload_command=reload_command)
    # Whom its settings no longer name, as an org that ingest has given up, it does let go.
    sync.require_services(settings.broker_files)
    logs.set_up(settings.log.level, settings.log.format)
    watching = Watch(settings.database.address(), settings.broker_files)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: watching.stop())
    watching.run()


@cli.command("config")
def config_(
    passwords: Annotated[Path, typer.Option(help="Where password_file will be.")],
    acl: Annotated[Path, typer.Option(help="Where acl_file will be.")],
    state: Annotated[Path, typer.Option(help="Folder in which the broker keeps its queue.")],
    pid_file: Annotated[Path, typer.Option(help="Where pid_file will be.")],
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the listener.")] = 8883,
    address: Annotated[str, typer.Option(help="Address of the listener.")] = "0.0.0.0",  # noqa: S104 - for the field
    ca: Annotated[Path | None, typer.Option("--ca", help="Certificate authority; without it there is no TLS.")] = None,
    certificate: Annotated[Path | None, typer.Option("--cert", help="The broker's certificate.")] = None,
    key: Annotated[Path | None, typer.Option("--key", help="The certificate's key.")] = None,
) -> None:
    """Prints a mosquitto.conf for these files."""
    certificates = Certificates(ca, certificate, key) if ca and certificate and key else None
    if certificates is None and (ca or certificate or key):
        raise InputFault("TLS needs --ca, --cert and --key")
    typer.echo(Listener(passwords, acl, state, pid_file, port, address, certificates).text(), nl=False)


def _settings(data: Path | None, **given: Any) -> BrokerFileSettings:  # noqa: ANN401 - options of any kind
    """Options first, then the environment. Raises ConfigError."""
    options = {name: value for name, value in given.items() if value is not None}
    dsn = addresses.find(data).db_dsn
    try:
        named = {"dsn": dsn, "password_file": None} if dsn else {}  # with its password already
        return BrokerFileSettings(database=named, broker_files=options)
    except ValidationError as fault:
        raise ConfigError(config.faults(fault)) from fault
