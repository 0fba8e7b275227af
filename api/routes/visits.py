"""What happened at traps: visits that people write down, events that traps tell of."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from api import paging
from api.deps import See, Visit
from api.kinds import After, Instant, Limit, Text, TrapId, TrapKey, TrapsInstant
from lighttrap import views
from lighttrap.model import Work
from lighttrap.store import news, traps, visits
from lighttrap.store.news import AfterEvent
from lighttrap.store.visits import AfterVisit

router = APIRouter(prefix="/orgs/{org_id}", tags=["visits"])
_VISIT = TypeAdapter(tuple[Instant, Annotated[int, Field(ge=1, le=2**63 - 1)]])
_EVENT = TypeAdapter(tuple[TrapsInstant, Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2}){1,64}$")]])
First = Annotated[Instant | None, Query(description="Then or later.")]
Before = Annotated[Instant | None, Query(description="Before then.")]


class NewVisit(BaseModel):
    """Somebody was at a trap."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"work": ["tray-cleaned"], "battery_v": 12.4, "note": "khay đầy lá"}]
        },
    )  # fmt: skip
    at: Instant | None = Field(default=None, description="Now when left out; never later.")
    work: Annotated[list[Work], Field(max_length=len(Work))] = Field(default=[], description="What was done.")
    battery_v: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = Field(
        default=None, description="As measured there, with an instrument."
    )
    note: Text | None = None


@router.get("/visits", response_model=views.Page[views.Visit])
def list_visits(
    access: See,
    trap_id: TrapKey | None = None,
    first_at: First = None,
    before_at: Before = None,
    limit: Limit = 100,
    after: After = None,
) -> dict[str, Any]:
    """Visits to the traps of an org, or to one of them, the newest first."""
    key = paging.read(after, _VISIT)
    found = visits.page_visits(
        access.conn, access.org_id, trap_id=trap_id, first=first_at, before=before_at,
        after=AfterVisit(*key) if key else None, limit=limit + 1,
    )  # fmt: skip
    return paging.page(found, limit, lambda one: (one.at, one.visit_id))


@router.post("/traps/{trap_id}/visits", status_code=201, response_model=views.Visit)
def add_visit(access: Visit, trap_id: TrapId, body: NewVisit) -> visits.Visit:
    """Writes down that you were at a trap, and what you did there."""
    traps.get_trap(access.conn, access.org_id, trap_id)
    made = visits.add_visit(access.conn, access.org_id, trap_id, author=access.caller.who, **body.model_dump())
    access.note("add", "visit", made.visit_id, after=asdict(made))
    return made


@router.get("/traps/{trap_id}/events", response_model=views.Page[views.TrapEvent])
def list_trap_events(
    access: See,
    trap_id: TrapId,
    first_at: First = None,
    before_at: Before = None,
    limit: Limit = 100,
    after: After = None,
) -> dict[str, Any]:
    """What a trap told of itself, the newest first, by its own clock."""
    traps.get_trap(access.conn, access.org_id, trap_id)
    key = paging.read(after, _EVENT)
    found = news.page_events(
        access.conn, access.org_id, trap_id, first=first_at, before=before_at,
        after=AfterEvent(key[0], bytes.fromhex(key[1])) if key else None, limit=limit + 1,
    )  # fmt: skip
    return paging.page(found, limit, lambda one: (one.at, one.sha.hex()))
