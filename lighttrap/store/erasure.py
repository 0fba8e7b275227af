"""Erasure: who somebody was goes for good; that there were so many messages, and what staff decided, stays."""

from __future__ import annotations

import secrets

from lighttrap import sql
from lighttrap.errors import NotFound
from lighttrap.store import recipients
from lighttrap.store.pool import Connection

_SQL = sql.load("erasure")


def erase(conn: Connection, org_id: str, recipient_id: int) -> dict[str, int]:
    """Takes away all that says who a recipient is or what they were told; nothing more is sent to them.

    The rows of their deliveries stay, without words, so that counts do not change. Returns how many rows of what were
    touched. Raises NotFound. What a backup holds it holds until that backup is thrown away.
    """
    unknown = recipients.token_sha(secrets.token_urlsafe())
    values = {"org_id": org_id, "recipient_id": recipient_id, "token_sha": unknown}
    found = recipients.get_recipient(conn, recipient_id, org_id)
    conn.execute(_SQL["lock_deliveries"], values)
    if conn.execute(_SQL["erase_recipient"], values).rowcount == 0:
        raise NotFound("there is no such recipient")
    signups = 0
    for channel, address in found.addresses.items():
        wanted = {**values, "channel": channel, "forms": recipients.forms(channel, address)}
        signups += conn.execute(_SQL["erase_signups"], wanted).rowcount
    names = ("erase_addresses", "erase_subscriptions", "erase_links", "erase_attempts", "erase_deliveries")
    return {"signups": signups, **_run(conn, names, values)}


def erase_account(conn: Connection, account_id: int) -> dict[str, int]:
    """Takes away login, name, password, roles and sessions of somebody who left; they never log in again.

    What they did stays under the login that they had: authors of corrections, visits, notes, rules and approvals, and
    the audit log. Returns how many rows of what were touched. Raises NotFound.
    """
    # Nobody can choose that login beforehand.
    values = {"account_id": account_id, "login": f"erased-{account_id}-{secrets.token_hex(4)}"}
    if conn.execute(_SQL["erase_account"], values).rowcount == 0:
        raise NotFound("there is no such account")
    return _run(conn, ("erase_sessions", "erase_identities", "erase_memberships"), values)


def erase_signups(conn: Connection, forms: list[str]) -> int:
    """Takes away the wishes of people who signed up with such an address; returns how many."""
    return conn.execute(_SQL["erase_wishes"], {"forms": forms}).rowcount


def _run(conn: Connection, names: tuple[str, ...], values: dict[str, object]) -> dict[str, int]:
    return {name.removeprefix("erase_"): conn.execute(_SQL[name], values).rowcount for name in names}
