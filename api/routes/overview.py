"""One night of all fields at once: what a map and a home page ask for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.deps import Access, See
from api.kinds import Night, SpeciesKey
from lighttrap import views
from lighttrap.store import overview

router = APIRouter(prefix="/orgs/{org_id}/overview", tags=["overview"])
Wanted = Annotated[
    Night | None,
    Query(description="The last night whose planned lamp hours are over, when left out; it turns at six local time."),
]
Of = Annotated[SpeciesKey | None, Query(description="In each field that which is worst there, when left out.")]


@router.get("", response_model=views.Overview)
def get_overview(access: See, night: Wanted = None, species: Of = None) -> dict[str, Any]:
    """One night of every field: level, value and threshold, its traps, where it is; and the night in numbers."""
    found = overview.overview(access.conn, access.org_id, _night(access, night), species)
    asked_at = datetime.now(UTC).replace(second=0, microsecond=0)
    return {"night": found.night, "asked_at": asked_at, "figures": found.figures, "fields": found.fields}


@router.get("/worst", response_model=list[views.Strip])
def list_worst_fields(
    access: See,
    night: Wanted = None,
    species: Of = None,
    fields: Annotated[int, Query(ge=1, le=100, description="So many fields at most.")] = 10,
    nights: Annotated[int, Query(ge=1, le=60, description="So many nights of each, with this one.")] = 14,
) -> list[overview.Strip]:
    """The fields that are worst in a night, the worst first, with the nights up to it."""
    when = _night(access, night)
    return overview.worst(access.conn, access.org_id, when, species, fields=fields, nights=nights)


@router.get("/levels", response_model=list[views.NightLevels])
def list_night_levels(
    access: See,
    night: Wanted = None,
    nights: Annotated[int, Query(ge=1, le=366, description="So many nights, with this one.")] = 60,
) -> list[overview.NightLevels]:
    """How many fields were at each level, night by night, oldest first: where the season stands at one look."""
    return overview.levels(access.conn, access.org_id, _night(access, night), nights=nights)


def _night(access: Access, night: Night | None) -> Night:
    return night or overview.last_night(access.conn, access.org_id)
