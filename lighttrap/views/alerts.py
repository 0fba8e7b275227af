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
    to_approve: int = Field(description="Events that await a person's word before farmers are told.")
    told: int = Field(description="Messages that were sent.")
    unknown: int = Field(description="Messages of which nobody knows whether they were sent.")
    dead: int = Field(description="Messages that were given up.")


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
    approval: str | None = Field(description="awaited, approved or rejected; null: farmers need none.")
    approved_by: str | None = Field(description="Who approved or rejected it.")
    approved_at: datetime | None
    waiting: int = Field(description="Messages that await the approval.")
    told: int = Field(description="Messages that were sent.")
    unknown: int = Field(description="Messages of which nobody knows whether they were sent.")
    dead: int = Field(description="Messages that were given up.")


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


class Reach(View):
    """How many people one channel has for an event, by what became of their messages or will."""

    channel: str
    to_tell: int = Field(description="Would be told on approval, by what is known of STOP and consent now.")
    told: int
    unknown: int
    dead: int
    skipped: int = Field(description="Not told: STOP, no consent, no address, superseded ...")


class EventText(View):
    """The text of an event for readers of one language by one kind of channel."""

    language: str = Field(description="Of the reader: vi, km or en.")
    kind: str = Field(description="sms, chat, email or voice.")
    accents: bool = Field(description="Whether the reader wants accents; matters to SMS only.")
    subject: str = Field(description="Empty but for e-mail.")
    text: str
    written_in: str = Field(description="The language it is in; Vietnamese where the reader's cannot be used yet.")
    is_fallback: bool = Field(description="It is not in the reader's language.")
    needs_review: bool = Field(description="Its wording waits for the plant-protection office or a native reader.")
    encoding: str | None = Field(description="GSM-7 or UCS-2; null but for SMS.")
    units: int | None = Field(description="Septets or 16-bit words.")
    segments: int | None = Field(description="Parts that are paid for.")


class WaitingText(View):
    """A text as it waits for the approval, and how many would be sent it."""

    channel: str
    subject: str | None
    text: str
    segments: int | None
    recipients: int


class EventPreview(View):
    """What an approval would send: to how many, and in which words."""

    event: AlertEvent
    reach: list[Reach]
    waiting: list[WaitingText] = Field(description="Written down already, and sent as they are.")
    texts: list[EventText] = Field(description="In every language and kind, by the texts of today.")


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
