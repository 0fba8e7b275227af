"""`lighttrap ledger`: what became of every reading that was ever sent."""

from __future__ import annotations

from typing import Annotated

import typer

from lighttrap.cli import addresses, tables
from lighttrap.store import ledger as store

COLUMNS = ("trap_id", "boot", "sent", "stored", "duplicate", "rejected", "gone", "missing", "watermark", "last_at")
GAPS = (
    "trap_id",
    "boot",
    "from_seq",
    "to_seq",
    "first_night",
    "last_night",
    "opened_at",
    "asked",
    "closed_at",
    "outcome",
)


def ledger(
    org: addresses.OrgOption = None,
    trap: addresses.TrapOption = None,
    boots: Annotated[bool, typer.Option("--boots", help="A line for each boot instead of each trap.")] = False,
    gaps: Annotated[bool, typer.Option("--gaps", help="The gaps, with the nights they belong to.")] = False,
    every: Annotated[bool, typer.Option("--all", help="With --gaps: also gaps that were filled.")] = False,
    form: tables.FormOption = tables.Form.TABLE,
    data: addresses.DataOption = None,
) -> None:
    """Per trap: readings sent, stored, come again, rejected (in quarantine), gone for ever, and missing.

    sent = stored + rejected + gone + missing. What is missing is asked for again; what the trap cannot send is gone.
    """
    with addresses.database(data) as conn:
        if gaps:
            found = store.gaps(conn, org, trap, every=every)
            rows = [tuple(getattr(gap, name) for name in GAPS) for gap in found]
            tables.show(GAPS, rows, form, empty="No gap: every reading that was sent is accounted for.")
            return
        lines = store.lines(conn, org, trap) if boots else store.trap_lines(conn, org, trap)
        columns = COLUMNS if boots else tuple(name for name in COLUMNS if name not in ("boot", "watermark"))
        rows = [tuple(getattr(line, name) for name in columns) for line in lines]
        tables.show(columns, rows, form, empty="No trap has sent a reading yet.")
