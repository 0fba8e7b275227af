"""What people see of alerts, and do with them: look, acknowledge, assign, comment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from psycopg.rows import class_row

from lighttrap import sql
from lighttrap.errors import Conflict, NotFound
from lighttrap.store.pool import Connection
from lighttrap.store.rows import record_row

_SQL = sql.load("handling")
NEWEST = 2**63 - 1
_FILTERS = (
    "alert_id", "state", "kind", "field_id", "commune_code", "level", "assignee", "assigned", "acknowledged",
    "to_approve",
)  # fmt: skip
HIGHEST = 2**31 - 1
Act = Literal["acknowledged", "assigned", "comment"]


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as it stands; `version` rises with every change.

    `to_approve` counts events that await a person's word, `told`, `unknown` and `dead` count messages.
    """

    alert_id: int
    org_id: str
    kind: str
    rule_id: int | None
    species: str | None
    field_id: str | None
    trap_id: str | None
    fault: str | None
    level: int
    highest: int
    state: str
    opened_night: date
    cleared_night: date | None
    raised_at: datetime
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    assignee: str | None
    version: int
    to_approve: int
    told: int
    unknown: int
    dead: int


@dataclass(frozen=True, slots=True)
class Event:
    """One thing said of an alert, with the numbers known then, and how far its messages got.

    `approval` is awaited, approved or rejected; None where farmers need none. `waiting` counts messages that await it.
    """

    event_id: int
    number: int
    word: str
    level: int
    night: date
    facts: dict[str, Any]
    at: datetime
    is_late: bool
    approval: str | None
    approved_by: str | None
    approved_at: datetime | None
    waiting: int
    told: int
    unknown: int
    dead: int


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody did with an alert."""

    note_id: int
    kind: str
    text: str
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FieldNight:
    """What a rule makes of a field's night; `value` is insects per trap and night."""

    rule_id: int
    species: str
    night: date
    value: float | None
    traps: int
    is_valid: bool
    is_final: bool
    level: int


def page_alerts(
    conn: Connection,
    org_id: str,
    *,
    state: str | None = None,
    kind: str | None = None,
    field_id: str | None = None,
    commune_code: str | None = None,
    level: int | None = None,
    assignee: str | None = None,
    assigned: bool | None = None,
    acknowledged: bool | None = None,
    to_approve: bool | None = None,
    worst: bool = False,
    before: tuple[int, int] = (HIGHEST, NEWEST),
    limit: int = 100,
) -> list[Alert]:
    """Alerts of an org, the newest first; with `worst`, those of the highest level before.

    They begin after the one that `before` names by its level (0 without `worst`) and id.
    """
    return _page(
        conn, org_id, state=state, kind=kind, field_id=field_id, commune_code=commune_code, level=level,
        assignee=assignee, assigned=assigned, acknowledged=acknowledged, to_approve=to_approve, worst=worst,
        before_rank=before[0], before_id=before[1], limit=limit,
    )  # fmt: skip


def get_alert(conn: Connection, org_id: str, alert_id: int) -> Alert:
    """One alert of an org. Raises NotFound."""
    found = _page(conn, org_id, alert_id=alert_id)
    if not found:
        raise NotFound(f"there is no alert {alert_id}")
    return found[0]


def events(conn: Connection, alert_id: int) -> list[Event]:
    """What was said of an alert, in order."""
    return conn.cursor(row_factory=class_row(Event)).execute(_SQL["events"], {"alert_id": alert_id}).fetchall()


def notes(conn: Connection, alert_id: int) -> list[Note]:
    """What was done with an alert, in order."""
    return conn.cursor(row_factory=class_row(Note)).execute(_SQL["notes"], {"alert_id": alert_id}).fetchall()


def handle(
    conn: Connection,
    org_id: str,
    alert_id: int,
    version: int,
    act: Act,
    *,
    author: str,
    text: str = "",
    assignee: str | None = None,
) -> Alert:
    """Acknowledges, assigns or comments the alert as it was seen, and notes that. Returns it as it is now.

    Who acknowledged first stays. Raises NotFound, and Conflict when it has changed since that version.
    """
    values = {
        "org_id": org_id, "alert_id": alert_id, "version": version, "kind": act, "author": author, "text": text,
        "assignee": assignee,
    }  # fmt: skip
    if conn.execute(_SQL["handle"], values).rowcount == 0:
        now = get_alert(conn, org_id, alert_id)
        raise Conflict(f"alert {alert_id} has changed to version {now.version} since you saw version {version}")
    conn.execute(_SQL["add_note"], values)
    return get_alert(conn, org_id, alert_id)


def nights_of_field(
    conn: Connection, org_id: str, field_id: str, first: date, last: date, species: str | None = None
) -> list[FieldNight]:
    """What the org's rules make of a field's nights, by species and night."""
    wanted = {"org_id": org_id, "field_id": field_id, "first": first, "last": last, "species": species}
    return conn.cursor(row_factory=record_row(FieldNight)).execute(_SQL["nights_of_field"], wanted).fetchall()


def _page(conn: Connection, org_id: str, **wanted: object) -> list[Alert]:
    values: dict[str, object] = dict.fromkeys(_FILTERS)
    values |= {"org_id": org_id, "worst": False, "before_rank": HIGHEST, "before_id": NEWEST, "limit": 1, **wanted}
    return conn.cursor(row_factory=record_row(Alert)).execute(_SQL["page_alerts"], values).fetchall()
