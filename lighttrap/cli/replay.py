"""`lighttrap replay`: nightly catches from a file, sent as traps would send them."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from lighttrap import night, nightfile
from lighttrap.cli import addresses, programs
from lighttrap.errors import InputFault
from lighttrap.store import orgs, traps

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def replay(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX with a line a trap and night.")],
    trap_column: Annotated[str, typer.Option(help="Column that names the trap.")],
    night_column: Annotated[str, typer.Option(help="Column with the date of the evening.")],
    count: Annotated[list[str], typer.Option(help="SPECIES=COLUMN, insects per night; may be given several times.")],
    org: Annotated[str, typer.Option(help="Org of the traps.")],
    lamp_hours: Annotated[str, typer.Option(help="Local time the lamp burned, HH:MM-HH:MM.")] = "18:00-05:00",
    dates: Annotated[nightfile.Dates, typer.Option(help="How the file writes dates.")] = nightfile.Dates.ISO,
    register: Annotated[bool, typer.Option("--register", help="Register org and traps first.")] = False,
    timeout_s: Annotated[float | None, typer.Option("--timeout", help="Give up after so many seconds.")] = None,
    data: addresses.DataOption = None,
) -> None:
    """Sends nightly catches through the broker as traps would, and waits until all is stored.

    Running it twice changes nothing: the readings are recognised. A value that is not a whole number is listed and
    left out.
    """
    nominal_s = lamp_seconds(lamp_hours)
    found = addresses.find(data)
    if register:
        _register(file, trap_column, night_column, count, dates, org, nominal_s, data)
    arguments = ["replay", str(file), "--org", org, "--trap-column", trap_column, "--night-column", night_column]
    for pair in count:
        arguments += ["--count", pair]
    arguments += ["--lamp-hours", lamp_hours, "--dates", dates]
    arguments += ["--timeout", str(timeout_s)] if timeout_s is not None else []
    programs.run("simulator", arguments, found)


def lamp_seconds(hours: str) -> int:
    """Length of `HH:MM-HH:MM` in seconds, over midnight when the end is not after the start. Raises InputFault."""
    match = _HOURS.fullmatch(hours)
    if match is None:
        raise InputFault(f"--lamp-hours must look like 18:00-05:00, not {hours}")
    start, end = (int(match[i]) * 3600 + int(match[i + 1]) * 60 for i in (1, 3))
    return (end - start) % 86_400 or 86_400


def _register(
    file: Path,
    trap_column: str,
    night_column: str,
    count: list[str],
    dates: nightfile.Dates,
    org: str,
    nominal_s: int,
    data: Path | None,
) -> None:
    """Registers the file's traps, each in service from its first night in the file to its last."""
    columns = nightfile.count_columns(count)
    nights = nightfile.read_nights(file, trap_column, night_column, columns, dates).nights
    first: dict[str, date] = {}
    last: dict[str, date] = {}
    for entry in nights:
        first[entry.trap_id] = min(entry.night, first.get(entry.trap_id, entry.night))
        last[entry.trap_id] = max(entry.night, last.get(entry.trap_id, entry.night))
    with addresses.database(data) as conn:
        orgs.ensure_org(conn, org)
        for trap_id in sorted(first):
            traps.register_trap(
                conn,
                trap_id=trap_id,
                org_id=org,
                nominal_s=nominal_s,
                in_service_from=night.night_bounds(first[trap_id])[0],
                retired_at=night.night_bounds(last[trap_id])[1],
            )
