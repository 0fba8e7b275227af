"""Rules, what they make of nights, and the alerts that follow."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import Field

from lighttrap.views.view import View


class Rule(View):
    """From which catch on a field's night is a watch, a warning, an alarm (insects per trap and night)."""

    rule_id: int
    org_id: str
    kind: str
    species: str
    field_id: str | None
    commune_code: str | None
    watch: float | None
    warning: float | None
    alarm: float | None
    clear_below: float = Field(description="A night is calm below this share of the lowest level.")
    clear_nights: int = Field(description="Calm nights in a row that end an alert.")
    k: int = Field(description="k of the last n known nights must reach a level.")
    n: int
    min_lamp_s: int
    floor: float | None = Field(description="Least catch for the two ratios.")
    jump_ratio: float | None
    trend_ratio: float | None
    is_proposal: bool = Field(description="A default that no agronomist has set yet.")
    version: int
    author: str
    created_at: datetime
    replaced_at: datetime | None = Field(description="When it went out of force; null while it is in force.")


class Alert(View):
    """One episode, from the first night at a level to the all-clear. Levels: 1 watch, 2 warning, 3 alarm."""

    alert_id: int
    org_id: str
    kind: str = Field(description="catch or device.")
    rule_id: int | None
    species: str | None
    field_id: str | None
    trap_id: str | None
    fault: str | None
    level: int
    highest: int
    state: str = Field(description="active, cleared or withdrawn.")
    opened_night: date
    cleared_night: date | None
    raised_at: datetime
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    assignee: str | None
    version: int = Field(description="Rises with every change; name it when you change the alert.")


class AlertEvent(View):
    """One thing said of an alert, with the numbers known then."""

    event_id: int
    number: int
    word: str = Field(description="raised, corrected, reopened or cleared.")
    level: int
    night: date
    facts: dict[str, Any]
    at: datetime
    is_late: bool = Field(description="Too far back to tell anybody.")


class AlertNote(View):
    """What somebody did with an alert."""

    note_id: int
    kind: str
    text: str
    author: str
    at: datetime


class AlertCase(View):
    """An alert with all that was said of it and done with it."""

    alert: Alert
    events: list[AlertEvent]
    notes: list[AlertNote]


class JudgedNight(View):
    """What a rule makes of a field's night."""

    rule_id: int
    species: str
    night: date
    value: float | None = Field(description="Median over the traps of the field, insects per trap and night.")
    traps: int
    is_valid: bool
    is_final: bool = Field(description="Nothing more is expected of this night.")
    level: int = Field(description="0 none, 1 watch, 2 warning, 3 alarm.")
