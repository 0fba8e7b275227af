"""Which person at an OpenID Connect provider an account is, and who was sent there and has not come back."""

from __future__ import annotations

from dataclasses import dataclass

from lighttrap import sql
from lighttrap.errors import Conflict, NotFound
from lighttrap.store.logins import new_secret, secret_sha
from lighttrap.store.pool import Connection

_SQL = sql.load("identities")
LIVES_S = 600.0
"""So long somebody has to log in at the provider."""


@dataclass(frozen=True, slots=True)
class OidcTry:
    """What is needed to know again what comes back from the provider."""

    nonce: str
    verifier: str
    next_path: str
    """Where the person goes then, a path of ours."""


@dataclass(frozen=True, slots=True)
class Known:
    """The account of a person at the provider."""

    account_id: int
    login: str
    is_new: bool
    """Whether the two were bound to each other just now."""


def begin(conn: Connection, next_path: str) -> tuple[OidcTry, str, str]:
    """Begins a login. Returns it, the state that the provider sends back, and the secret that the browser keeps."""
    conn.execute(_SQL["forget_tries"])
    begun, state, browser = OidcTry(new_secret(), new_secret(), next_path), new_secret(), new_secret()
    values = {
        "state_sha": secret_sha(state), "browser_sha": secret_sha(browser), "nonce": begun.nonce,
        "verifier": begun.verifier, "next_path": next_path, "lives_s": LIVES_S,
    }  # fmt: skip
    conn.execute(_SQL["begin"], values)
    return begun, state, browser


def take(conn: Connection, state: str, browser: str) -> OidcTry | None:
    """The login that was begun with this state by this browser, once; None when it was not. Commit in either case."""
    values = {"state_sha": secret_sha(state), "browser_sha": secret_sha(browser)}
    row = conn.execute(_SQL["take"], values).fetchone()
    if row is None:
        return None
    *begun, is_good = row
    return OidcTry(*begun) if is_good else None


def account_of(conn: Connection, issuer: str, subject: str, email: str) -> Known:
    """The account of a person at a provider; one who comes for the first time is known by their e-mail address.

    Raises NotFound when there is none that can log in, Conflict when it is bound to somebody else at that provider.
    """
    identity = {"issuer": issuer, "subject": subject}
    row = conn.execute(_SQL["account_of_identity"], identity).fetchone()
    is_new = row is None
    if row is None:
        row = conn.execute(_SQL["account_of_login"], {"login": email.lower()}).fetchone()
    if row is None or not row[2]:
        raise NotFound(f"there is no account {email}")
    account_id, login, _ = row
    if is_new and conn.execute(_SQL["link"], {**identity, "account_id": account_id}).rowcount == 0:
        raise Conflict(f"account {login} is bound to somebody else at the provider")
    if is_new:
        _take_over(conn, account_id)
    return Known(account_id, login, is_new)


def _take_over(conn: Connection, account_id: int) -> None:
    """The provider says whose the login is: whoever made the account for them keeps no way in."""
    if conn.execute(_SQL["take_over"], {"account_id": account_id}).rowcount:
        conn.execute(_SQL["end_sessions"], {"account_id": account_id})


def forget(conn: Connection, account_id: int) -> int:
    """Unbinds an account from whom it is at providers. Returns from how many."""
    return conn.execute(_SQL["forget_identities"], {"account_id": account_id}).rowcount
