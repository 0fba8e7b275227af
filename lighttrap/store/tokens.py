"""API tokens: how programs come in. A token is shown once; its SHA-256 is kept."""

from __future__ import annotations

from datetime import datetime

from psycopg.rows import class_row

from lighttrap import model, sql
from lighttrap.errors import NotFound
from lighttrap.store.logins import new_secret, secret_sha
from lighttrap.store.pool import Connection

_SQL = sql.load("tokens")
PREFIX = "lt_"
"""What tokens begin with, so that scanners for leaked secrets can know them."""


def add_token(
    conn: Connection, *, org_id: str, name: str, role: model.Role, created_by: str, expires_at: datetime
) -> tuple[model.ApiToken, str]:
    """Makes a token for one role in one org. Returns it and its secret, told this once."""
    secret = PREFIX + new_secret()
    values = {
        "sha": secret_sha(secret), "org_id": org_id, "name": name, "role": role, "created_by": created_by,
        "expires_at": expires_at,
    }  # fmt: skip
    [token] = conn.cursor(row_factory=class_row(model.ApiToken)).execute(_SQL["add_token"], values).fetchall()
    return token, secret


def list_tokens(conn: Connection, org_id: str | None = None) -> list[model.ApiToken]:
    """The tokens of one org, or of all, expired and revoked ones too."""
    cursor = conn.cursor(row_factory=class_row(model.ApiToken))
    return cursor.execute(_SQL["list_tokens"], {"org_id": org_id}).fetchall()


def live_tokens_of(conn: Connection, account_id: int) -> list[model.ApiToken]:
    """The tokens that an account made, in any org, and that still open something."""
    cursor = conn.cursor(row_factory=class_row(model.ApiToken))
    return cursor.execute(_SQL["live_tokens_of_account"], {"account_id": account_id}).fetchall()


def revoke_token(conn: Connection, token_id: int, org_id: str | None = None) -> model.ApiToken:
    """Lets a token open nothing from now on. Raises NotFound."""
    values = {"token_id": token_id, "org_id": org_id}
    found = conn.cursor(row_factory=class_row(model.ApiToken)).execute(_SQL["revoke_token"], values).fetchone()
    if found is None:
        raise NotFound(f"there is no token {token_id}")
    return found


def caller_of(conn: Connection, secret: str) -> model.Caller | None:
    """Who a token speaks for, and notes that it was used; None when it is unknown, expired or revoked."""
    row = conn.execute(_SQL["caller_of_token"], {"sha": secret_sha(secret)}).fetchone()
    if row is None:
        return None
    token_id, name, org_id, role, is_news = row
    if is_news:
        conn.execute(_SQL["note_use"], {"token_id": token_id})
    return model.Caller(f"token {token_id} ({name})", name, {org_id: model.Role(role)}, token_id=token_id)
