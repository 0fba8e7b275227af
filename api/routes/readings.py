"""Readings: what a trap measured, interval by interval."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field, TypeAdapter

from api import paging
from api.deps import See
from api.kinds import After, Instant, Limit, TrapId
from lighttrap import views
from lighttrap.errors import InputFault
from lighttrap.store import readings, trap_hours, traps
from lighttrap.store.readings import AfterReading
from lighttrap.store.trap_hours import TrapHour

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


@router.get("/traps/{trap_id}/hours", response_model=list[views.TrapHour])
def list_trap_hours(
    access: See,
    trap_id: TrapId,
    hours: Annotated[int, Query(ge=1, le=840, description="So many back, this one too; 840 are 35 days.")] = 48,
) -> list[TrapHour]:
    """What a trap did hour by hour: hours without any reading are left out."""
    traps.get_trap(access.conn, access.org_id, trap_id)
    this_hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return trap_hours.list_hours(access.conn, access.org_id, trap_id, this_hour - timedelta(hours=hours - 1))
