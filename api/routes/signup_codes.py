"""Codes by which farmers sign up for a field's alerts."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from api.deps import KeepFields
from api.farmer.signups import qr_svg, signup_url
from api.kinds import FieldId
from lighttrap import views
from lighttrap.store import fields, signups
from lighttrap.store.signups import SignupCode

router = APIRouter(prefix="/orgs/{org_id}/fields/{field_id}", tags=["fields"])


@router.get("/signup-code", response_model=views.SignupCode)
def get_signup_code(access: KeepFields, field_id: FieldId, request: Request) -> dict[str, Any]:
    """The code in force, with its QR code and the sheet to print."""
    return _shown(signups.code_of_field(access.conn, access.org_id, field_id), request)


@router.post("/signup-code", status_code=201, response_model=views.SignupCode)
def make_signup_code(access: KeepFields, field_id: FieldId, request: Request) -> dict[str, Any]:
    """A new code for the field; the one on older sheets opens nothing any more."""
    fields.get_field(access.conn, access.org_id, field_id)
    made = signups.make_code(access.conn, access.org_id, field_id, access.caller.who)
    access.note("make", "signup-code", field_id, after={"code": made.code})
    return _shown(made, request)


def _shown(found: SignupCode, request: Request) -> dict[str, Any]:
    url = signup_url(request, found.code)
    return {
        "field_id": found.field_id, "code": found.code, "url": url, "sheet_url": f"{url}/sheet",
        "qr_svg": qr_svg(url), "created_by": found.created_by, "created_at": found.created_at,
    }  # fmt: skip
