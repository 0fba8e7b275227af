"""Traps: which there are, where they stand, how they are."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from api import paging
from api.deps import Access, KeepTraps, See
from api.kinds import After, FieldKey, Instant, Limit, Line, TrapId, TrapKey
from lighttrap import model, views
from lighttrap.errors import Conflict, InputFault, NotFound
from lighttrap.store import credentials, devices, fields, traps

router = APIRouter(prefix="/orgs/{org_id}", tags=["traps"])
_KEY = TypeAdapter(tuple[TrapKey])


class NewTrap(BaseModel):
    """A trap to register."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"trap_id": "st-014", "name": "Bẫy 14", "field_id": "field-7"}]}
    )
    trap_id: TrapKey
    name: Line | None = None
    nominal_s: Annotated[int, Field(ge=600, le=86_400)] = traps.NOMINAL_S
    interval_s: Annotated[int, Field(ge=60, le=86_400)] = 600
    in_service_from: Instant | None = Field(default=None, description="400 days ago when left out.")
    field_id: FieldKey | None = Field(default=None, description="The field it stands in from now on.")


class Move(BaseModel):
    """Where a trap goes, and when it went."""

    model_config = ConfigDict(extra="forbid")
    field_id: FieldKey
    at: Instant | None = Field(default=None, description="Now when left out; never later.")


class Retirement(BaseModel):
    """When a trap's service ends."""

    model_config = ConfigDict(extra="forbid")
    at: Instant | None = Field(default=None, description="Now when left out.")


@router.get("/traps", response_model=views.Page[views.Trap])
def list_traps(
    access: See, field_id: FieldKey | None = None, limit: Limit = 100, after: After = None
) -> dict[str, Any]:  # fmt: skip
    """The traps of an org, or those that stand in one field now, by id."""
    [last] = paging.read(after, _KEY) or ("",)
    found = traps.page_traps(access.conn, access.org_id, field_id=field_id, after=last, limit=limit + 1)
    return paging.page(found, limit, lambda trap: (trap.trap_id,))


@router.get("/traps/{trap_id}", response_model=views.Trap)
def get_trap(access: See, trap_id: TrapId) -> model.Trap:
    """One trap."""
    return traps.get_trap(access.conn, access.org_id, trap_id)


@router.post("/traps", status_code=201, response_model=views.Trap)
def register_trap(access: KeepTraps, body: NewTrap) -> model.Trap:
    """Registers a trap: from now on its readings are stored."""
    values = body.model_dump(exclude={"field_id"})
    if not traps.register_trap(access.conn, org_id=access.org_id, **values):
        raise Conflict(f"trap {body.trap_id} is registered already")
    if body.field_id:
        fields.get_field(access.conn, access.org_id, body.field_id)
        traps.deploy(access.conn, trap_id=body.trap_id, field_id=body.field_id, at=datetime.now(UTC))
    return _changed(access, "register", body.trap_id, None)


@router.post("/traps/{trap_id}/move", response_model=views.Trap)
def move_trap(access: KeepTraps, trap_id: TrapId, body: Move) -> model.Trap:
    """Puts a trap into another field; its nights before stay with the old one."""
    before = traps.get_trap(access.conn, access.org_id, trap_id)
    fields.get_field(access.conn, access.org_id, body.field_id)
    now = datetime.now(UTC)
    if (at := body.at or now) > now:
        raise InputFault("`at` lies in the future")
    traps.deploy(access.conn, trap_id=trap_id, field_id=body.field_id, at=at)
    return _changed(access, "move", trap_id, before)


@router.post("/traps/{trap_id}/retire", response_model=views.Trap)
def retire_trap(access: KeepTraps, trap_id: TrapId, body: Retirement) -> model.Trap:
    """Ends a trap's service and its login; what it measures later is kept in quarantine."""
    before = traps.get_trap(access.conn, access.org_id, trap_id)
    now = datetime.now(UTC)
    traps.retire(access.conn, access.org_id, trap_id, at := body.at or now)
    if at <= now:
        with suppress(NotFound):  # not every trap has a login
            credentials.revoke(access.conn, access.org_id, trap_id)
    return _changed(access, "retire", trap_id, before)


@router.get("/devices", response_model=views.Page[views.Device])
def list_devices(access: See, limit: Limit = 100, after: After = None) -> dict[str, Any]:
    """How the traps in service are: when last heard of, battery, signal, active faults."""
    [last] = paging.read(after, _KEY) or ("",)
    found = devices.page_states(access.conn, access.org_id, after=last, limit=limit + 1)
    return paging.page(found, limit, lambda device: (device.trap_id,))


def _changed(access: Access, action: str, trap_id: str, before: model.Trap | None) -> model.Trap:
    now = traps.get_trap(access.conn, access.org_id, trap_id)
    access.note(action, "trap", trap_id, asdict(before) if before else None, asdict(now))
    return now
