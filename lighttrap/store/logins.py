"""Logging in: one password, tried a few times a minute at most, for a session that ends."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Literal

from lighttrap import model, passwords, sql
from lighttrap.errors import TooManyTries
from lighttrap.store.pool import Connection

_SQL = sql.load("logins")
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class LoginLimits:
    """How often may be tried, and what follows."""

    tries_per_login: int = 5
    """In one minute, whether there is such a login or not."""
    tries_per_address: int = 20
    failures: int = 10
    """Wrong passwords in a row that lock an account."""
    locked_s: float = 900.0
    session_s: float = 12 * 3600.0


def secret_sha(secret: str) -> bytes:
    """What is kept of a session's or token's secret: its SHA-256; 256 random bits need no salt."""
    return hashlib.sha256(secret.encode()).digest()


def new_secret() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def count_tries(conn: Connection, login: str, address: str, limits: LoginLimits) -> None:
    """Counts a try to log in. Raises TooManyTries; commit it all the same, or the count is lost."""
    conn.execute(_SQL["forget_tries"])
    # A login may be long or no text for an index; its hash is neither.
    by_login = _tries(conn, f"login {secret_sha(login.lower()).hex()}")
    by_address = _tries(conn, f"address {address}")
    if by_login > limits.tries_per_login or by_address > limits.tries_per_address:
        raise TooManyTries("too many tries to log in; wait a minute")


def log_in(conn: Connection, login: str, password: str, limits: LoginLimits, *, agent: str = "") -> str | None:
    """The secret of a new session; None when login and password do not fit, or the account is locked or disabled.

    Takes the same time for a login that is not there. Commit in either case, for failures count.
    """
    row = conn.execute(_SQL["account_to_check"], {"login": login.lower()}).fetchone()
    account_id, kept, is_open = row or (None, passwords.NOBODYS, False)
    fits = passwords.fits(password, kept)
    if account_id is None or not is_open:
        return None
    if not fits:
        values = {"account_id": account_id, "failures": limits.failures, "locked_s": limits.locked_s}
        conn.execute(_SQL["note_failure"], values)
        return None
    anew = passwords.hashed(password) if passwords.is_outdated(kept) else None
    conn.execute(_SQL["note_success"], {"account_id": account_id, "password_hash": anew})
    return open_session(conn, account_id, limits.session_s, way="password", agent=agent)


def log_out(conn: Connection, secret: str) -> None:
    """Ends a session."""
    conn.execute(_SQL["end_session"], {"sha": secret_sha(secret)})


def caller_of(conn: Connection, secret: str) -> model.Caller | None:
    """Whose session this is; None when it ended or never was."""
    row = conn.execute(_SQL["caller_of_session"], {"sha": secret_sha(secret)}).fetchone()
    if row is None:
        return None
    who, name, account_id, is_admin, roles = row
    known = {org_id: model.Role(role) for org_id, role in (roles or {}).items()}
    return model.Caller(who, name, known, account_id=account_id, is_admin=is_admin)


def open_session(
    conn: Connection, account_id: int, session_s: float, *, way: Literal["password", "oidc"], agent: str
) -> str:
    """The secret of a new session of somebody who was found to be who they say they are."""
    secret = new_secret()
    conn.execute(_SQL["forget_sessions"])
    # What a browser calls itself may be no proper text.
    told = agent.encode("ascii", "replace").decode().replace("\x00", "?")[:200]
    values = {
        "sha": secret_sha(secret), "account_id": account_id, "session_s": session_s, "way": way, "agent": told
    }  # fmt: skip
    conn.execute(_SQL["open_session"], values)
    return secret


def _tries(conn: Connection, source: str) -> int:
    [(tries,)] = conn.execute(_SQL["count_try"], {"source": source}).fetchall()
    return int(tries)
