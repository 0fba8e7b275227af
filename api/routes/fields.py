"""Fields: farmers' plots, and what the rules make of their nights."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from api import paging
from api.deps import Access, KeepFields, See
from api.kinds import CODE, After, CommuneCode, FieldId, FieldKey, Limit, Line, Night, SpeciesKey, TimeZone
from lighttrap import model, views
from lighttrap.errors import Conflict, InputFault, NotFound
from lighttrap.store import fields, handling, orgs

router = APIRouter(prefix="/orgs/{org_id}", tags=["fields"])
LONGEST = timedelta(days=400)
_KEY = TypeAdapter(tuple[FieldKey])
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Position = tuple[Longitude, Latitude]
Ring = Annotated[list[Position], Field(min_length=4, max_length=10_000)]
Rings = Annotated[list[Ring], Field(min_length=1, max_length=100)]


class _Geometry(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Point(_Geometry):
    """Where a field is (GeoJSON)."""

    type: Literal["Point"]
    coordinates: Position


class Polygon(_Geometry):
    """A field's outline (GeoJSON)."""

    type: Literal["Polygon"]
    coordinates: Rings


class MultiPolygon(_Geometry):
    """A field of several parts (GeoJSON)."""

    type: Literal["MultiPolygon"]
    coordinates: Annotated[list[Rings], Field(min_length=1, max_length=100)]


class SeenField(BaseModel):
    """What somebody saw of a field before they changed it; what is left out is not compared."""

    model_config = ConfigDict(extra="forbid")
    name: Line | None = None
    boundary: Annotated[Point | Polygon | MultiPolygon, Field(discriminator="type")] | None = None
    area_ha: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] | None = None
    commune_code: CommuneCode | None = None


class FieldBody(BaseModel):
    """A field as it is put; what is left out keeps its old value."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "Ruộng ông Ba", "commune_code": "31498", "area_ha": 1.2}]},
    )
    name: Line
    time_zone: TimeZone = "Asia/Ho_Chi_Minh"
    boundary: Annotated[Point | Polygon | MultiPolygon, Field(discriminator="type")] | None = None
    area_ha: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] | None = None
    commune_code: CommuneCode | None = None
    growing_area_code: Annotated[str, StringConstraints(pattern=CODE)] | None = None
    was: SeenField | None = Field(
        default=None,
        description="What you saw, or null when you saw no such field: 409 when it is not so any more. Nothing is"
        " compared when it is left out.",
    )


@router.get("/fields", response_model=views.Page[views.PlotField])
def list_fields(
    access: See, commune_code: CommuneCode | None = None, limit: Limit = 100, after: After = None
) -> dict[str, Any]:
    """The fields of an org, by id."""
    [last] = paging.read(after, _KEY) or ("",)
    found = fields.page_fields(access.conn, access.org_id, commune_code=commune_code, after=last, limit=limit + 1)
    return paging.page(found, limit, lambda field: (field.field_id,))


@router.get("/fields.geojson", response_model=views.FieldMap)
def map_fields(access: See) -> dict[str, Any]:
    """All fields of an org, for a map."""
    return {"features": [_feature(field) for field in fields.list_fields(access.conn, access.org_id)]}


@router.get("/fields/{field_id}", response_model=views.PlotField)
def get_field(access: See, field_id: FieldId) -> model.Field:
    """One field."""
    return fields.get_field(access.conn, access.org_id, field_id)


@router.put("/fields/{field_id}", response_model=views.PlotField)
def put_field(access: KeepFields, field_id: FieldId, body: FieldBody) -> model.Field:
    """Makes a field or changes it."""
    orgs.lock_org(access.conn, access.org_id)
    before = _known(access, field_id)
    if "was" in body.model_fields_set:
        _require_unchanged(body.was, before)
    boundary = body.boundary.model_dump(mode="json") if body.boundary else None
    values = {**body.model_dump(exclude={"boundary", "was"}), "boundary": boundary}
    fields.put_field(access.conn, model.Field(field_id=field_id, org_id=access.org_id, **values))
    now = fields.get_field(access.conn, access.org_id, field_id)
    access.note("put", "field", field_id, asdict(before) if before else None, asdict(now))
    return now


@router.get("/fields/{field_id}/judged-nights", response_model=list[views.JudgedNight])
def list_judged_nights(
    access: See,
    field_id: FieldId,
    first: Annotated[Night, Query(description="First night.")],
    last: Annotated[Night, Query(description="Last night, 400 after the first at most.")],
    species: SpeciesKey | None = None,
) -> list[handling.FieldNight]:
    """What the rules make of a field's nights: value, level, and whether more is expected."""
    require_span(first, last)
    fields.get_field(access.conn, access.org_id, field_id)
    return handling.nights_of_field(access.conn, access.org_id, field_id, first, last, species)


def _require_unchanged(was: SeenField | None, now: model.Field | None) -> None:
    if was is None and now is not None:
        raise Conflict(f"field {now.field_id} is there already: {now.name}")
    if was is None:
        return
    if now is None:
        raise Conflict("there is no such field any more")
    seen = was.model_dump(mode="json", exclude_unset=True)
    if {name: getattr(now, name) for name in seen} != seen:
        raise Conflict(f"somebody has changed field {now.field_id} since you saw it")


def require_span(first: Night, last: Night) -> None:
    """Raises InputFault for nights that run backwards or are more than one answer should hold."""
    if not first <= last <= first + LONGEST:
        raise InputFault(f"`last` must lie from `first` to {LONGEST.days} nights after it")


def _known(access: Access, field_id: str) -> model.Field | None:
    with suppress(NotFound):
        return fields.get_field(access.conn, access.org_id, field_id)
    return None


def _feature(field: model.Field) -> dict[str, Any]:
    return {"id": field.field_id, "geometry": field.boundary, "properties": field}
