"""Credentials of traps: by which secret each logs in at the broker."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.deps import KeepTraps, PublicBroker
from api.kinds import TrapId
from lighttrap import model, views
from lighttrap.connectcode import ConnectCode
from lighttrap.store import credentials

router = APIRouter(prefix="/orgs/{org_id}/traps/{trap_id}", tags=["traps"])


@router.post("/credential", status_code=201, response_model=views.NewTrapCredential)
def provision_trap(access: KeepTraps, broker: PublicBroker, trap_id: TrapId) -> dict[str, Any]:
    """Gives a trap a new secret for the broker, told this once; an older one opens nothing within seconds."""
    made, secret = credentials.issue(access.conn, access.org_id, trap_id, access.caller.who)
    code = ConnectCode(access.org_id, trap_id, secret, broker.address(), broker.ca_sha256)
    access.note("provision", "trap", trap_id, after={"issued_at": made.issued_at})
    return {
        "credential": made, "username": trap_id, "client_id": trap_id, "secret": secret,
        "broker_url": code.broker_url, "ca_sha256": code.ca_sha256, "topic_prefix": code.topic_prefix,
        "connect_code": code.text, "qr_svg": code.svg(),
    }  # fmt: skip


@router.get("/credential", response_model=views.TrapCredential)
def get_trap_credential(access: KeepTraps, trap_id: TrapId) -> model.TrapCredential:
    """When a trap got its secret, from whom, and whether it was revoked."""
    return credentials.get_credential(access.conn, access.org_id, trap_id)


@router.delete("/credential", response_model=views.TrapCredential)
def revoke_trap_credential(access: KeepTraps, trap_id: TrapId) -> model.TrapCredential:
    """Lets a trap's secret open nothing from now on; within seconds its connection is cut."""
    before = credentials.get_credential(access.conn, access.org_id, trap_id)
    revoked = credentials.revoke(access.conn, access.org_id, trap_id)
    access.note(
        "revoke", "trap", trap_id, {"revoked_at": before.revoked_at}, {"revoked_at": revoked.revoked_at}
    )  # fmt: skip
    return revoked
