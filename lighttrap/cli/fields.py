"""`lighttrap field`: farmers' plots."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from lighttrap import model, night
from lighttrap.cli import addresses, sheets, tables
from lighttrap.errors import InputFault
from lighttrap.store import fields as store
from lighttrap.store import orgs
from lighttrap.store.pool import Connection
from lighttrap.topics import SLUG

cli = typer.Typer(help="Farmers' plots.", no_args_is_help=True)

COLUMNS = ("field_id", "org_id", "name", "time_zone", "area_ha", "commune_code", "growing_area_code", "place")
_SHAPES = ("Point", "Polygon", "MultiPolygon")


@cli.command()
def add(
    field_id: Annotated[str, typer.Argument(help="2-64 characters of a-z, 0-9 and hyphen.")],
    org: Annotated[str, typer.Option(help="The org it belongs to; made when it is not there.")],
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    lon: Annotated[float | None, typer.Option(min=-180, max=180, help="Longitude of its middle, degrees.")] = None,
    lat: Annotated[float | None, typer.Option(min=-90, max=90, help="Latitude of its middle, degrees.")] = None,
    area_ha: Annotated[float | None, typer.Option("--area", help="Area in hectares.")] = None,
    commune_code: Annotated[str | None, typer.Option("--commune", help="Commune code, as text.")] = None,
    growing_area_code: Annotated[str | None, typer.Option("--growing-area", help="Mã số vùng trồng.")] = None,
    time_zone: Annotated[str, typer.Option(help="IANA name.")] = night.DEFAULT_ZONE,
    data: addresses.DataOption = None,
) -> None:
    """Adds a field, or changes one that is there."""
    if (lon is None) != (lat is None):
        raise InputFault("--lon and --lat come together")
    point = None if lon is None else {"type": "Point", "coordinates": [lon, lat]}
    field = model.Field(field_id, org, name or field_id, time_zone, point, area_ha, commune_code, growing_area_code)
    with addresses.database(data) as conn:
        new = _put(conn, field)
    typer.echo(f"field {field_id} is {'added' if new else 'changed'}, org {org}")


@cli.command("list")
def list_(
    org: addresses.OrgOption = None,
    form: tables.FormOption = tables.Form.TABLE,
    data: addresses.DataOption = None,
) -> None:
    """The fields."""
    with addresses.database(data) as conn:
        rows = [(*(getattr(f, name) for name in COLUMNS[:-1]), _place(f)) for f in store.list_fields(conn, org)]
    tables.show(COLUMNS, rows, form, empty="There is no field: lighttrap field add ID --org ORG")


@cli.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="CSV or GeoJSON; columns or properties as in `field list`, lon and lat.")
    ],
    org: Annotated[str | None, typer.Option(help="The org, for files that do not name it.")] = None,
    data: addresses.DataOption = None,
) -> None:
    """Adds or changes the fields of a file, all or none."""
    found = _from_geojson(file, org) if file.suffix.lower() in (".json", ".geojson") else _from_csv(file, org)
    new = number = 0
    with addresses.database(data) as conn:
        for place, field in found:
            try:
                new += _put(conn, field)
            except InputFault as fault:
                raise InputFault(f"{place}: {fault}") from fault
            number += 1
    typer.echo(f"{number} fields in the file, {new} of them new")


def _place(field: model.Field) -> str | None:
    """A point as lat, lon for people; the kind of shape otherwise."""
    if field.boundary is None:
        return None
    if field.boundary["type"] == "Point":
        lon, lat = field.boundary["coordinates"][:2]
        return f"{lat:.5f}, {lon:.5f}"
    return str(field.boundary["type"])


def _put(conn: Connection, field: model.Field) -> bool:
    if not (SLUG.fullmatch(field.field_id[:32]) and SLUG.fullmatch(field.field_id[-32:]) and len(field.field_id) <= 64):
        raise InputFault(f"field id {field.field_id!r} is not 2-64 characters of a-z, 0-9 and hyphen")
    if not SLUG.fullmatch(field.org_id):
        raise InputFault(f"org {field.org_id!r} is not 2-32 characters of a-z, 0-9 and hyphen")
    if field.area_ha is not None and not field.area_ha > 0:
        raise InputFault("the area must be above 0 hectares")
    try:
        ZoneInfo(field.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise InputFault(f"{field.time_zone!r} is not an IANA time zone such as {night.DEFAULT_ZONE}") from None
    orgs.ensure_org(conn, field.org_id)
    return store.put_field(conn, field)


def _from_csv(file: Path, org: str | None) -> Iterator[tuple[str, model.Field]]:
    required = ("field_id",) if org else ("field_id", "org_id")
    for line in sheets.lines(file, required):
        lon, lat = line.number_or_none("lon"), line.number_or_none("lat")
        point = None if lon is None or lat is None else {"type": "Point", "coordinates": [lon, lat]}
        yield (
            f"line {line.number}",
            _field(line.cells, line.text("field_id"), org, point, line.number_or_none("area_ha")),
        )


def _from_geojson(file: Path, org: str | None) -> Iterator[tuple[str, model.Field]]:
    try:
        document = json.loads(file.read_text(encoding="utf-8-sig"))
        features = document["features"]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise InputFault(f"{file} is not a GeoJSON FeatureCollection: {fault}") from fault
    for number, feature in enumerate(features, 1):
        place = f"feature {number}"
        properties, shape = feature.get("properties") or {}, feature.get("geometry")
        field_id = properties.get("field_id") or feature.get("id")
        if not isinstance(field_id, str):
            raise InputFault(f"{place}: it has no property field_id and no id")
        if shape is not None and shape.get("type") not in _SHAPES:
            raise InputFault(f"{place}: its geometry is not one of {', '.join(_SHAPES)}")
        yield place, _field(properties, field_id, org, shape, properties.get("area_ha"))


def _field(
    said: dict[str, Any], field_id: str, org: str | None, boundary: dict[str, Any] | None, area_ha: float | None
) -> model.Field:
    org_id = said.get("org_id") or org
    if not org_id:
        raise InputFault(f"field {field_id}: say its org with --org or in org_id")
    return model.Field(
        field_id,
        org_id,
        said.get("name") or field_id,
        said.get("time_zone") or night.DEFAULT_ZONE,
        boundary,
        area_ha,
        said.get("commune_code"),
        said.get("growing_area_code"),
    )
