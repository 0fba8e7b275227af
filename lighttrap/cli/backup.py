"""`lighttrap backup` and `lighttrap restore`: the database into a file each night, and back when it must be."""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from lighttrap import logs
from lighttrap.backup import dump, folder, manifest, restore, textfile, tools
from lighttrap.backup.folder import Backup
from lighttrap.backup.manifest import Manifest
from lighttrap.backup.settings import BackupSettings, read
from lighttrap.cli import addresses, tables
from lighttrap.errors import ConfigError, LightTrapError
from lighttrap.store import withdrawals

log = logging.getLogger("lighttrap.backup")

cli = typer.Typer(help="Backups of the database.", invoke_without_command=True)

COLUMNS = ("file", "taken_at", "bytes", "rows", "lighttrap", "postgresql", "timescaledb", "proven_at")
DumpArgument = Annotated[
    Path, typer.Argument(help="The dump: a path, or its name as `backup list` shows it.", dir_okay=False)
]
FolderOption = Annotated[
    Path | None, typer.Option("--to", help="Folder of the backups.", show_default="LIGHTTRAP_BACKUP__FOLDER")
]
JobsOption = Annotated[int, typer.Option(min=1, max=64, help="Sessions that restore side by side; TimescaleDB: one.")]


@cli.callback()
def backup(
    context: typer.Context,
    to: FolderOption = None,
    keep: Annotated[
        str | None,
        typer.Option(
            help="DAYS/COUNT: throw away what is older than DAYS when COUNT newer ones are there.",
            show_default="LIGHTTRAP_BACKUP__KEEP, else nothing is thrown away",
        ),
    ] = None,
    data: addresses.DataOption = None,
) -> None:
    """Dumps the database into a new file of a folder, with a manifest beside it, and prints the file's path.

    Exit code 1: there is no new backup.
    """
    if context.invoked_subcommand:
        return
    settings = read()
    logs.set_up(settings.log.level, settings.log.format)
    place = _folder(to, settings)
    rule = keep or settings.backup.keep
    kept = folder.keep_of(rule) if rule else None
    dsn = _dsn(data)
    with folder.opened(place):
        try:
            file, made = dump.take(dsn, place)
        except (LightTrapError, OSError) as fault:
            log.error("backup failed", extra={"error": str(fault), "newest_age_h": _age_h(folder.backups(place))})
            raise fault if isinstance(fault, LightTrapError) else LightTrapError(str(fault)) from fault
        gone = folder.prune(place, kept) if kept else []
        found = folder.backups(place)
        if settings.backup.textfile:
            textfile.write(settings.backup.textfile, found)
    log.info(
        "backup made",
        extra={
            "file": file.name, "bytes": made.bytes, "rows": made.rows, "tables": len(made.tables),
            "seconds": made.seconds, "kept": len(found), "thrown_away": len(gone), "newest_age_h": _age_h(found),
        },
    )  # fmt: skip
    typer.echo(str(file))


@cli.command()
def verify(
    file: DumpArgument,
    on: Annotated[
        str | None,
        typer.Option(
            help="Address of a server: the backup is restored there into a database of its own and compared.",
            envvar="LIGHTTRAP_RESTORE_DSN",
            show_default=False,
        ),
    ] = None,
    jobs: JobsOption = restore.JOBS,
) -> None:
    """Checks a backup: that it is whole; and with --on, that it comes back equal, which is noted in its manifest.

    Exit code 1: it does not come back equal; 2: it is damaged, or the server does not fit.
    """
    logs.set_up("WARNING")
    file = _found(file)
    told = manifest.read(file)
    manifest.require_whole(file, told)
    entries = tools.contents(tools.for_restore(told.source.pg_dump_major, 99), file)
    if on is None:
        typer.echo(f"{file.name}: whole, {entries} entries; not restored (give --on a server)")
        return
    began = time.monotonic()
    restore.prove(file, on, jobs=jobs)
    took = time.monotonic() - began
    typer.echo(f"{file.name}: restored in {took:.0f} s, {len(told.tables)} tables and {told.rows} rows equal")


@cli.command("list")
def list_(to: FolderOption = None, form: tables.FormOption = tables.Form.TABLE) -> None:
    """The good backups of a folder, the newest first."""
    # A table shows what fits a terminal; the rest stands in the manifests too.
    columns = ("file", "bytes", "lighttrap", "proven_at") if form is tables.Form.TABLE else COLUMNS
    rows = [[_shown(one, column) for column in columns] for one in folder.backups(_folder(to, read()))]
    tables.show(columns, rows, form, empty="There is no backup.")


def _shown(one: Backup, column: str) -> object:
    if column == "file":
        return one.file.name
    return getattr(one.manifest.source if column in ("postgresql", "timescaledb") else one.manifest, column)


def restore_(
    file: DumpArgument,
    into: Annotated[
        str, typer.Option(help="Address of the empty database.", envvar="LIGHTTRAP_RESTORE_DSN", show_default=False)
    ],
    create: Annotated[bool, typer.Option("--create", help="Make the database first.")] = False,
    own: Annotated[bool, typer.Option("--own", help="All belongs to who restores, and grants are left out.")] = False,
    verify_only: Annotated[
        bool, typer.Option("--verify-only", help="Restore nothing: compare a database with the backup's manifest.")
    ] = False,
    since: Annotated[
        Path | None,
        typer.Option(
            help="A newer dump whose manifest says who was erased, stopped or revoked since.",
            show_default="the newest in the dump's folder",
        ),
    ] = None,
    jobs: JobsOption = restore.JOBS,
) -> None:
    """Puts a backup into an empty database, compares every table, and holds all messages until `alert resume`.

    Exit code 1: it did not come back equal; 2: the backup, the database or the server does not fit.
    """
    logs.set_up("INFO")
    file = _found(file)
    began = time.monotonic()
    if verify_only:
        told = manifest.read(file)
        restore.require_equal(into, told)
        typer.echo(f"equal: {len(told.tables)} tables, {told.rows} rows")
        return
    if create:
        restore.create(into)
    newest = manifest.read(since) if since else folder.newest_manifest(file.absolute().parent)
    told, again = restore.restore(file, into, own=own, jobs=jobs, newest=newest)
    typer.echo(
        f"restored in {time.monotonic() - began:.0f} s and compared: {len(told.tables)} tables, {told.rows} rows, as "
        f"of {told.taken_at:%Y-%m-%d %H:%M:%S} UTC"
    )
    typer.echo(_taken_back(told, newest, again))
    typer.echo("Messages are held. Start ingest, let traps send again, then: lighttrap alert pass-over, alert resume.")


def _taken_back(told: Manifest, newest: Manifest | None, again: Counter[str]) -> str:
    """What was erased, stopped and revoked again, and since when nobody here knows of more."""
    until = max(told.taken_at, newest.taken_at if newest else told.taken_at)
    done = ", ".join(f"{again[kind]} {kind}" for kind in withdrawals.KINDS if again[kind]) or "nothing"
    return (
        f"Taken back again, as known on {until:%Y-%m-%d %H:%M:%S} UTC: {done}. Repeat what was taken back after that."
    )


def _folder(to: Path | None, settings: BackupSettings) -> Path:
    place = to or settings.backup.folder
    if place is None:
        raise ConfigError("name the folder of backups with --to, or set LIGHTTRAP_BACKUP__FOLDER")
    return place


def _found(dump: Path) -> Path:
    """Where a dump is: a bare name that is not here is looked for in the folder of backups."""
    folder = read().backup.folder
    # Not Path.exists: in a folder that may not be entered it raises.
    return dump if folder is None or os.path.exists(dump) or dump.parent != Path() else folder / dump


def _dsn(data: Path | None) -> str:
    dsn = addresses.find(data).db_dsn
    if dsn is None:
        raise ConfigError("set LIGHTTRAP_DATABASE__DSN to the database's address")
    return dsn


def _age_h(found: list[Backup]) -> float | None:
    """Hours since the newest backup was taken; None when there is none."""
    if not found:
        return None
    return round((datetime.now(UTC) - found[0].manifest.taken_at).total_seconds() / 3600, 2)
