"""Count corrections: what a person who recounted puts beside the machine's count."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from api import paging
from api.deps import Correct, See
from api.kinds import After, Limit, Line, Night, NightId, Number, SpeciesId, SpeciesKey, TrapId, TrapKey
from lighttrap import views
from lighttrap.store import corrections, traps
from lighttrap.store.corrections import CatchKey, Correction, Seen

router = APIRouter(prefix="/orgs/{org_id}", tags=["corrections"])
MOST = 1_000_000_000
Whole = Annotated[int, Field(ge=0, le=2**63 - 1)]
_KEY = TypeAdapter(tuple[Annotated[int, Field(ge=1, le=2**63 - 1)]])


class Recount(BaseModel):
    """What somebody counted, and what they saw before."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"count": 38, "machine_count": 41, "reason": "đếm lại: 3 con là rầy lưng trắng"}]
        },
    )
    count: Annotated[int, Field(ge=0, le=MOST)] = Field(description="Insects, recounted.")
    reason: Line = Field(description="Why it differs; kept for good.")
    machine_count: Whole = Field(description="The machine's count as you saw it.")
    correction_id: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = Field(
        default=None, description="The correction in force as you saw it, which this one replaces."
    )


@router.get("/corrections", response_model=views.Page[views.Correction])
def list_corrections(
    access: See,
    trap_id: TrapKey | None = None,
    species: SpeciesKey | None = None,
    first: Annotated[Night | None, Query(description="First night.")] = None,
    last: Annotated[Night | None, Query(description="Last night.")] = None,
    every: Annotated[bool, Query(description="Those that were replaced or undone too.")] = False,
    limit: Limit = 100,
    after: After = None,
) -> dict[str, Any]:
    """Counts that people put right, the newest first."""
    [last_id] = paging.read(after, _KEY) or (corrections.NEWEST,)
    found = corrections.page_corrections(
        access.conn, access.org_id, trap_id=trap_id, species=species, first=first, last=last, every=every,
        before_id=last_id, limit=limit + 1,
    )  # fmt: skip
    return paging.page(found, limit, lambda one: (one.correction_id,))


@router.put("/traps/{trap_id}/nights/{night}/species/{species}/correction", response_model=views.Correction)
def put_correction(
    access: Correct, trap_id: TrapId, night: NightId, species: SpeciesId, body: Recount
) -> Correction:  # fmt: skip
    """Puts a verified count in force; alerts are judged by it from then on. A night that is going on must end first."""
    traps.get_trap(access.conn, access.org_id, trap_id)
    before, now = corrections.put_correction(
        access.conn, access.org_id, CatchKey(trap_id, species, night), body.count,
        seen=Seen(body.machine_count, body.correction_id), reason=body.reason, author=access.caller.who,
    )  # fmt: skip
    access.note("put", "correction", now.correction_id, asdict(before) if before else None, asdict(now))
    return now


@router.delete("/corrections/{correction_id}", response_model=views.Correction)
def undo_correction(
    access: Correct,
    correction_id: Number,
    reason: Annotated[Line, Query(description="Why the machine's count is right after all.")],
) -> Correction:
    """Lets the machine's count be in force again; alerts are judged by it from then on."""
    before = corrections.get_correction(access.conn, access.org_id, correction_id)
    now = corrections.undo_correction(
        access.conn, access.org_id, correction_id, reason=reason, author=access.caller.who
    )  # fmt: skip
    access.note("undo", "correction", correction_id, asdict(before), asdict(now))
    return now
