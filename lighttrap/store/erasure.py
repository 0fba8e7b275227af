"""Erasure: a recipient's name, addresses and messages go for good; that there were so many messages stays."""

from __future__ import annotations

import secrets

from lighttrap import sql
from lighttrap.errors import NotFound
from lighttrap.store import recipients
from lighttrap.store.pool import Connection

_SQL = sql.load("erasure")


def erase(conn: Connection, org_id: str, recipient_id: int) -> None:
    """Takes away all that says who a recipient is or what they were told; nothing more is sent to them.

    The rows of their deliveries stay, without words, so that counts do not change. Raises NotFound. What a backup
    holds it holds until that backup is thrown away.
    """
    unknown = recipients.token_sha(secrets.token_urlsafe())
    values = {"org_id": org_id, "recipient_id": recipient_id, "token_sha": unknown}
    found = recipients.get_recipient(conn, recipient_id, org_id)
    conn.execute(_SQL["lock_deliveries"], values)
    if conn.execute(_SQL["erase_recipient"], values).rowcount == 0:
        raise NotFound("there is no such recipient")
    for channel, address in found.addresses.items():
        conn.execute(_SQL["erase_signups"], {**values, "channel": channel, "forms": recipients.forms(channel, address)})
    for name in ("erase_addresses", "erase_subscriptions", "erase_links", "erase_attempts", "erase_deliveries"):
        conn.execute(_SQL[name], values)
