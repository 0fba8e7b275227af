"""Recipients: who is told of alerts, where they are reached, and of what."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import asdict
from datetime import time
from typing import Any

from psycopg.rows import class_row

from lighttrap import model, sql
from lighttrap.errors import InputFault, NotFound
from lighttrap.store.pool import Connection

_SQL = sql.load("recipients")
FARMERS_QUIET = (time(21, 0), time(5, 30))
"""Farmers' messages wait from and until then, unless they wish otherwise."""
_TOKEN_BYTES = 18
_TELEPHONES = ("sms", "zns")


def add_recipient(conn: Connection, recipient: model.Recipient) -> tuple[int, str]:
    """Adds a recipient with its addresses. Returns its id and the token of its own page, told this once."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    values = {**_values(recipient), "token_sha": token_sha(token)}
    [(recipient_id,)] = conn.execute(_SQL["add_recipient"], values).fetchall()
    _put_addresses(conn, recipient_id, recipient.addresses)
    return int(recipient_id), token


def put_recipient(conn: Connection, recipient: model.Recipient) -> tuple[int, str | None]:
    """Adds a recipient, or changes the one of that org with one of these addresses. The token is None when changed.

    A change neither ends a STOP nor takes back a consent.
    """
    known = _known(conn, recipient)
    if known is None:
        return add_recipient(conn, recipient)
    conn.execute(_SQL["update_recipient"], {**_values(recipient), "recipient_id": known})
    _put_addresses(conn, known, recipient.addresses)
    return known, None


def list_recipients(conn: Connection, org_id: str | None = None) -> list[model.Recipient]:
    """The recipients of one org, or of all, by id."""
    return _list(conn, org_id=org_id)


def get_recipient(conn: Connection, recipient_id: int) -> model.Recipient:
    """One recipient. Raises NotFound."""
    return _one(_list(conn, recipient_id=recipient_id))


def by_token(conn: Connection, token: str) -> model.Recipient:
    """Whose page a token opens. Raises NotFound."""
    return _one(_list(conn, token_sha=token_sha(token)))


def new_token(conn: Connection, recipient_id: int) -> str:
    """A new token for a recipient's page; the old one opens nothing any more. Raises NotFound."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    _require(conn.execute(_SQL["new_token"], {"recipient_id": recipient_id, "token_sha": token_sha(token)}).rowcount)
    return token


def token_sha(token: str) -> bytes:
    """What is kept of a token: its SHA-256; 144 random bits need no salt."""
    return hashlib.sha256(token.encode()).digest()


def stop(conn: Connection, recipient_id: int) -> None:
    """STOP: told nothing more, on any channel; the first time counts. Raises NotFound."""
    _require(conn.execute(_SQL["stop_recipient"], {"recipient_id": recipient_id}).rowcount)


def stop_address(conn: Connection, channel: str, address: str) -> int:
    """STOP from whoever has this address, on all their channels. Returns how many that were."""
    return conn.execute(_SQL["stop_address"], {"channel": channel, "forms": forms(channel, address)}).rowcount


def forms(channel: str, address: str) -> list[str]:
    """The ways in which one address may be written; that of a Vietnamese telephone with 0, 84 or +84."""
    plain = _tidy(channel, address)
    found = re.fullmatch(r"(?:0|\+?84)(\d{8,10})", plain)
    if channel not in _TELEPHONES or found is None:
        return [plain]
    return [f"{start}{found[1]}" for start in ("0", "84", "+84")]


def resume(conn: Connection, recipient_id: int, consent_how: str) -> None:
    """Ends a STOP by a new consent. Raises NotFound."""
    values = {"recipient_id": recipient_id, "consent_how": consent_how}
    _require(conn.execute(_SQL["resume_recipient"], values).rowcount)


def subscribe(conn: Connection, subscription: model.Subscription) -> None:
    """Tells a recipient of a place's alerts from a level on; the same place again changes the level.

    Raises InputFault when the field is not of the recipient's org, NotFound when there is no such recipient.
    """
    values = asdict(subscription)
    get_recipient(conn, subscription.recipient_id)
    if subscription.field_id is not None:
        row = conn.execute(_SQL["field_is_of_org"], values).fetchone()
        if not (row and row[0]):
            raise InputFault(f"there is no field {subscription.field_id} in the recipient's org")
    conn.execute(_SQL["subscribe"], values)


def subscriptions(conn: Connection, recipient_id: int) -> list[model.Subscription]:
    """Of what a recipient is told."""
    cursor = conn.cursor(row_factory=class_row(model.Subscription))
    return cursor.execute(_SQL["subscriptions"], {"recipient_id": recipient_id}).fetchall()


def put_setting(
    conn: Connection,
    org_id: str,
    author: str,
    *,
    farmers_need_approval: bool | None = None,
    phone: str | None = None,
) -> None:
    """What an org decides for itself; None keeps the old value.

    Whether farmers are told only what a person approved counts for events from now on; `phone` stands in messages.
    """
    values = {"org_id": org_id, "farmers_need_approval": farmers_need_approval, "phone": phone, "author": author}
    conn.execute(_SQL["put_setting"], values)


def _known(conn: Connection, recipient: model.Recipient) -> int | None:
    for channel, address in recipient.addresses.items():
        values = {"org_id": recipient.org_id, "channel": channel, "forms": forms(channel, address)}
        row = conn.execute(_SQL["recipient_at"], values).fetchone()
        if row:
            return int(row[0])
    return None


def _put_addresses(conn: Connection, recipient_id: int, addresses: dict[str, str]) -> None:
    for channel, address in addresses.items():
        values = {"recipient_id": recipient_id, "channel": channel, "address": _tidy(channel, address)}
        conn.execute(_SQL["put_address"], values)


def _tidy(channel: str, address: str) -> str:
    """A telephone number without what people write between its digits."""
    return re.sub(r"[\s().-]", "", address) if channel in _TELEPHONES else address.strip()


def _list(conn: Connection, **wanted: Any) -> list[model.Recipient]:  # noqa: ANN401 - statement parameters
    values = {"org_id": None, "recipient_id": None, "token_sha": None, **wanted}
    return conn.cursor(row_factory=class_row(model.Recipient)).execute(_SQL["list_recipients"], values).fetchall()


def _one(found: list[model.Recipient]) -> model.Recipient:
    if not found:
        raise NotFound("there is no such recipient")
    return found[0]


def _require(rowcount: int) -> None:
    if rowcount == 0:
        raise NotFound("there is no such recipient")


def _values(recipient: model.Recipient) -> dict[str, object]:
    values = asdict(recipient)
    del values["addresses"]
    return values
