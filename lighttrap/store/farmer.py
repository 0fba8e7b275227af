"""What a farmer's page tells: whose it is, and how things stand in each field and pest they are told of."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from psycopg.rows import class_row, kwargs_row

from lighttrap import sql
from lighttrap.errors import NotFound
from lighttrap.store.pool import Connection
from lighttrap.store.recipients import token_sha

_SQL = sql.load("farmer")
NIGHTS = 15
"""Nights back that a page may speak of; it draws the last seven."""
ENDED_DAYS = 7
"""So long after its end an alert is still told as over or corrected."""
_LINK_BYTES = 16
_FIELDS = 200
_LINES = 40


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose page it is. `phone` is whom the org's farmers call."""

    recipient_id: int
    org_id: str
    org_name: str
    language: str
    is_stopped: bool
    phone: str | None


@dataclass(frozen=True, slots=True)
class Night:
    """A judged night: insects per trap and night, None when not known."""

    night: date
    value: float | None
    level: int
    is_valid: bool
    is_final: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Saying:
    """An alert event, with a person's verdict on telling it to farmers, or None."""

    word: str
    level: int
    night: date
    at: datetime
    facts: Mapping[str, Any]
    verdict: str | None


@dataclass(frozen=True, slots=True)
class Watched:
    """A field and a pest that a recipient is told of; `species` None where no rule is in force.

    `nights` and `events` are in order; the levels are those of the rule in force.
    """

    field_id: str
    field_name: str
    commune: str | None
    time_zone: str
    tonight: date
    species: str | None
    watch: float | None
    warning: float | None
    alarm: float | None
    floor: float | None
    is_proposal: bool
    needs_approval: bool
    alert_id: int | None = None
    alert_state: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    events: tuple[Saying, ...] = ()
    nights: tuple[Night, ...] = ()
    traps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PublicAlert:
    """A commune where a pest has reached a level."""

    commune: str
    species: str
    level: int
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Telephone:
    """Whom farmers of an org call."""

    name: str
    phone: str


def reader(conn: Connection, token: str, now: datetime) -> Reader:
    """Whose page a token opens, stopped or not. Raises NotFound, for a link that has expired too."""
    values = {"token_sha": token_sha(token), "now": now}
    row = conn.cursor(row_factory=class_row(Reader)).execute(_SQL["reader"], values).fetchone()
    if row is None:
        raise NotFound("there is no such page")
    return row


def add_link(conn: Connection, recipient_id: int, now: datetime, expires_at: datetime) -> str:
    """A token that opens a recipient's page until it expires. It is told this once; those that ended are forgotten."""
    token = secrets.token_urlsafe(_LINK_BYTES)
    conn.execute(_SQL["forget_links"], {"recipient_id": recipient_id, "now": now})
    values = {"link_sha": token_sha(token), "recipient_id": recipient_id, "now": now, "expires_at": expires_at}
    conn.execute(_SQL["add_link"], values)
    return token


def watched(conn: Connection, recipient_id: int, now: datetime) -> list[Watched]:
    """How things stand for one recipient, by field and species; of one moment, as it is one statement."""
    values = {"recipient_id": recipient_id, "now": now, "limit": _FIELDS, "days": ENDED_DAYS, "nights": NIGHTS}
    return conn.cursor(row_factory=kwargs_row(_watched)).execute(_SQL["watched"], values).fetchall()


def public_alerts(conn: Connection) -> list[PublicAlert]:
    """What anybody may know, the worst first."""
    cursor = conn.cursor(row_factory=class_row(PublicAlert))
    return cursor.execute(_SQL["public_alerts"], {"limit": _LINES}).fetchall()


def telephones(conn: Connection) -> list[Telephone]:
    """Whom farmers call, org by org."""
    return conn.cursor(row_factory=class_row(Telephone)).execute(_SQL["telephones"], {"limit": _LINES}).fetchall()


def _watched(**row: Any) -> Watched:  # noqa: ANN401 - columns of a row
    events, nights = row.pop("events"), row.pop("nights")
    return Watched(
        **{**row, "traps": tuple(row["traps"])},
        events=tuple(Saying(**{**one, **_dated(one)}) for one in events),
        nights=tuple(Night(**{**one, **_dated(one)}) for one in nights),
    )


def _dated(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"night": date.fromisoformat(one["night"]), "at": datetime.fromisoformat(one["at"])}
