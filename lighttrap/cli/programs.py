"""Commands that run one of the programs in the foreground, with the addresses found."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from lighttrap import logs
from lighttrap import migrate as migrations
from lighttrap.cli import addresses
from lighttrap.store import orgs, traps
from lighttrap.topics import numbered_trap_ids


def run(program: str, arguments: Sequence[str], found: addresses.Addresses) -> NoReturn:
    """Becomes `python -m program`: signals and exit code are the program's own, whoever supervises it."""
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", program, *arguments], found.environment())  # noqa: S606 - no shell


def migrate(data: addresses.DataOption = None) -> None:
    """Brings the database's schema up to this release. Safe to run again."""
    logs.set_up("WARNING")
    with addresses.database(data) as conn:
        applied = migrations.migrate(conn)
    typer.echo("\n".join(f"applied {name}" for name in applied) or "nothing to do: the schema is up to date")


def ingest(data: addresses.DataOption = None) -> None:
    """Runs the ingest worker in the foreground; more settings by environment, see docs/configuration.md."""
    run("ingest", [], addresses.find(data))


def notify(data: addresses.DataOption = None) -> None:
    """Tells people of alerts, in the foreground; channels and more by environment, see docs/alerts.md."""
    run("lighttrap.notify", [], addresses.find(data))


def monitor(data: addresses.DataOption = None) -> None:
    """Tells Prometheus how database, broker and traps are, in the foreground; see docs/monitoring.md."""
    run("lighttrap.monitor", [], addresses.find(data))


def api(data: addresses.DataOption = None) -> None:
    """Runs the API in the foreground; more settings by environment, see docs/configuration.md."""
    run("api", [], addresses.find(data))


def dashboard(data: addresses.DataOption = None) -> None:
    """Runs the dashboard in the foreground; more settings by environment, see docs/configuration.md."""
    run("dashboard", [], addresses.find(data))


def simulate(
    number: Annotated[int, typer.Option("--traps", min=1, max=10_000, help="How many traps.")] = 24,
    org: Annotated[str, typer.Option(help="Their org; made when it is not there.")] = "demo",
    prefix: Annotated[str, typer.Option(help="Trap ids are PREFIX-00001 and so on.")] = "sim",
    seed: Annotated[int, typer.Option(help="The same seed makes the same insects.")] = 1,
    interval_s: Annotated[int, typer.Option("--interval", min=1, help="Seconds between readings.")] = 60,
    history_days: Annotated[int, typer.Option(min=0, max=400, help="Days of history to make first.")] = 0,
    once: Annotated[bool, typer.Option("--once", help="One reading each, wait until all are stored, end.")] = False,
    faults: Annotated[str | None, typer.Option(help="Faults on demand, e.g. drop=0.01,duplicate=0.02.")] = None,
    exit_after_s: Annotated[float | None, typer.Option("--exit-after", help="End after so many seconds.")] = None,
    data: addresses.DataOption = None,
) -> None:
    """Registers simulated traps and lets them send to the broker until Ctrl-C."""
    found = addresses.find(data)
    with addresses.database(data) as conn:
        orgs.ensure_org(conn, org)
        for trap_id in numbered_trap_ids(prefix, number):
            traps.register_trap(conn, trap_id=trap_id, org_id=org, interval_s=max(60, interval_s))
    arguments = ["run", "--org", org, "--prefix", prefix, "--traps", str(number), "--seed", str(seed)]
    arguments += ["--interval", str(interval_s), "--history-days", str(history_days)]
    arguments += ["--once"] * once
    if found.data and not once:
        # The same traps again go on where they stopped, instead of living their past twice.
        arguments += ["--state", str(found.data / f"simulator-{org}-{prefix}.json")]
    arguments += ["--faults", faults] if faults else []
    arguments += ["--exit-after", str(exit_after_s)] if exit_after_s is not None else []
    run("simulator", arguments, found)
