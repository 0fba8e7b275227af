"""Messages that could not be stored: look at them, and ask that they be taken up after all."""

from __future__ import annotations

import base64
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

from api import paging
from api.deps import Replay, SeeLosses
from api.kinds import After, Limit, Number, TrapKey
from lighttrap import views
from lighttrap.store import quarantine, quarantine_room

router = APIRouter(prefix="/orgs/{org_id}", tags=["losses"])
_KEY = TypeAdapter(tuple[Annotated[int, Field(ge=0, le=2**63 - 1)]])
_AT_ONCE = 10_000
Reason = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]


class ReplayRequest(BaseModel):
    """Which messages: some by their ids, or all of a reason or trap."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "unknown_trap"}]})
    ids: Annotated[list[Annotated[int, Field(ge=1, le=2**63 - 1)]], Field(min_length=1, max_length=1000)] | None = None
    reason: Reason | None = None
    trap_id: TrapKey | None = None

    @model_validator(mode="after")
    def _names_some(self) -> ReplayRequest:
        if self.ids is None and self.reason is None and self.trap_id is None:
            raise ValueError("needs ids, a reason or a trap")
        return self


@router.get("/quarantine", response_model=views.Page[views.QuarantinedMessage])
def list_quarantine(
    access: SeeLosses,
    reason: Reason | None = None,
    trap_id: TrapKey | None = None,
    every: Annotated[bool, Query(description="Those that were replayed too.")] = False,
    limit: Limit = 100,
    after: After = None,
) -> dict[str, Any]:
    """Messages under the org's topics that could not be stored, oldest first."""
    [last] = paging.read(after, _KEY) or (0,)
    found = quarantine.page_of_org(
        access.conn, access.org_id, reason=reason, trap_id=trap_id, every=every, after=last, limit=limit + 1
    )
    made = paging.page(found, limit, lambda one: (one.quarantine_id,))
    return {**made, "items": [_shown(one) for one in made["items"]]}


@router.get("/quarantine/days", response_model=list[views.QuarantineDay])
def list_quarantine_days(
    access: SeeLosses, days: Annotated[int, Query(ge=1, le=90, description="So many days back.")] = 7
) -> list[quarantine_room.QuarantineDay]:
    """Days and traps of which more was refused than quarantine keeps, the newest first; 1,000 at most."""
    first = datetime.now(UTC).date() - timedelta(days=days - 1)
    return quarantine_room.dropping_days(access.conn, access.org_id, first)


@router.get("/quarantine/{quarantine_id}", response_model=views.WholeMessage)
def get_quarantined(access: SeeLosses, quarantine_id: Number) -> dict[str, Any]:
    """One message, whole."""
    found = quarantine.get_of_org(access.conn, access.org_id, quarantine_id)
    return {**_shown(found), "payload_base64": base64.b64encode(found.payload).decode("ascii")}


@router.post("/quarantine/replay", status_code=202, response_model=views.Asked)
def replay_quarantine(access: Replay, body: ReplayRequest) -> dict[str, Any]:
    """Asks ingest to take messages up through the same path as new ones, which it does within seconds.

    What still cannot be stored is kept again; the list shows what became of each. At most 10,000 at once.
    """
    asked = quarantine.ask_for(access.conn, access.org_id, **body.model_dump(), limit=_AT_ONCE)
    if asked:
        wanted = body.model_dump(exclude_none=True)
        access.note("ask for replay", "quarantine", access.org_id, after={**wanted, "asked": asked})
    return {"asked": asked, "more": asked == _AT_ONCE}


def _shown(kept: quarantine.KeptMessage) -> dict[str, Any]:
    return {**asdict(kept), "topic": _text(kept.topic), "payload": _text(kept.payload)}


def _text(raw: bytes) -> str:
    return raw.decode(errors="backslashreplace")
