"""What the API answers. Instants are in UTC; a night is the evening's date; units stand in the names.

Within version 1 a field is never taken away and never changes its meaning; new ones may come. docs/api.md has the
promise.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from lighttrap.model import NightState, Role
from lighttrap.species import Role as SpeciesRole

Item = TypeVar("Item")


class View(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Page(View, Generic[Item]):
    """Some items of a longer list."""

    items: list[Item]
    next: str | None = Field(description="Give it as `after` for the next page; null at the end.")


class Me(View):
    """Who asks."""

    who: str = Field(description="As it stands in the audit log.")
    name: str
    is_admin: bool = Field(description="Admin of every org.")
    roles: dict[str, Role] = Field(description="By org.")


class Org(View):
    """Who owns traps: a station, a province."""

    org_id: str
    name: str


class Species(View):
    """A species; the names are for display."""

    key: str
    scientific_name: str | None
    name_vi: str
    name_en: str
    name_km: str | None
    role: SpeciesRole
    eppo_code: str | None


class PlotField(View):
    """A farmer's plot."""

    model_config = ConfigDict(title="Field")
    field_id: str
    org_id: str
    name: str
    time_zone: str
    boundary: dict[str, Any] | None = Field(description="GeoJSON geometry, longitude first.")
    area_ha: float | None
    commune_code: str | None
    growing_area_code: str | None


class FieldProperties(View):
    """A field's properties on a map."""

    org_id: str
    name: str
    time_zone: str
    area_ha: float | None
    commune_code: str | None
    growing_area_code: str | None


class FieldFeature(View):
    """A field on a map (GeoJSON, RFC 7946); without a geometry when its place is not known."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: dict[str, Any] | None
    properties: FieldProperties


class FieldMap(View):
    """Fields on a map (GeoJSON, RFC 7946)."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[FieldFeature]


class Trap(View):
    """A light trap and the field it stands in now."""

    trap_id: str
    org_id: str
    name: str
    nominal_s: int = Field(description="Planned lamp seconds of a night.")
    interval_s: int = Field(description="Seconds between readings.")
    in_service_from: datetime
    retired_at: datetime | None
    field_id: str | None


class Device(View):
    """How a trap is; None where it has not said."""

    trap_id: str
    last_heard_at: datetime | None
    online: bool | None
    said_at: datetime | None = Field(description="When it said whether it is online.")
    firmware: str | None
    battery_v: float | None
    panel_v: float | None
    signal_dbm: float | None
    missing: int = Field(description="Readings that have not come though they were sent.")
    faults: list[str] = Field(description="Of its active device alerts: silent, battery, lamp, gap.")


class CatchNight(View):
    """One trap, night and species. A night without any count has one item without species."""

    trap_id: str
    species: str | None
    night: date
    count: int | None = Field(description="Insects; null is unknown, 0 is none. Not to be reckoned with when lost.")
    lamp_s: int = Field(description="Seconds the lamp was on, for this species.")
    state: NightState


class Catch(View):
    """Insects of one species in one place, in one night or week."""

    place: str = Field(description="A trap, field or commune, as asked for.")
    species: str
    night: date = Field(description="The night; of a week, its Monday.")
    count: int = Field(description="Insects in all traps of the place.")
    trap_nights: int = Field(description="Nights of traps that this is the sum of: lamp on for half the plan or more.")
    per_trap_night: float = Field(description="count / trap_nights: insects per trap and night.")


class Reading(View):
    """One packet's measurements."""

    boot: int
    seq: int
    start_at: datetime
    end_at: datetime
    night: date
    lamp_s: int
    counts: dict[str, int] = Field(description="Insects by species looked for.")
    temperature_c: float | None
    humidity_pct: float | None
    rain_mm: float | None
    wind_m_s: float | None
    light_lx: float | None
    battery_v: float | None
    panel_v: float | None
    signal_dbm: float | None
    model_version: str | None
    image_ref: str | None
    received_at: datetime


class LedgerLine(View):
    """What became of a trap's readings: sent = stored + rejected + gone + missing."""

    trap_id: str
    boot: int = Field(description="Of a line of a whole trap, its newest.")
    sent: int
    stored: int
    duplicate: int
    rejected: int
    gone: int
    missing: int
    first_at: datetime | None
    last_at: datetime | None


class Gap(View):
    """A range of readings that did not come when they should."""

    trap_id: str
    boot: int
    from_seq: int
    to_seq: int
    opened_at: datetime
    asked: int = Field(description="How often they were asked for again.")
    closed_at: datetime | None
    outcome: str | None = Field(description="filled or gone; null while it is open.")
    first_night: date | None
    last_night: date | None


class QuarantinedMessage(View):
    """A message that could not be stored, kept with the reason."""

    quarantine_id: int
    received_at: datetime
    topic: str = Field(description="Bytes that are no UTF-8 are escaped.")
    payload: str = Field(description="The same; the first 2,000 bytes.")
    payload_bytes: int
    reason: str
    detail: str
    times: int = Field(description="How often it came.")
    state: str


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


class User(View):
    """A person of an org."""

    account_id: int
    login: str
    name: str
    role: Role
    locked_until: datetime | None
    disabled_at: datetime | None
    created_at: datetime


class Token(View):
    """A program's way into an org."""

    token_id: int
    org_id: str
    name: str
    role: Role
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewToken(View):
    """A token that was just made."""

    token: Token
    secret: str = Field(description="Told this once: send it as `Authorization: Bearer ...`.")


class AuditEntry(View):
    """One change by a person or a token."""

    audit_id: int
    at: datetime
    who: str
    org_id: str | None
    action: str
    object_kind: str
    object_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
