"""`lighttrap import`: what a station knows from before its traps could send."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from lighttrap import model, night, nightfile
from lighttrap.cli import addresses, replay, tables
from lighttrap.errors import InputFault
from lighttrap.store import manual_nights, orgs
from lighttrap.store.manual_nights import Fate
from lighttrap.topics import SLUG

cli = typer.Typer(help="Records from before the traps could send.", no_args_is_help=True)

COLUMNS = ("line", "trap_id", "species", "night", "count", "fate", "remark")
EARLIEST = date(1950, 1, 1)
"""No station's light trap is older; an earlier year is a typing error."""
_LEFT_OUT = "left out"
_NOT_READ = "not read"


@cli.command()
def nights(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX with a line a trap and night.")],
    trap_column: Annotated[str, typer.Option(help="Column that names the trap.")],
    night_column: Annotated[str, typer.Option(help="Column with the date of the evening.")],
    count: Annotated[list[str], typer.Option(help="SPECIES=COLUMN, insects counted; may be given several times.")],
    org: Annotated[str, typer.Option(help="Org of the traps; made when it is not there.")],
    lamp_hours: Annotated[str, typer.Option(help="Local time the lamp burned, HH:MM-HH:MM.")] = "19:00-22:00",
    dates: Annotated[nightfile.Dates, typer.Option(help="How the file writes dates.")] = nightfile.Dates.ISO,
    sheet: Annotated[str | None, typer.Option(help="Sheet of an XLSX that has several.")] = None,
    each: Annotated[
        int, typer.Option("--nights", min=1, max=31, help="A count is of so many nights, the last one named.")
    ] = 1,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite what is stored and differs.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report only; store nothing.")] = False,
    every_row: Annotated[bool, typer.Option("--every-row", help="List also what is new or the same.")] = False,
    form: tables.FormOption = tables.Form.TABLE,
    data: addresses.DataOption = None,
) -> None:
    """Stores old manual records as history for normals, marked as manual.

    Running it twice changes nothing. A value that differs from a stored one is reported, and overwritten only with
    --replace. A cell that is empty was not read, and is no zero. The traps need not be registered.
    """
    if not SLUG.fullmatch(org):
        raise InputFault(f"org {org!r} is not 2-32 characters of a-z, 0-9 and hyphen")
    columns = nightfile.count_columns(count)
    found = nightfile.read_nights(file, trap_column, night_column, columns, dates, sheet)
    nominal_s = replay.lamp_seconds(lamp_hours)
    past, unlikely = _split(found.nights)
    records = [_record(one, key, found.names, nominal_s, each) for one in past for key in one.counts]
    lines = [one.line for one in past for _ in one.counts]
    with addresses.database(data) as conn:
        orgs.ensure_org(conn, org)
        outcomes = manual_nights.put_manual_nights(conn, records, org_id=org, source=file.name, replace=replace)
        if dry_run:
            conn.rollback()
    rows = sorted([*_told(outcomes, lines), *_untaken(found.left_out, columns), *unlikely], key=lambda row: int(row[0]))
    _report(rows, every_row, form, dry_run, replace)


_Row = tuple[int, str, str, str, str, str, str]


def _split(nights: Sequence[nightfile.NightCount]) -> tuple[list[nightfile.NightCount], list[_Row]]:
    """The nights that can have been, and lines on those that cannot."""
    tonight = night.night_of(datetime.now(UTC))
    past = [one for one in nights if EARLIEST <= one.night <= tonight]
    why = f"no night between {EARLIEST} and today"
    unlikely = [(one.line, one.trap_id, "", one.night.isoformat(), "", _LEFT_OUT, why) for one in nights]
    return past, [row for row, one in zip(unlikely, nights, strict=True) if not EARLIEST <= one.night <= tonight]


def _record(
    one: nightfile.NightCount, species: str, names: Mapping[str, str], nominal_s: int, each: int
) -> model.ManualNight:
    return model.ManualNight(one.trap_id, names[one.trap_id], species, one.night, one.counts[species], nominal_s, each)


def _told(outcomes: Sequence[manual_nights.Outcome], lines: Sequence[int]) -> Iterator[_Row]:
    for one, line in zip(outcomes, lines, strict=True):
        record = one.night
        yield (
            line, record.trap_id, record.species, record.night.isoformat(), str(record.count), one.fate, _remark(one),
        )  # fmt: skip


def _remark(one: manual_nights.Outcome) -> str:
    if one.stored is None or one.fate is Fate.SAME:
        return ""
    what = str(one.stored.count)
    if (one.stored.nights, one.stored.nominal_s) != (one.night.nights, one.night.nominal_s):
        what += f", nights {one.stored.nights}, lamp hours {one.stored.nominal_s / 3600:g}"
    return f"{'stored was' if one.fate is Fate.REPLACED else 'stored is'} {what}"


def _untaken(left_out: Sequence[nightfile.LeftOut], columns: dict[str, str]) -> Iterator[_Row]:
    species = {column: key for key, column in columns.items()}
    for one in left_out:
        yield one.line, one.trap, species.get(one.column, ""), one.night, one.value, _LEFT_OUT, one.why


def _report(rows: Sequence[_Row], every_row: bool, form: tables.Form, dry_run: bool, replace: bool) -> None:
    """The lines to look at (or all), and a sentence; beside CSV and JSON the sentence goes to the error output."""
    dull = {Fate.NEW, Fate.SAME}
    shown = [row for row in rows if every_row or not (row[5] in dull or row[6] == _NOT_READ)]
    if shown or form is not tables.Form.TABLE:
        tables.show(COLUMNS, shown, form, empty="")
    number = Counter(_NOT_READ if row[6] == _NOT_READ else row[5] for row in rows)
    words = (*Fate, _LEFT_OUT, _NOT_READ)
    told = ", ".join(f"{number[word]} {word}" for word in words if number[word] or word is Fate.NEW)
    typer.echo(("dry run, nothing is stored: " if dry_run else "") + told, err=form is not tables.Form.TABLE)
    if number[Fate.DIFFERENT] and not replace:
        typer.echo("what is stored and differs was kept; --replace takes the file's", err=form is not tables.Form.TABLE)
