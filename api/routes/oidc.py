"""Logging in by an OpenID Connect provider: to it, and back from it."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse
from pydantic import StringConstraints

from api.config import ApiSettings
from api.deps import Stranger, transaction
from api.oidc import Identity, Provider
from api.routes.me import set_cookie
from api.signin.routes import next_url
from lighttrap.errors import Conflict, Forbidden, InputFault, NotFound
from lighttrap.store import audit, identities, logins
from lighttrap.store.pool import Connection

router = APIRouter(tags=["me"], prefix="/login/oidc")
COOKIE = "lighttrap_oidc"
# Neither //host nor /\host, which browsers take for another site, nor anything they would leave out while reading.
_PATH = r"/([A-Za-z0-9._~!$&'()*+,;=:@%?#-][A-Za-z0-9._~!$&'()*+,;=:@%/?#-]*)?"
Page = Annotated[
    str,
    StringConstraints(max_length=1000, pattern=rf"^({_PATH}|https?://[A-Za-z0-9.:-]+({_PATH})?)$"),
    Query(description="Where to go then: a path of this host, or a page of the dashboard."),
]
Opaque = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[\x21-\x7e]*$")]


def _provider(request: Request) -> Provider:
    if request.app.state.oidc is None:
        raise NotFound("nobody logs in here by OpenID Connect")
    return cast(Provider, request.app.state.oidc)


TheProvider = Annotated[Provider, Depends(_provider)]


@router.get("", status_code=303, response_class=RedirectResponse, dependencies=[Stranger])
def login_by_oidc(request: Request, provider: TheProvider, next: Page = "/") -> RedirectResponse:
    """Sends a person's browser to the provider; for a link, not for a program."""
    if next_url(request, _settings(request).api, next) != next:
        raise InputFault("`next` is no page of ours")
    with transaction(request) as conn:
        begun, state, browser = identities.begin(conn, next)
    answer = RedirectResponse(provider.address(state, begun.nonce, begun.verifier), 303)
    # Lax: it must come along when the provider sends the browser back.
    answer.set_cookie(
        COOKIE, browser, max_age=int(identities.LIVES_S), path="/v1/login/oidc", httponly=True, samesite="lax",
        secure=_settings(request).api.secure_cookies,
    )  # fmt: skip
    return answer


@router.get("/callback", status_code=303, response_class=RedirectResponse, dependencies=[Stranger])
def finish_oidc_login(
    request: Request,
    provider: TheProvider,
    state: Opaque = "",
    code: Opaque = "",
    error: Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z_]*$")] = "",
) -> RedirectResponse:
    """Where the provider sends the browser back to; opens a session, whose cookie comes with the answer."""
    with transaction(request) as conn:
        begun = identities.take(conn, state, request.cookies.get(COOKIE, ""))
    if begun is None:
        raise Forbidden("this login was not begun by this browser, or too long ago; begin again")
    if error or not code:
        raise Forbidden(f"the provider did not let you in: {error or 'it sent no code'}")
    # No connection is kept while the provider is asked.
    identity = provider.identity(code, begun.nonce, begun.verifier)
    with transaction(request) as conn:
        secret = _session(request, conn, identity)
    answer = RedirectResponse(begun.next_path, 303)
    set_cookie(answer, _settings(request).api, secret)
    answer.delete_cookie(COOKIE, path="/v1/login/oidc", httponly=True, samesite="lax")
    return answer


def _session(request: Request, conn: Connection, identity: Identity) -> str:
    try:
        known = identities.account_of(conn, identity.issuer, identity.subject, identity.email)
    except (NotFound, Conflict) as fault:
        raise Forbidden(f"{fault}; ask {_settings(request).oidc.contact} to let you in") from fault
    if known.is_new:
        audit.note(
            conn, who=known.login, action="link identity", object_kind="account", object_id=known.account_id,
            after={"issuer": identity.issuer, "subject": identity.subject},
        )  # fmt: skip
    agent = request.headers.get("user-agent", "")
    return logins.open_session(conn, known.account_id, _settings(request).api.session_s, way="oidc", agent=agent)


def _settings(request: Request) -> ApiSettings:
    return cast(ApiSettings, request.app.state.settings)
