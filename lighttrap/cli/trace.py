"""`lighttrap trace`: the way of one reading to those who were told, or of one message back to the trap."""

from __future__ import annotations

from typing import Annotated

import typer

from lighttrap.cli import addresses, tables
from lighttrap.store import traces

COLUMNS = ("at", "after_s", "step", "what")


def trace(
    what: Annotated[
        str,
        typer.Argument(
            help="TRAP/BOOT/SEQ of a reading, the number of a delivery, or the key that its provider was given.",
            show_default=False,
        ),
    ],
    form: tables.FormOption = tables.Form.TABLE,
    data: addresses.DataOption = None,
) -> None:
    """Follows a reading: received, stored, alert raised, delivery claimed, handed to the provider, with times."""
    with addresses.database(data) as conn:
        steps = traces.follow(conn, traces.find(conn, what))
    began = next((step.at for step in steps if step.step == "received"), None)
    rows = []
    for step in steps:
        after_s = f"{(step.at - began).total_seconds():.3f}" if began and step.at else None
        rows.append((step.at.isoformat(timespec="milliseconds") if step.at else None, after_s, step.step, step.what))
    tables.show(COLUMNS, rows, form, empty="Nothing is known of it.")
