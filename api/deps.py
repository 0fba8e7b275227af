"""What routes are given: a connection in a transaction, who asks, and an org they may do something in."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from api.config import ServerSettings
from api.kinds import OrgId
from api.permissions import may, require, require_admin_of_all, require_person
from lighttrap.config import PublicBrokerSettings
from lighttrap.errors import Forbidden, StoreUnavailable, Unauthenticated
from lighttrap.model import Caller
from lighttrap.permissions import Permission
from lighttrap.store import audit, logins, session, tokens
from lighttrap.store.pool import Connection, translate_errors

COOKIE = "lighttrap_session"
PROOF = "X-Requested-By"
"""A page of another site can make a browser send our cookie, and cannot make it send a header of its own choice."""
_CHANGES_NOTHING = {"GET", "HEAD", "OPTIONS"}

_bearer = HTTPBearer(auto_error=False, scheme_name="token", description="An API token, `lt_...`.")
_cookie = APIKeyCookie(
    name=COOKIE, auto_error=False, scheme_name="session",
    description=f"The cookie of POST /v1/login. A request that changes something also needs the header `{PROOF}`.",
)  # fmt: skip


@contextmanager
def transaction(request: Request) -> Iterator[Connection]:
    """A connection and a transaction for a while: committed at its end, undone by an error."""
    with translate_errors(), request.app.state.pool.connection() as conn:
        yield conn


# What asks the database runs in a thread. What does not is `async`, for to hand it over costs more than what it does.


def _connection(request: Request) -> Iterator[Connection]:
    """One connection and one transaction a request: committed before the answer is sent, undone by an error."""
    with transaction(request) as conn:
        yield conn


Conn = Annotated[Connection, Depends(_connection, scope="function")]


async def _settings(request: Request) -> ServerSettings:
    return cast(ServerSettings, request.app.state.settings.api)


Settings = Annotated[ServerSettings, Depends(_settings)]


def _public_broker(request: Request) -> PublicBrokerSettings:
    return cast(PublicBrokerSettings, request.app.state.settings.public_broker)


PublicBroker = Annotated[PublicBrokerSettings, Depends(_public_broker)]


def refuse_cross_site(request: Request) -> None:
    """Raises Forbidden when a browser says that a page of another site made it ask."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("a page of another site may not do that")


def _caller(
    request: Request,
    conn: Conn,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    session: Annotated[str | None, Depends(_cookie)],
) -> Caller:
    found = _known(request, conn, bearer, session)
    _count(request, found)
    if found is None:
        raise Unauthenticated
    if found.account_id is not None and request.method not in _CHANGES_NOTHING:
        refuse_cross_site(request)
        if PROOF.lower() not in request.headers:
            raise Forbidden(f"a change by a session's cookie needs the header {PROOF}")
    return found


def _count(request: Request, caller: Caller | None = None) -> None:
    known = caller and (f"account {caller.account_id}" if caller.account_id else f"token {caller.token_id}")
    request.app.state.limiter.count(request.scope, known)


async def _stranger(request: Request) -> None:
    _count(request)


Stranger = Depends(_stranger)
"""Of every operation that asks for no credential: counts for the address whatever the request carries."""


def _known(
    request: Request, conn: Connection, bearer: HTTPAuthorizationCredentials | None, session: str | None
) -> Caller | None:
    """Whose token or session it is; a wrong token is not saved by a cookie."""
    if "authorization" in request.headers:
        return tokens.caller_of(conn, bearer.credentials) if bearer else None
    return logins.caller_of(conn, session) if session else None


Asker = Annotated[Caller, Depends(_caller)]


@dataclass(frozen=True, slots=True)
class Access:
    """A caller who may do what a route does in this org."""

    caller: Caller
    org_id: str
    conn: Connection

    def snapshot(self) -> Connection:
        """Ends what was done so far; all that is read from now on is as of one moment, and nothing can be changed."""
        self.conn.commit()
        session.begin_snapshot(self.conn)
        return self.conn

    def note(
        self,
        action: str,
        object_kind: str,
        object_id: object,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
    ) -> None:
        """Writes a change into the audit log, in the transaction that makes it."""
        audit.note(
            self.conn, who=self.caller.who, org_id=self.org_id, action=action, object_kind=object_kind,
            object_id=object_id, before=before, after=after,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """A caller who has logged in; a token is none."""

    caller: Caller
    account_id: int
    secret: str
    """Of the session that asks."""
    conn: Connection

    def note(self, action: str, after: Mapping[str, object] | None = None) -> None:
        """Writes into the audit log what somebody changed of their own account."""
        audit.note(
            self.conn, who=self.caller.who, action=action, object_kind="account", object_id=self.account_id,
            after=after,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Everywhere:
    """A caller who is admin of every org, in what belongs to none."""

    caller: Caller
    conn: Connection

    def note(
        self,
        action: str,
        object_kind: str,
        object_id: object,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
        *,
        org_id: str | None = None,
    ) -> None:
        """Writes a change into the audit log, in the transaction that makes it; of an org when it names one."""
        audit.note(
            self.conn, who=self.caller.who, org_id=org_id, action=action, object_kind=object_kind,
            object_id=object_id, before=before, after=after,
        )  # fmt: skip


async def _person(request: Request, caller: Asker, conn: Conn) -> Person:
    return Person(caller, require_person(caller), request.cookies.get(COOKIE, ""), conn)


async def _everywhere(caller: Asker, conn: Conn) -> Everywhere:
    require_admin_of_all(caller)
    return Everywhere(caller, conn)


SignedIn = Annotated[Person, Depends(_person)]
AdminOfAll = Annotated[Everywhere, Depends(_everywhere)]


def _may(permission: Permission) -> Callable[..., Coroutine[Any, Any, Access]]:
    async def access(org_id: OrgId, caller: Asker, conn: Conn) -> Access:
        require(caller, org_id, permission)
        return Access(caller, org_id, conn)

    return access


def _still_may_see(
    request: Request,
    org_id: OrgId,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    session: Annotated[str | None, Depends(_cookie)],
) -> Callable[[], bool]:
    def ask() -> bool:
        try:
            with translate_errors(), request.app.state.pool.connection() as conn:
                caller = _known(request, conn, bearer, session)
        except StoreUnavailable:
            return True  # nobody can say now, and nothing is told meanwhile
        return caller is not None and may(caller, org_id, Permission.SEE)

    return ask


Recheck = Annotated[Callable[[], bool], Depends(_still_may_see)]
"""Asks again, long after a request began, whether who sent it may still see the org."""
See = Annotated[Access, Depends(_may(Permission.SEE))]
SeeLosses = Annotated[Access, Depends(_may(Permission.SEE_LOSSES))]
Replay = Annotated[Access, Depends(_may(Permission.REPLAY))]
KeepTraps = Annotated[Access, Depends(_may(Permission.KEEP_TRAPS))]
Visit = Annotated[Access, Depends(_may(Permission.VISIT))]
Correct = Annotated[Access, Depends(_may(Permission.CORRECT))]
KeepFields = Annotated[Access, Depends(_may(Permission.KEEP_FIELDS))]
SetRules = Annotated[Access, Depends(_may(Permission.SET_RULES))]
WorkAlerts = Annotated[Access, Depends(_may(Permission.WORK_ALERTS))]
Approve = Annotated[Access, Depends(_may(Permission.APPROVE))]
KeepRecipients = Annotated[Access, Depends(_may(Permission.KEEP_RECIPIENTS))]
KeepPeople = Annotated[Access, Depends(_may(Permission.KEEP_PEOPLE))]
KeepReadings = Annotated[Access, Depends(_may(Permission.KEEP_READINGS))]
SeeAudit = Annotated[Access, Depends(_may(Permission.SEE_AUDIT))]
