"""What was caught: night by night, and summed by place."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import StringConstraints, TypeAdapter

from api import paging
from api.deps import See
from api.kinds import CODE, After, FieldKey, Limit, Night, SpeciesKey, TrapKey
from api.routes.fields import require_span
from lighttrap import views
from lighttrap.store import nights
from lighttrap.store.nights import AfterNight

router = APIRouter(prefix="/orgs/{org_id}", tags=["catches"])
Place = Annotated[str, StringConstraints(pattern=CODE)]
_KEY = TypeAdapter(tuple[Place, date, Literal[""] | SpeciesKey])
First = Annotated[Night, Query(description="First night.")]
Last = Annotated[Night, Query(description="Last night, 400 after the first at most.")]


@router.get("/nights", response_model=views.Page[views.CatchNight])
def list_nights(
    access: See,
    first: First,
    last: Last,
    trap_id: TrapKey | None = None,
    field_id: Annotated[FieldKey | None, Query(description="Traps that stand there now.")] = None,
    species: SpeciesKey | None = None,
    limit: Limit = 100,
    after: After = None,
) -> dict[str, Any]:
    """Every night of every trap in service, silent ones too, with its catch by species and its state."""
    require_span(first, last)
    found = nights.page_nights(
        access.conn, access.org_id, first, last, trap_id=trap_id, field_id=field_id, species=species,
        after=_after(after), limit=limit + 1,
    )  # fmt: skip
    return paging.page(found, limit, lambda one: (one.trap_id, one.night, one.species or ""))


@router.get("/catches", response_model=views.Page[views.Catch])
def list_catches(
    access: See,
    first: First,
    last: Last,
    by: Annotated[Literal["trap", "field", "commune"], Query(description="What a place is.")] = "trap",
    per: Literal["night", "week"] = "night",
    place: Annotated[Place | None, Query(description="One trap, field or commune.")] = None,
    species: SpeciesKey | None = None,
    limit: Limit = 100,
    after: After = None,
) -> dict[str, Any]:
    """Catches summed by place and night or week; lost nights are left out. A trap counts where it stood that night."""
    require_span(first, last)
    found = nights.page_sums(
        access.conn, access.org_id, first, last, by=by, per=per, place=place, species=species, after=_after(after),
        limit=limit + 1,
    )  # fmt: skip
    return paging.page(found, limit, lambda one: (one.place, one.night, one.species))


def _after(cursor: str | None) -> AfterNight | None:
    key = paging.read(cursor, _KEY)
    return AfterNight(*key) if key else None
