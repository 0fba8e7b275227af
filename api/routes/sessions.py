"""A person's own sessions: which there are, and ending them."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.deps import SignedIn
from api.kinds import Number
from lighttrap import model, views
from lighttrap.store import login_sessions

router = APIRouter(prefix="/me/sessions", tags=["me"])


@router.get("", response_model=list[views.LoginSession])
def list_my_sessions(person: SignedIn) -> list[model.LoginSession]:
    """Where you are logged in, the newest first."""
    return login_sessions.list_sessions(person.conn, person.account_id, person.secret)


@router.delete("", status_code=204)
def end_my_other_sessions(person: SignedIn) -> Response:
    """Logs you out everywhere but here."""
    ended = login_sessions.end_others(person.conn, person.account_id, person.secret)
    person.note("end sessions", {"sessions": ended})
    return Response(status_code=204)


@router.delete("/{session_id}", status_code=204)
def end_my_session(person: SignedIn, session_id: Number) -> Response:
    """Logs you out in one place."""
    login_sessions.end_one(person.conn, person.account_id, session_id)
    person.note("end session", {"session_id": session_id})
    return Response(status_code=204)
