"""Orgs: those that exist for the caller, and how long they keep raw readings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.deps import Asker, Conn, KeepReadings, See
from lighttrap import model, views
from lighttrap.store import orgs

router = APIRouter(tags=["orgs"])


class OrgChange(BaseModel):
    """What to change of an org; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"keep_readings_days": 730}]})
    keep_readings_days: Annotated[int, Field(ge=orgs.FEWEST_DAYS, le=orgs.MOST_DAYS)] | None = Field(
        default=None,
        description="Raw readings older than that are deleted for good, within a day; null keeps them for ever.",
    )


@router.get("/orgs", response_model=list[views.Org])
def list_orgs(caller: Asker, conn: Conn) -> list[model.Org]:
    """The orgs in which you are something."""
    return [org for org in orgs.list_orgs(conn) if org.org_id in caller.roles]


@router.get("/orgs/{org_id}", response_model=views.Org)
def get_org(access: See) -> model.Org:
    """One org."""
    return orgs.get_org(access.conn, access.org_id)


@router.patch("/orgs/{org_id}", response_model=views.Org)
def change_org(access: KeepReadings, body: OrgChange) -> model.Org:
    """Decides for how long raw readings are kept. Nights, counts, alerts and the ledger stay whatever is decided."""
    if "keep_readings_days" in body.model_fields_set:
        before = orgs.keep_readings(access.conn, access.org_id, body.keep_readings_days)
        access.note(
            "keep readings", "org", access.org_id, {"keep_readings_days": before},
            {"keep_readings_days": body.keep_readings_days},
        )  # fmt: skip
    return orgs.get_org(access.conn, access.org_id)
