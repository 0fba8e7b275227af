"""People and programs of an org, and what they changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from api import paging
from api.deps import Access, KeepPeople, SeeAudit
from api.kinds import After, Limit, Line, Number
from lighttrap import model, views
from lighttrap.errors import Conflict, InputFault, NotFound
from lighttrap.store import accounts, audit, tokens

router = APIRouter(prefix="/orgs/{org_id}", tags=["people"])
_KEY = TypeAdapter(tuple[Annotated[int, Field(ge=1, le=2**63 - 1)]])


class NewUser(BaseModel):
    """Somebody to let in: with a name and password when nobody has that login yet, without when somebody has."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"login": "lan@example.org", "role": "agronomist", "name": "Lan", "password": "ba con trâu trắng"}
            ]
        },
    )
    login: Annotated[str, StringConstraints(pattern=r"^[a-z0-9._@+-]{3,254}$")]
    role: model.Role
    name: Line | None = None
    password: Annotated[str, StringConstraints(min_length=12, max_length=200)] | None = None


class NewRole(BaseModel):
    """What somebody is from now on."""

    model_config = ConfigDict(extra="forbid")
    role: model.Role


class TokenRequest(BaseModel):
    """A token to make."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "IOC", "role": "service"}]})
    name: Line
    role: model.Role = model.Role.SERVICE
    days: Annotated[int, Field(ge=1, le=3650)] = Field(default=365, description="Days until it expires.")


@router.get("/users", response_model=list[views.User])
def list_users(access: KeepPeople) -> list[dict[str, Any]]:
    """The people of an org, by login."""
    return [_shown(access, account) for account in accounts.list_accounts(access.conn, access.org_id)]


@router.post("/users", status_code=201, response_model=views.User)
def add_user(access: KeepPeople, body: NewUser) -> dict[str, Any]:
    """Lets somebody into an org. Who was made by another org is let in by an admin of every org alone."""
    account_id = _account_of(access, body)
    return _put_role(access, "add", account_id, body.role)


@router.put("/users/{account_id}", response_model=views.User)
def change_role(access: KeepPeople, account_id: Number, body: NewRole) -> dict[str, Any]:
    """Makes somebody something else in the org."""
    account = accounts.get_account(access.conn, account_id, access.org_id)
    return _put_role(access, "change role", account_id, body.role, {"role": account.roles[access.org_id]})


@router.delete("/users/{account_id}", status_code=204)
def remove_user(access: KeepPeople, account_id: Number) -> Response:
    """From now on the org does not exist for them."""
    account = accounts.get_account(access.conn, account_id, access.org_id)
    accounts.end_membership(access.conn, account_id, access.org_id)
    before = {"login": account.login, "role": account.roles[access.org_id]}
    access.note("remove", "account", account_id, before)
    return Response(status_code=204)


@router.get("/tokens", response_model=list[views.Token])
def list_tokens(access: KeepPeople) -> list[model.ApiToken]:
    """The tokens of an org, expired and revoked ones too; none of their secrets."""
    return tokens.list_tokens(access.conn, access.org_id)


@router.post("/tokens", status_code=201, response_model=views.NewToken)
def add_token(access: KeepPeople, body: TokenRequest) -> dict[str, Any]:
    """Makes a token; its secret is told this once."""
    expires_at = datetime.now(UTC) + timedelta(days=body.days)
    token, secret = tokens.add_token(
        access.conn, org_id=access.org_id, name=body.name, role=body.role, created_by=access.caller.who,
        expires_at=expires_at,
    )  # fmt: skip
    after = {"name": token.name, "role": token.role, "expires_at": token.expires_at}
    access.note("add", "token", token.token_id, after=after)
    return {"token": token, "secret": secret}


@router.delete("/tokens/{token_id}", response_model=views.Token)
def revoke_token(access: KeepPeople, token_id: Number) -> model.ApiToken:
    """Lets a token open nothing from now on."""
    token = tokens.revoke_token(access.conn, token_id, access.org_id)
    access.note("revoke", "token", token_id, {"name": token.name, "role": token.role})
    return token


@router.get("/audit", response_model=views.Page[views.AuditEntry])
def list_audit(
    access: SeeAudit,
    object_kind: Annotated[str, StringConstraints(pattern=r"^[a-z -]{1,32}$")] | None = None,
    limit: Limit = 100,
    after: After = None,
) -> dict[str, Any]:
    """Every change in an org, the newest first."""
    [last] = paging.read(after, _KEY) or (audit.NEWEST,)
    found = audit.list_entries(
        access.conn, access.org_id, object_kind=object_kind, before_id=last, limit=limit + 1
    )  # fmt: skip
    return paging.page(found, limit, lambda entry: (entry.audit_id,))


def _account_of(access: Access, body: NewUser) -> int:
    try:
        known = accounts.by_login(access.conn, body.login)
    except NotFound:
        if body.password is None or body.name is None:
            raise InputFault("nobody has that login yet: give a name and a password") from None
        made_by = None if access.caller.is_admin else access.org_id
        return accounts.add_account(access.conn, body.login, body.name, body.password, made_by=made_by)
    if body.password is not None or body.name is not None:
        raise Conflict("somebody has that login: leave name and password out to let them in")
    if access.caller.is_admin:
        accounts.vouch(access.conn, known.account_id)
    elif known.made_by not in (None, access.org_id):
        # Whoever made it may know its password, and would come in with it.
        raise Conflict("another org made that account: ask an admin of every org to let them in")
    return known.account_id


def _put_role(
    access: Access, action: str, account_id: int, role: model.Role, before: dict[str, object] | None = None
) -> dict[str, Any]:
    accounts.put_membership(access.conn, account_id, access.org_id, role)
    account = accounts.get_account(access.conn, account_id, access.org_id)
    access.note(action, "account", account_id, before, {"login": account.login, "role": role})
    return _shown(access, account)


def _shown(access: Access, account: model.Account) -> dict[str, Any]:
    columns = ("account_id", "login", "name", "locked_until", "disabled_at", "created_at")
    return {**{name: getattr(account, name) for name in columns}, "role": account.roles[access.org_id]}
