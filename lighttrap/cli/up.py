"""`lighttrap up`: everything on one machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lighttrap.up import directory, launch


def up(
    data: Annotated[Path, typer.Option(help="Where the database and all that must last is kept.")] = directory.DEFAULT,
    port_base: Annotated[int | None, typer.Option(min=1024, max=65_000, help="First of the ports to use.")] = None,
    db_dsn: Annotated[str | None, typer.Option(help="Use this PostgreSQL instead of our own.")] = None,
    broker_url: Annotated[str | None, typer.Option(help="Use this MQTT broker instead of our own.")] = None,
    simulate: Annotated[int, typer.Option(min=0, max=10_000, help="Simulated traps to run.")] = 0,
    history_days: Annotated[int, typer.Option(min=0, max=400, help="Days of history they make at first.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed makes the same insects.")] = 1,
    ready_file: Annotated[Path | None, typer.Option(help="Written with every address once all is ready.")] = None,
    exit_after: Annotated[float | None, typer.Option(min=0, help="Stop after so many seconds.")] = None,
) -> None:
    """Runs database, broker, ingest, API, notifier and, on request, simulated traps on this machine, until Ctrl-C.

    Needs no root, no Docker and no account.
    """
    options = launch.UpOptions(
        data=data,
        port_base=port_base,
        db_dsn=db_dsn,
        broker_url=broker_url,
        simulate=simulate,
        history_days=history_days,
        seed=seed,
        ready_file=ready_file,
        exit_after_s=exit_after,
    )
    raise typer.Exit(launch.run(options))
