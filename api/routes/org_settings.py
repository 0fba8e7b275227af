"""What an org decides for itself."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.deps import See, SetRules
from api.kinds import Instant, Line
from lighttrap import model, views
from lighttrap.errors import Conflict
from lighttrap.store import orgs, recipients

router = APIRouter(prefix="/orgs/{org_id}", tags=["orgs"])


def _a_telephone(text: str) -> str:
    if not re.fullmatch(r"[+*#0-9][*#0-9 ().-]{2,29}", text):
        raise ValueError("is no telephone number")
    return text


class Setting(BaseModel):
    """All of it; what is left out is as for everybody."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"farmers_need_approval": True, "phone": "0299 3123 456"}]}
    )
    farmers_need_approval: bool = Field(default=False, description="Counts for what is raised from now on.")
    phone: Annotated[Line, AfterValidator(_a_telephone)] | None = Field(default=None, description="Whom farmers call.")
    updated_at: Instant | None = Field(
        default=None,
        description="As you saw it, or null when you saw none: 409 when it is not so any more. Nothing is compared when"
        " it is left out.",
    )


@router.get("/settings", response_model=views.OrgSetting)
def get_setting(access: See) -> model.OrgSetting:
    """What the org has decided, or what holds while it has not."""
    return recipients.get_setting(access.conn, access.org_id)


@router.put("/settings", response_model=views.OrgSetting)
def put_setting(access: SetRules, body: Setting) -> model.OrgSetting:
    """Decides anew."""
    orgs.lock_org(access.conn, access.org_id)
    before = recipients.get_setting(access.conn, access.org_id)
    if "updated_at" in body.model_fields_set and body.updated_at != before.updated_at:
        raise Conflict(f"{before.author} has decided anew since you looked")
    recipients.put_setting(
        access.conn, access.org_id, access.caller.who, farmers_need_approval=body.farmers_need_approval,
        phone=body.phone or "",
    )  # fmt: skip
    now = recipients.get_setting(access.conn, access.org_id)
    # Not the number itself: no telephone number stands in the audit log, whoever's it is.
    after = {"farmers_need_approval": now.farmers_need_approval, "phone_changed": now.phone != before.phone}
    access.note("put", "setting", access.org_id, {"farmers_need_approval": before.farmers_need_approval}, after)
    return now
