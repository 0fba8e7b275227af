"""`lighttrap nights`: catch per trap, species and night."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from lighttrap.cli import addresses, tables
from lighttrap.store import nights as store

COLUMNS = ("trap_id", "species", "night", "count", "lamp_s", "state")


def nights(
    org: addresses.OrgOption = None,
    trap: addresses.TrapOption = None,
    species: Annotated[str | None, typer.Option(help="Only this species.")] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First night.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last night.")] = None,
    form: tables.FormOption = tables.Form.TABLE,
    data: addresses.DataOption = None,
) -> None:
    """Catch per trap, species and night (insects per trap per night), every night in service, silent ones too.

    A night is local noon to noon, named by its evening. States: complete (lamp on for 80 % of the plan or more),
    partial (50-80 %), lost (less), silent (no reading), pending (not over). An empty count is unknown, never zero.
    """
    with addresses.database(data) as conn:
        found = store.catch_nights(
            conn,
            org_id=org,
            trap_id=trap,
            species=species,
            first=first.date() if first else None,
            last=last.date() if last else None,
        )
        rows = ((n.trap_id, n.species, n.night, n.count, n.lamp_s, n.state) for n in found)
        tables.show(COLUMNS, rows, form, empty="No night fits: no trap has reported, or the filters leave none.")
