"""Login sessions as their person sees them: which there are, and ending them."""

from __future__ import annotations

from psycopg.rows import class_row

from lighttrap import model, sql
from lighttrap.errors import NotFound
from lighttrap.store.logins import secret_sha
from lighttrap.store.pool import Connection

_SQL = sql.load("login_sessions")


def list_sessions(conn: Connection, account_id: int, secret: str) -> list[model.LoginSession]:
    """An account's sessions that still open something, the newest first; `secret` says which one asks."""
    values = {"account_id": account_id, "sha": secret_sha(secret)}
    return conn.cursor(row_factory=class_row(model.LoginSession)).execute(_SQL["list_sessions"], values).fetchall()


def end_one(conn: Connection, account_id: int, session_id: int) -> None:
    """Ends one of an account's sessions. Raises NotFound, of another account's too."""
    if conn.execute(_SQL["end_one"], {"account_id": account_id, "session_id": session_id}).rowcount == 0:
        raise NotFound(f"you have no session {session_id}")


def end_others(conn: Connection, account_id: int, secret: str) -> int:
    """Ends all of an account's sessions but the one of `secret`. Returns how many."""
    return conn.execute(_SQL["end_others"], {"account_id": account_id, "sha": secret_sha(secret)}).rowcount
