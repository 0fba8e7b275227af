"""Logging in and out, and who one is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.config import ServerSettings
from api.deps import COOKIE, Asker, Conn, Settings, SignedIn, Stranger, refuse_cross_site
from api.limiter import address_of
from lighttrap import views
from lighttrap.errors import Forbidden, Unauthenticated
from lighttrap.store import accounts, logins
from lighttrap.store.pool import Connection

router = APIRouter(tags=["me"])
Password = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Credentials(BaseModel):
    """A login and its password."""

    model_config = ConfigDict(extra="forbid")
    login: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@+-]{3,254}$")] = Field(examples=["lan@example.org"])
    password: Password


class NewPassword(BaseModel):
    """A password in place of another."""

    model_config = ConfigDict(extra="forbid")
    old: Password
    new: Password


@router.get("/login", dependencies=[Stranger])
def list_login_ways(request: Request) -> views.LoginWays:
    """How people may log in here, for a page that asks them to."""
    oidc = request.app.state.settings.oidc
    way = views.OidcWay(label=oidc.label, path="/v1/login/oidc") if oidc.issuer else None
    return views.LoginWays(password=True, oidc=way)


@router.post("/login", status_code=204, dependencies=[Stranger])
def login(request: Request, credentials: Credentials, conn: Conn, settings: Settings) -> Response:
    """Opens a session, whose cookie comes with the answer."""
    refuse_cross_site(request)
    secret = open_session(request, conn, settings, credentials.login, credentials.password)
    if secret is None:
        raise Unauthenticated("login and password do not fit, or the account is locked for some minutes")
    answer = Response(status_code=204)
    set_cookie(answer, settings, secret)
    return answer


def set_cookie(answer: Response, settings: ServerSettings, secret: str) -> None:
    """Gives the browser the cookie of a session."""
    answer.set_cookie(
        COOKIE, secret, max_age=int(settings.session_s), path="/", httponly=True, samesite="lax",
        secure=settings.secure_cookies,
    )  # fmt: skip


@router.post("/logout", status_code=204)
def logout(request: Request, caller: Asker, conn: Conn) -> Response:
    """Ends the session; a token has none to end."""
    if caller.account_id is not None:
        logins.log_out(conn, request.cookies[COOKIE])
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
    return answer


@router.get("/me")
def get_me(caller: Asker) -> views.Me:
    """Who you are, and what in which org."""
    return views.Me.model_validate(caller, from_attributes=True)


@router.put("/me/password", status_code=204)
def change_my_password(
    request: Request, passwords: NewPassword, person: SignedIn, conn: Conn, settings: Settings
) -> Response:
    """Another password; every session of yours ends, this one too."""
    secret = open_session(request, conn, settings, person.caller.who, passwords.old)
    if secret is None:
        raise Forbidden("the old password does not fit")
    accounts.set_password(conn, person.account_id, passwords.new)
    person.note("set password")
    return Response(status_code=204)


def open_session(request: Request, conn: Connection, settings: ServerSettings, login: str, password: str) -> str | None:
    """The secret of a new session, or None. Commits each step: a try counts, whatever becomes of it.

    Raises TooManyTries.
    """
    limits = settings.login_limits()
    try:
        logins.count_tries(conn, login, address_of(request.scope.get("client")), limits)
    finally:
        conn.commit()
    agent = request.headers.get("user-agent", "")
    secret = logins.log_in(conn, login, password, limits, agent=agent)
    conn.commit()
    return secret
