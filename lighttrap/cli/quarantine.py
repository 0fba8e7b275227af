"""`lighttrap quarantine`: messages that could not be stored, and how they are taken up after all."""

from __future__ import annotations

from typing import Annotated

import typer

from lighttrap.cli import addresses, programs, tables
from lighttrap.store import quarantine as store

cli = typer.Typer(help="Messages that could not be stored, kept with the reason.", no_args_is_help=True)

COLUMNS = ("id", "received_at", "reason", "detail", "times", "state", "topic", "payload")
_SHOWN = 120

ReasonOption = Annotated[str | None, typer.Option("--reason", help="Only this reason, e.g. unknown_trap.")]


@cli.command("list")
def list_(
    reason: ReasonOption = None,
    trap: addresses.TrapOption = None,
    every: Annotated[bool, typer.Option("--all", help="Also messages that were replayed.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Messages at most.")] = 1000,
    form: tables.FormOption = tables.Form.TABLE,
    data: addresses.DataOption = None,
) -> None:
    """The kept messages, oldest first."""
    with addresses.database(data) as conn:
        rows = [
            (m.quarantine_id, m.received_at.isoformat(timespec="seconds"), m.reason, m.detail, m.times, m.state,
             _text(m.topic), _text(m.payload, None if form is tables.Form.JSON else _SHOWN))
            for m in store.messages(conn, reason=reason, trap_id=trap, every=every, limit=limit)
        ]  # fmt: skip
    tables.show(COLUMNS, rows, form, empty="The quarantine is empty.")


def _text(raw: bytes, limit: int | None = _SHOWN) -> str:
    """Outside bytes as printable text; control characters would let a device write on the operator's terminal."""
    text = raw.decode("utf-8", "backslashreplace")
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text[:limit])
    return shown if limit is None or len(text) <= limit else f"{shown}... ({len(raw)} bytes)"


@cli.command()
def replay(reason: ReasonOption = None, trap: addresses.TrapOption = None, data: addresses.DataOption = None) -> None:
    """Sends kept messages through the same path as new ones; what still cannot be stored stays.

    After registering a trap: lighttrap quarantine replay --reason unknown_trap
    """
    options = [*(["--reason", reason] if reason else []), *(["--trap", trap] if trap else [])]
    programs.run("ingest", ["replay", *options], addresses.find(data))
