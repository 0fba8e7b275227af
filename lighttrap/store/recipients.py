"""Recipients: who is told of alerts, where they are reached, and of what."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import asdict
from datetime import datetime, time
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
_FILTERS = ("org_id", "recipient_id", "token_sha", "kind", "stopped", "field_id", "commune_code", "limit")


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


def page_recipients(
    conn: Connection,
    org_id: str,
    *,
    kind: str | None = None,
    stopped: bool | None = None,
    field_id: str | None = None,
    commune_code: str | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[model.Recipient]:
    """Recipients of an org with an id above `after`, by id; those with a subscription to that field or commune."""
    return _list(
        conn, org_id=org_id, kind=kind, stopped=stopped, field_id=field_id, commune_code=commune_code, after=after,
        limit=limit,
    )  # fmt: skip


def get_recipient(conn: Connection, recipient_id: int, org_id: str | None = None) -> model.Recipient:
    """One recipient; with `org_id`, only of that org. Raises NotFound."""
    return _one(_list(conn, recipient_id=recipient_id, org_id=org_id))


def lock_recipient(conn: Connection, org_id: str, recipient_id: int) -> model.Recipient:
    """One recipient of an org, whom nobody else changes until the transaction ends. Raises NotFound."""
    _require(conn.execute(_SQL["lock_recipient"], {"recipient_id": recipient_id, "org_id": org_id}).rowcount)
    return get_recipient(conn, recipient_id, org_id)


def change_recipient(conn: Connection, recipient: model.Recipient) -> None:
    """Writes name, kind, language, accents, quiet hours and time zone; no address, STOP or consent. Raises NotFound."""
    values = {**_values(recipient), "consent_at": None, "consent_how": None}
    _require(conn.execute(_SQL["update_recipient"], values).rowcount)


def put_address(conn: Connection, recipient_id: int, channel: str, address: str) -> None:
    """Where a channel reaches somebody from now on; another address than before is no longer marked as refused."""
    _put_addresses(conn, recipient_id, {channel: address})


def drop_address(conn: Connection, recipient_id: int, channel: str) -> None:
    """From now on a channel does not reach them. Raises NotFound."""
    values = {"recipient_id": recipient_id, "channel": channel}
    if conn.execute(_SQL["drop_address"], values).rowcount == 0:
        raise NotFound(f"they have no address for the channel {channel}")


def who_has(conn: Connection, org_id: str, channel: str, address: str) -> int | None:
    """Who of an org has an address, however it is written; None when nobody has, nor may get it meanwhile."""
    conn.execute(_SQL["lock_addresses"], {"org_id": org_id})
    values = {"org_id": org_id, "channel": channel, "forms": forms(channel, address)}
    row = conn.execute(_SQL["recipient_at"], values).fetchone()
    return int(row[0]) if row else None


def note_consent(conn: Connection, recipient_id: int, how: str, at: datetime) -> None:
    """Writes down that somebody agreed to be told, how and when. It does not end a STOP."""
    conn.execute(_SQL["note_consent"], {"recipient_id": recipient_id, "consent_how": how, "at": at})


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


def resume(conn: Connection, recipient_id: int, consent_how: str, at: datetime | None = None) -> None:
    """Ends a STOP by a new consent, given now or `at`. Raises NotFound."""
    values = {"recipient_id": recipient_id, "consent_how": consent_how, "at": at}
    _require(conn.execute(_SQL["resume_recipient"], values).rowcount)


def subscribe(conn: Connection, subscription: model.Subscription) -> int:
    """Tells a recipient of a place's alerts from a level on; the same place again changes the level.

    Returns the subscription's id. Raises InputFault when the field is not of the recipient's org, NotFound when there
    is no such recipient.
    """
    values = asdict(subscription)
    get_recipient(conn, subscription.recipient_id)
    if subscription.field_id is not None:
        row = conn.execute(_SQL["field_is_of_org"], values).fetchone()
        if not (row and row[0]):
            raise InputFault(f"there is no field {subscription.field_id} in the recipient's org")
    [(subscription_id,)] = conn.execute(_SQL["subscribe"], values).fetchall()
    return int(subscription_id)


def unsubscribe(conn: Connection, recipient_id: int, subscription_id: int) -> None:
    """Ends a subscription of a recipient. Raises NotFound."""
    values = {"recipient_id": recipient_id, "subscription_id": subscription_id}
    if conn.execute(_SQL["unsubscribe"], values).rowcount == 0:
        raise NotFound(f"recipient {recipient_id} has no subscription {subscription_id}")


def subscriptions(conn: Connection, recipient_id: int) -> list[model.Subscription]:
    """Of what a recipient is told."""
    cursor = conn.cursor(row_factory=class_row(model.Subscription))
    return cursor.execute(_SQL["subscriptions"], {"recipient_id": recipient_id}).fetchall()


def get_setting(conn: Connection, org_id: str) -> model.OrgSetting:
    """What an org has decided for itself; what it has not decided is as for everybody. Raises NotFound."""
    cursor = conn.cursor(row_factory=class_row(model.OrgSetting))
    found = cursor.execute(_SQL["get_setting"], {"org_id": org_id}).fetchone()
    if found is None:
        raise NotFound(f"there is no org {org_id}")
    return found


def put_setting(
    conn: Connection,
    org_id: str,
    author: str,
    *,
    farmers_need_approval: bool | None = None,
    phone: str | None = None,
) -> None:
    """What an org decides for itself; None keeps the old value, and an empty `phone` is none.

    Whether farmers are told only what a person approved counts for events from now on; `phone` stands in messages.
    """
    values = {"org_id": org_id, "farmers_need_approval": farmers_need_approval, "phone": phone, "author": author}
    conn.execute(_SQL["put_setting"], values)


def _known(conn: Connection, recipient: model.Recipient) -> int | None:
    for channel, address in recipient.addresses.items():
        found = who_has(conn, recipient.org_id, channel, address)
        if found is not None:
            return found
    return None


def _put_addresses(conn: Connection, recipient_id: int, addresses: dict[str, str]) -> None:
    for channel, address in addresses.items():
        values = {"recipient_id": recipient_id, "channel": channel, "address": _tidy(channel, address)}
        conn.execute(_SQL["put_address"], values)


def _tidy(channel: str, address: str) -> str:
    """A telephone number without what people write between its digits."""
    return re.sub(r"[\s().-]", "", address) if channel in _TELEPHONES else address.strip()


def _list(conn: Connection, **wanted: Any) -> list[model.Recipient]:  # noqa: ANN401 - statement parameters
    values: dict[str, Any] = dict.fromkeys(_FILTERS)
    values |= {"after": 0, **wanted}
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
    del values["addresses"], values["refused"]
    return values
