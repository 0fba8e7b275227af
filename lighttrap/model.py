"""The things lighttrap speaks of, as they come out of the store. Instants are aware; a night is the evening's date."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any


class NightState(StrEnum):
    """What is known of one trap's night. Zero catch needs lamp time; `lost` and `silent` are unknown, never zero."""

    COMPLETE = "complete"
    """Lamp on for at least 80 % of the planned time."""
    PARTIAL = "partial"
    """50-80 % of it."""
    LOST = "lost"
    """Below 50 %: the catch says nothing."""
    SILENT = "silent"
    """No reading at all."""
    PENDING = "pending"
    """Not over yet, or not yet past the limit for late messages, and not complete so far."""


@dataclass(frozen=True, slots=True)
class Org:
    """Who owns traps: a station, a province.

    `keep_readings_days` is for how long raw readings are kept, None for ever; before `readings_from` some are gone.
    """

    org_id: str
    name: str
    keep_readings_days: int | None = None
    readings_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A farmer's plot. `boundary` is a GeoJSON geometry (lon, lat); area in hectares; codes are text."""

    field_id: str
    org_id: str
    name: str
    time_zone: str
    boundary: dict[str, Any] | None = None
    area_ha: float | None = None
    commune_code: str | None = None
    growing_area_code: str | None = None


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune by its code; the name has its kind in front, as Phường Ninh Kiều. Former units are labels."""

    commune_code: str
    name: str
    province_code: str | None = None
    province: str | None = None
    former_province: str | None = None
    former_district: str | None = None


@dataclass(frozen=True, slots=True)
class Trap:
    """One light trap. `nominal_s` is the planned lamp time of a night, `interval_s` the time between readings."""

    trap_id: str
    org_id: str
    name: str
    nominal_s: int
    interval_s: int
    in_service_from: datetime
    retired_at: datetime | None = None
    field_id: str | None = None


class Work(StrEnum):
    """What somebody did at a trap."""

    TRAY_CLEANED = "tray-cleaned"
    LAMP_CHANGED = "lamp-changed"
    BATTERY_CHANGED = "battery-changed"
    PANEL_CLEANED = "panel-cleaned"
    CAMERA_CLEANED = "camera-cleaned"
    MOVED = "moved"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class TrapCredential:
    """That a trap got a secret for the broker, from whom, and whether it still counts; never the secret."""

    trap_id: str
    issued_at: datetime
    issued_by: str
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class TrapLogin:
    """A trap that may log in at the broker; `secret_hash` is as Mosquitto's password file has it."""

    trap_id: str
    org_id: str
    secret_hash: str


@dataclass(frozen=True, slots=True)
class CatchNight:
    """Catch of one trap, species and night: insects per trap per night (con/bẫy/đêm).

    `count` and `species` are None when the night is silent or the trap has never reported a species; a `lost` night
    keeps what was counted, to be shown, but is not a catch to reckon with. `count` is the verified one where a
    correction is in force, else the machine's.
    """

    trap_id: str
    species: str | None
    night: date
    count: int | None
    lamp_s: int
    state: NightState
    machine_count: int | None = None
    correction_id: int | None = None


@dataclass(frozen=True, slots=True)
class ManualNight:
    """A catch from a station's old records: `count` insects of one species in `nights` nights, the last being `night`.

    `nominal_s` is the lamp time of one night, by the record's protocol. The trap need not be registered.
    """

    trap_id: str
    trap_name: str
    species: str
    night: date
    count: int
    nominal_s: int
    nights: int = 1


@dataclass(frozen=True, slots=True)
class HistoryNight:
    """One count of a trap and species as history has it, from readings or from manual records.

    `count` insects in `nights` nights, the last being `night`, in `lamp_s` seconds of lamp time of all these nights;
    `nominal_s` is the planned time of one. Differing `nominal_s` are different protocols.
    """

    trap_id: str
    night: date
    count: int
    nights: int
    lamp_s: int
    nominal_s: int
    is_manual: bool


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """What became of one boot's readings, in numbers of seq. sent = stored + rejected + gone + missing."""

    trap_id: str
    boot: int
    sent: int
    stored: int
    duplicate: int
    rejected: int
    gone: int
    missing: int
    watermark: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Gap:
    """A range of seq not yet stored; `outcome` is None while open, then filled or gone."""

    trap_id: str
    boot: int
    from_seq: int
    to_seq: int
    opened_at: datetime
    asked: int
    closed_at: datetime | None
    outcome: str | None
    first_night: date | None
    last_night: date | None


@dataclass(frozen=True, slots=True)
class QuarantinedMessage:
    """A message that could not be stored, kept with the reason."""

    quarantine_id: int
    received_at: datetime
    topic: bytes
    payload: bytes
    reason: str
    detail: str
    times: int
    state: str


@dataclass(frozen=True, slots=True)
class AlertRule:
    """What is worth an alert: for one species in a field, a commune or the whole org, the most exact one counts.

    Levels, `floor` in insects per trap and night; a level that is None is not used. `k` of the last `n` known nights
    reach a level; `clear_nights` nights in a row below `clear_below` times the lowest threshold end the alert.
    `jump_ratio` and `trend_ratio` compare with the place's own past and raise a watch, from `floor` on.
    `replaced_at` is None while the version is in force.
    """

    org_id: str
    species: str
    author: str
    watch: float | None = None
    warning: float | None = None
    alarm: float | None = None
    field_id: str | None = None
    commune_code: str | None = None
    clear_below: float = 0.5
    clear_nights: int = 3
    k: int = 1
    n: int = 1
    min_lamp_s: int = 0
    floor: float | None = None
    jump_ratio: float | None = None
    trend_ratio: float | None = None
    is_proposal: bool = False
    kind: str = "catch"
    rule_id: int | None = None
    version: int = 1
    created_at: datetime | None = None
    replaced_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person who is told of alerts. `kind` is farmer or staff, `language` vi, km or en.

    Messages wait from `quiet_from` to `quiet_to`, local times of `time_zone`. `addresses` are by channel name;
    `refused` names the channels that last refused theirs for good.
    """

    org_id: str
    name: str
    kind: str = "farmer"
    language: str = "vi"
    accents: bool = True
    quiet_from: time | None = None
    quiet_to: time | None = None
    time_zone: str = "Asia/Ho_Chi_Minh"
    consent_at: datetime | None = None
    consent_how: str | None = None
    stopped_at: datetime | None = None
    addresses: dict[str, str] = field(default_factory=dict)
    recipient_id: int | None = None
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Subscription:
    """Of what a recipient is told: a field, a commune, or with neither the whole org; `species` None is all.

    `kind` is catch or device, as an alert's; `min_level` is 1 watch, 2 warning, 3 alarm.
    """

    recipient_id: int
    field_id: str | None = None
    commune_code: str | None = None
    species: str | None = None
    min_level: int = 1
    kind: str = "catch"
    subscription_id: int | None = None


@dataclass(frozen=True, slots=True)
class OrgSetting:
    """What an org decides for itself; `phone` stands in messages, `updated_at` is None while nothing was decided."""

    farmers_need_approval: bool
    phone: str | None
    updated_at: datetime | None
    author: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one recipient by one channel, and how far it got; `state` as the table's comment says."""

    delivery_id: int
    alert_id: int
    event_id: int
    word: str
    level: int
    recipient_id: int
    recipient: str
    channel: str
    state: str
    reason: str | None
    text: str | None
    segments: int | None
    attempts: int
    next_try_at: datetime | None
    provider_id: str | None
    created_at: datetime
    sent_at: datetime | None
    finished_at: datetime | None


class Role(StrEnum):
    """What somebody is in an org; `api/permissions.py` says what each may do."""

    ADMIN = "admin"
    """All, people and tokens too."""
    AGRONOMIST = "agronomist"
    """Fields, alert rules and alerts."""
    TECHNICIAN = "technician"
    """Traps and alerts."""
    VIEWER = "viewer"
    """Sees traps, catches and alerts."""
    SERVICE = "service"
    """A program that reads, losses too."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person who can log in; `is_admin` is of every org, `roles` are by org.

    `made_by`: the org whose admin made it, until somebody vouches that the login is the person's.
    """

    account_id: int
    login: str
    name: str
    is_admin: bool
    roles: dict[str, Role]
    created_at: datetime
    locked_until: datetime | None = None
    disabled_at: datetime | None = None
    made_by: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: an account by its session, or a token. `roles` has every org that exists for them."""

    who: str
    name: str
    roles: dict[str, Role]
    account_id: int | None = None
    token_id: int | None = None
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class LoginSession:
    """A person who has logged in, by one browser; `agent` is what it calls itself."""

    session_id: int
    way: str
    agent: str
    created_at: datetime
    expires_at: datetime
    is_this_one: bool


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A program's way in: one role in one org, until it expires or is revoked."""

    token_id: int
    org_id: str
    name: str
    role: Role
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change: who, what to which object, and the object before and after as far as it tells."""

    audit_id: int
    at: datetime
    who: str
    org_id: str | None
    action: str
    object_kind: str
    object_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
