"""What only admins of every org may do: orgs, accounts, and the audit log of all."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from api import paging
from api.deps import AdminOfAll, Everywhere
from api.kinds import ORG, After, Limit, Line, Number, OrgId
from lighttrap import model, views
from lighttrap.store import accounts, audit, identities, orgs

router = APIRouter(prefix="/admin", tags=["admin"])
_LOGIN_KEY = TypeAdapter(tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9._@+-]{3,254}$")]])
_AUDIT_KEY = TypeAdapter(tuple[Annotated[int, Field(ge=1, le=2**63 - 1)]])


class NewOrg(BaseModel):
    """An org to make; its id stands in addresses and topics, and never changes."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"org_id": "soc-trang", "name": "Chi cục Sóc Trăng"}]}
    )
    org_id: Annotated[str, StringConstraints(pattern=ORG)]
    name: Line


class OrgName(BaseModel):
    """What people call an org."""

    model_config = ConfigDict(extra="forbid")
    name: Line


class GivenPassword(BaseModel):
    """A password that somebody is told, to be changed by them."""

    model_config = ConfigDict(extra="forbid")
    password: Annotated[str, StringConstraints(min_length=12, max_length=200)]


class Adminship(BaseModel):
    """Whether an account is admin of every org."""

    model_config = ConfigDict(extra="forbid")
    is_admin: bool


@router.post("/orgs", status_code=201, response_model=views.Org)
def add_org(everywhere: AdminOfAll, body: NewOrg) -> model.Org:
    """Makes an org, without traps and people yet."""
    org = orgs.add_org(everywhere.conn, body.org_id, body.name)
    everywhere.note("add", "org", org.org_id, after={"name": org.name}, org_id=org.org_id)
    return org


@router.put("/orgs/{org_id}", response_model=views.Org)
def rename_org(everywhere: AdminOfAll, org_id: OrgId, body: OrgName) -> model.Org:
    """Gives an org another name; its id stays."""
    before = orgs.rename_org(everywhere.conn, org_id, body.name)
    everywhere.note("rename", "org", org_id, {"name": before}, {"name": body.name}, org_id=org_id)
    return orgs.get_org(everywhere.conn, org_id)


@router.get("/accounts", response_model=views.Page[views.Account])
def list_accounts(everywhere: AdminOfAll, limit: Limit = 100, after: After = None) -> dict[str, Any]:
    """Everybody who can log in, or could once, by login."""
    [last] = paging.read(after, _LOGIN_KEY) or ("",)
    found = accounts.page_accounts(everywhere.conn, after=last, limit=limit + 1)
    return paging.page(found, limit, lambda account: (account.login,))


@router.get("/accounts/{account_id}", response_model=views.Account)
def get_account(everywhere: AdminOfAll, account_id: Number) -> model.Account:
    """One account."""
    return accounts.get_account(everywhere.conn, account_id)


@router.post("/accounts/{account_id}/disable", response_model=views.Account)
def disable_account(everywhere: AdminOfAll, account_id: Number) -> model.Account:
    """Keeps somebody out; their sessions end at once. Tokens they made go on: revoke them by themselves."""
    before = accounts.get_account(everywhere.conn, account_id)
    accounts.require_another_admin(everywhere.conn, account_id)
    accounts.disable(everywhere.conn, account_id)
    return _changed(everywhere, "disable", before)


@router.post("/accounts/{account_id}/enable", response_model=views.Account)
def enable_account(everywhere: AdminOfAll, account_id: Number) -> model.Account:
    """Lets somebody who was disabled log in again, in the roles that they had."""
    before = accounts.get_account(everywhere.conn, account_id)
    accounts.enable(everywhere.conn, account_id)
    return _changed(everywhere, "enable", before)


@router.post("/accounts/{account_id}/unlock", response_model=views.Account)
def unlock_account(everywhere: AdminOfAll, account_id: Number) -> model.Account:
    """Ends a lock-out after wrong passwords before its time."""
    before = accounts.get_account(everywhere.conn, account_id)
    accounts.unlock(everywhere.conn, account_id)
    return _changed(everywhere, "unlock", before)


@router.put("/accounts/{account_id}/password", status_code=204)
def reset_password(everywhere: AdminOfAll, account_id: Number, body: GivenPassword) -> Response:
    """Gives somebody another password; ends their sessions and a lock-out. Other orgs may let them in from now on."""
    account = accounts.get_account(everywhere.conn, account_id)
    accounts.set_password(everywhere.conn, account_id, body.password)
    accounts.vouch(everywhere.conn, account_id)
    everywhere.note("set password", "account", account_id, after={"login": account.login})
    return Response(status_code=204)


@router.put("/accounts/{account_id}/admin", response_model=views.Account)
def set_admin(everywhere: AdminOfAll, account_id: Number, body: Adminship) -> model.Account:
    """Makes somebody admin of every org, those to come too, or no longer; the last one stays."""
    before = accounts.get_account(everywhere.conn, account_id)
    if not body.is_admin:
        accounts.require_another_admin(everywhere.conn, account_id)
    accounts.set_admin(everywhere.conn, account_id, is_admin=body.is_admin)
    return _changed(everywhere, "set admin", before)


@router.delete("/accounts/{account_id}/identities", status_code=204)
def forget_identities(everywhere: AdminOfAll, account_id: Number) -> Response:
    """Unbinds an account from whom it is at the OpenID Connect provider; the next login binds it again."""
    account = accounts.get_account(everywhere.conn, account_id)
    forgotten = identities.forget(everywhere.conn, account_id)
    everywhere.note("forget identities", "account", account_id, {"login": account.login, "identities": forgotten})
    return Response(status_code=204)


@router.get("/audit", response_model=views.Page[views.AuditEntry])
def list_all_audit(
    everywhere: AdminOfAll,
    object_kind: Annotated[str, StringConstraints(pattern=r"^[a-z -]{1,32}$")] | None = None,
    limit: Limit = 100,
    after: After = None,
) -> dict[str, Any]:
    """Every change in every org and in none, the newest first."""
    [last] = paging.read(after, _AUDIT_KEY) or (audit.NEWEST,)
    found = audit.list_entries(everywhere.conn, None, object_kind=object_kind, before_id=last, limit=limit + 1)
    return paging.page(found, limit, lambda entry: (entry.audit_id,))


def _changed(everywhere: Everywhere, action: str, before: model.Account) -> model.Account:
    now = accounts.get_account(everywhere.conn, before.account_id)
    everywhere.note(action, "account", now.account_id, _told(before), _told(now))
    return now


def _told(account: model.Account) -> dict[str, object]:
    return {name: getattr(account, name) for name in ("login", "is_admin", "locked_until", "disabled_at")}
