"""Alerts: see them, and do something about them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from api import paging
from api.deps import Access, See, WorkAlerts
from api.kinds import After, CommuneCode, FieldKey, Limit, Number, Text
from lighttrap import views
from lighttrap.errors import InputFault
from lighttrap.store import accounts, handling

router = APIRouter(prefix="/orgs/{org_id}", tags=["alerts"])
_KEY = TypeAdapter(tuple[Annotated[int, Field(ge=0, le=3)], Annotated[int, Field(ge=1, le=2**63 - 1)]])


Login = Annotated[str, StringConstraints(pattern=r"^[a-z0-9._@+-]{3,254}$")]


class _Act(BaseModel):
    model_config = ConfigDict(extra="forbid")
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] = Field(description="Of the alert as you saw it.")


class Acknowledgement(_Act):
    """Somebody looks after it."""

    text: Text | Literal[""] = ""


class Assignment(_Act):
    """Who is to look after it: a login of the org, or null for nobody."""

    assignee: Login | None
    text: Text | Literal[""] = ""


class Comment(_Act):
    """What somebody has to say of it."""

    text: Text


@router.get("/alerts", response_model=views.Page[views.Alert])
def list_alerts(
    access: See,
    state: Literal["active", "cleared", "withdrawn"] | None = None,
    kind: Literal["catch", "device"] | None = None,
    field_id: FieldKey | None = None,
    commune_code: CommuneCode | None = None,
    level: Annotated[int | None, Query(ge=0, le=3, description="As it stands: 1 watch, 2 warning, 3 alarm.")] = None,
    assignee: Annotated[Login | None, Query(description="Whose it is to look after.")] = None,
    assigned: Annotated[bool | None, Query(description="Whether it is anybody's to look after.")] = None,
    acknowledged: Annotated[bool | None, Query(description="Whether somebody looks after it.")] = None,
    to_approve: Annotated[bool | None, Query(description="Whether an event awaits a person's word.")] = None,
    order: Annotated[
        Literal["newest", "worst"], Query(description="worst: those of the highest level first, of these the newest.")
    ] = "newest",
    limit: Limit = 100,
    after: After = None,
) -> dict[str, Any]:
    """The alerts of an org, the newest first unless asked otherwise."""
    worst = order == "worst"
    before = paging.read(after, _KEY) or (handling.HIGHEST, handling.NEWEST)
    found = handling.page_alerts(
        access.conn, access.org_id, state=state, kind=kind, field_id=field_id, commune_code=commune_code, level=level,
        assignee=assignee, assigned=assigned, acknowledged=acknowledged, to_approve=to_approve, worst=worst,
        before=before, limit=limit + 1,
    )  # fmt: skip
    return paging.page(found, limit, lambda alert: (alert.level if worst else 0, alert.alert_id))


@router.get("/alerts/{alert_id}", response_model=views.AlertCase)
def get_alert(access: See, alert_id: Number) -> dict[str, Any]:
    """An alert with all that was said of it and done with it."""
    return case(access, handling.get_alert(access.conn, access.org_id, alert_id))


@router.post("/alerts/{alert_id}/acknowledge", response_model=views.AlertCase)
def acknowledge_alert(access: WorkAlerts, alert_id: Number, body: Acknowledgement) -> dict[str, Any]:
    """Says that you look after an alert. Who says so first stays."""
    return _handle(access, alert_id, body.version, "acknowledged", body.text)


@router.post("/alerts/{alert_id}/assign", response_model=views.AlertCase)
def assign_alert(access: WorkAlerts, alert_id: Number, body: Assignment) -> dict[str, Any]:
    """Gives an alert to somebody of the org, or to nobody."""
    if body.assignee and body.assignee not in {one.login for one in accounts.list_accounts(access.conn, access.org_id)}:
        raise InputFault(f"{body.assignee} is nobody's login in this org")
    return _handle(access, alert_id, body.version, "assigned", body.text, body.assignee)


@router.post("/alerts/{alert_id}/comments", status_code=201, response_model=views.AlertCase)
def comment_alert(access: WorkAlerts, alert_id: Number, body: Comment) -> dict[str, Any]:
    """Adds a comment to an alert."""
    return _handle(access, alert_id, body.version, "comment", body.text)


def _handle(
    access: Access, alert_id: int, version: int, act: handling.Act, text: str, assignee: str | None = None
) -> dict[str, Any]:
    now = handling.handle(
        access.conn, access.org_id, alert_id, version, act, author=access.caller.who, text=text, assignee=assignee
    )
    after = {"version": now.version, "acknowledged_by": now.acknowledged_by, "assignee": now.assignee, "text": text}
    access.note(act, "alert", alert_id, {"version": version}, after)
    return case(access, now)


def case(access: Access, alert: handling.Alert) -> dict[str, Any]:
    """An alert with all that was said of it and done with it."""
    said, done = handling.events(access.conn, alert.alert_id), handling.notes(access.conn, alert.alert_id)
    return {"alert": alert, "events": said, "notes": done}
