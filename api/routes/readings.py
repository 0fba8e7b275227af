"""Readings: what a trap measured, interval by interval."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field, TypeAdapter

from api import paging
from api.deps import See
from api.kinds import After, Instant, Limit, TrapId
from lighttrap import views
from lighttrap.errors import InputFault
from lighttrap.store import readings, traps
from lighttrap.store.readings import AfterReading

router = APIRouter(prefix="/orgs/{org_id}", tags=["readings"])
LONGEST = timedelta(days=31)
Whole = Annotated[int, Field(ge=0, le=2**63 - 1)]
_KEY = TypeAdapter(tuple[Instant, Whole, Whole])


@router.get("/traps/{trap_id}/readings", response_model=views.Page[views.Reading])
def list_readings(
    access: See,
    trap_id: TrapId,
    first_at: Annotated[Instant, Query(description="Readings that begin then or later.")],
    before_at: Annotated[Instant, Query(description="And before then, 31 days later at most.")],
    limit: Limit = 100,
    after: After = None,
) -> dict[str, Any]:
    """A trap's readings in a span of time, in order."""
    if not first_at < before_at <= first_at + LONGEST:
        raise InputFault(f"`before_at` must lie within {LONGEST.days} days after `first_at`")
    traps.get_trap(access.conn, access.org_id, trap_id)
    key = paging.read(after, _KEY)
    last = AfterReading(*key) if key else None
    found = readings.page_readings(access.conn, trap_id, first_at, before_at, after=last, limit=limit + 1)
    return paging.page(found, limit, lambda one: (one.start_at, one.boot, one.seq))
