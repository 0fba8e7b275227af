"""`lighttrap commune`: names for the commune codes of fields."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lighttrap import model
from lighttrap.cli import addresses, sheets, tables
from lighttrap.errors import InputFault
from lighttrap.store import communes as store

cli = typer.Typer(help="Names for the commune codes of fields.", no_args_is_help=True)

COLUMNS = ("commune_code", "name", "province_code", "province", "former_province", "former_district")
_CODES = ("commune_code", "ward_code", "code")


@cli.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV: commune_code (or ward_code) and name, such as Phường Ninh Kiều; and optionally province_code, "
            "province, former_province, former_district."
        ),
    ],
    data: addresses.DataOption = None,
) -> None:
    """Adds or renames the communes of a file, all or none. Messages then name places by their communes."""
    new = number = 0
    with addresses.database(data) as conn:
        for line in sheets.lines(file, ("name",)):
            new += store.put_commune(conn, _commune(line))
            number += 1
    typer.echo(f"{number} communes in the file, {new} of them new")


@cli.command("list")
def list_(form: tables.FormOption = tables.Form.TABLE, data: addresses.DataOption = None) -> None:
    """The communes."""
    with addresses.database(data) as conn:
        rows = [tuple(getattr(one, name) for name in COLUMNS) for one in store.list_communes(conn)]
    tables.show(COLUMNS, rows, form, empty="There is no commune: lighttrap commune import FILE")


def _commune(line: sheets.Line) -> model.Commune:
    code = next((line.cells[name] for name in _CODES if line.cells.get(name)), None)
    if code is None:
        raise InputFault(f"line {line.number}: there is no {_CODES[0]}")
    return model.Commune(code, line.text("name"), *(line.cells.get(name) for name in COLUMNS[2:]))
