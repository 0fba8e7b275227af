"""Who asks, who may, and what they changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from lighttrap.model import Role
from lighttrap.views.view import View


class OidcWay(View):
    """Logging in by an OpenID Connect provider."""

    label: str = Field(description="What to write on the button.")
    path: str = Field(description="Where the button leads; `?next=` takes a path of this host to go to then.")


class LoginWays(View):
    """How people may log in."""

    password: bool
    oidc: OidcWay | None = Field(description="Null where nobody logs in so.")


class Me(View):
    """Who asks."""

    who: str = Field(description="As it stands in the audit log.")
    name: str
    is_admin: bool = Field(description="Admin of every org.")
    roles: dict[str, Role] = Field(description="By org.")


class User(View):
    """A person of an org."""

    account_id: int
    login: str
    name: str
    role: Role
    locked_until: datetime | None
    disabled_at: datetime | None
    created_at: datetime


class Account(View):
    """A person who can log in, with what they are in every org."""

    account_id: int
    login: str
    name: str
    is_admin: bool = Field(description="Admin of every org.")
    roles: dict[str, Role] = Field(description="By org.")
    locked_until: datetime | None
    disabled_at: datetime | None
    made_by: str | None = Field(
        description="The org whose admin made it, and knows the first password; null: the operator did, or vouched."
    )
    created_at: datetime


class LoginSession(View):
    """One browser in which a person is logged in."""

    session_id: int
    way: Literal["password", "oidc"] = Field(description="How they came in.")
    agent: str = Field(description="What the browser called itself then.")
    created_at: datetime
    expires_at: datetime
    is_this_one: bool = Field(description="Whether it is the one that asks.")


class Token(View):
    """A program's way into an org."""

    token_id: int
    org_id: str
    name: str
    role: Role
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewToken(View):
    """A token that was just made."""

    token: Token
    secret: str = Field(description="Told this once: send it as `Authorization: Bearer ...`.")


class AuditEntry(View):
    """One change by a person or a token."""

    audit_id: int
    at: datetime
    who: str
    org_id: str | None
    action: str
    object_kind: str
    object_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
