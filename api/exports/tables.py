"""What each export holds, column by column, in the order in which lighttrap/sql/exports.sql has them.

Within version 1 a column is never taken away and never changes its meaning; new ones come at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from lighttrap.permissions import Permission
from lighttrap.store import exports
from lighttrap.store.exports import Rows, Wanted
from lighttrap.store.pool import Connection

Ask = Callable[[], Rows]
"""Asks for the rows; each time for the same ones, for an export sees one moment only."""


class Kind(StrEnum):
    """What a cell is."""

    TEXT = "text"
    WORD = "word"
    """One of few texts: a key, a state. Parquet has them as a dictionary."""
    WHOLE = "whole"
    NUMBER = "number"
    NIGHT = "night"
    INSTANT = "instant"
    TRUTH = "truth"


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `unit` is empty where the name says it or there is none."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""

    @property
    def header(self) -> str:
        """The name as people read it in CSV and XLSX, with the unit."""
        if self.kind is Kind.INSTANT:
            return f"{self.name} [local time of time_zone]"
        return f"{self.name} [{self.unit}]" if self.unit else self.name


@dataclass(frozen=True, slots=True)
class Table:
    """An export: its name in paths and files, its columns, and where its rows come from.

    Rows may be longer than the columns, by what only some formats need.
    """

    name: str
    columns: tuple[Column, ...]
    rows: Callable[[Connection, Wanted], Rows]
    permission: Permission
    longest: int
    """Nights at most."""
    formats: tuple[str, ...] = ("csv", "xlsx", "parquet")

    def place(self, name: str) -> int:
        """Where a column stands, from 0."""
        return [column.name for column in self.columns].index(name)


TWENTY_YEARS = 7305
_NIGHT = "local noon to noon"
_CATCH = "insects/trap/night"

_TRAP = Column("trap_id", Kind.WORD, "The trap.")
_TRAP_NAME = Column("trap_name", Kind.WORD, "Its name now.")
_FIELD = Column("field_id", Kind.WORD, "The field.")
_FIELD_NAME = Column("field_name", Kind.WORD, "Its name now.")
_COMMUNE = Column("commune_code", Kind.WORD, "Of the field, now.")
_SPECIES = Column("species", Kind.WORD, "The species, by the slug of its scientific name.")
_ZONE = Column("time_zone", Kind.WORD, "Of the field: what local means in this row.")
_NIGHT_COLUMN = Column("night", Kind.NIGHT, "The date of its evening.", _NIGHT)
_RULE = (
    Column("rule_id", Kind.WHOLE, "The rule that judged it."),
    Column("rule_version", Kind.WHOLE, "The version of that rule."),
)
_THRESHOLDS = (
    Column("is_proposal", Kind.TRUTH, "That rule is a default that no agronomist has set yet."),
    Column("watch", Kind.NUMBER, "From this catch on it is a watch.", _CATCH),
    Column("warning", Kind.NUMBER, "A warning.", _CATCH),
    Column("alarm", Kind.NUMBER, "An alarm.", _CATCH),
)

NIGHTS = Table(
    "nights",
    (
        _TRAP, _TRAP_NAME,
        Column("field_id", Kind.WORD, "Where the trap stood that midnight."),
        _FIELD_NAME, _COMMUNE, _NIGHT_COLUMN, _SPECIES,
        Column("count", Kind.WHOLE, "The verified count where there is one, else the machine's.", _CATCH),
        Column("machine_count", Kind.WHOLE, "What the machine counted.", _CATCH),
        Column("verified_count", Kind.WHOLE, "What a person counted, where one did.", _CATCH),
        Column("lamp_s", Kind.WHOLE, "Seconds the lamp was on, in readings that looked for this species."),
        Column("nominal_s", Kind.WHOLE, "Seconds it is planned to be on in a night."),
        Column("state", Kind.WORD, "complete, partial, lost, silent or pending: what the count is worth."),
        Column("is_final", Kind.TRUTH, "Nothing more is expected of this night; else the row is provisional."),
        Column("field_level", Kind.WHOLE, "Of the field that night: 0 none, 1 watch, 2 warning, 3 alarm."),
        *_RULE, _ZONE,
    ),
    exports.nights, Permission.SEE, TWENTY_YEARS,
)  # fmt: skip

READINGS = Table(
    "readings",
    (
        _TRAP, _TRAP_NAME,
        Column("field_id", Kind.WORD, "Where the trap stood then."),
        _FIELD_NAME, _COMMUNE,
        Column("boot", Kind.WHOLE, "With seq and trap_id the identity of the reading."),
        Column("seq", Kind.WHOLE, "Its number in that boot."),
        _NIGHT_COLUMN,
        Column("start_at", Kind.INSTANT, "When its interval began."),
        Column("end_at", Kind.INSTANT, "When it ended."),
        Column("lamp_s", Kind.WHOLE, "Seconds the lamp was on in it."),
        Column("species", Kind.WORD, "A reading has a row for each species; what was measured stands in each of them."),
        Column("count", Kind.WHOLE, "Insects in this interval.", "insects"),
        Column("temperature_c", Kind.NUMBER, "Air temperature."),
        Column("humidity_pct", Kind.NUMBER, "Relative humidity."),
        Column("rain_mm", Kind.NUMBER, "Rain in the interval."),
        Column("wind_m_s", Kind.NUMBER, "Wind."),
        Column("light_lx", Kind.NUMBER, "Light."),
        Column("battery_v", Kind.NUMBER, "Battery."),
        Column("panel_v", Kind.NUMBER, "Solar panel."),
        Column("signal_dbm", Kind.NUMBER, "Radio signal."),
        Column("model_version", Kind.WORD, "The version of what counted."),
        Column("image_ref", Kind.TEXT, "Where the trap keeps the picture."),
        Column("received_at", Kind.INSTANT, "When it came."),
        _ZONE,
    ),
    exports.readings, Permission.SEE, 401,
)  # fmt: skip

FIELD_NIGHTS = Table(
    "field-nights",
    (
        _FIELD, _FIELD_NAME, _COMMUNE, _NIGHT_COLUMN, _SPECIES,
        Column("value", Kind.NUMBER, "Median over the field's traps; empty: not known.", _CATCH),
        Column("traps", Kind.WHOLE, "How many traps that is of."),
        Column("level", Kind.WHOLE, "0 none, 1 watch, 2 warning, 3 alarm."),
        Column("is_valid", Kind.TRUTH, "A trap's lamp was on for half of the plan or more."),
        Column("is_final", Kind.TRUTH, "Nothing more is expected of this night; else the row is provisional."),
        *_RULE, *_THRESHOLDS, _ZONE,
    ),
    exports.field_nights, Permission.SEE, TWENTY_YEARS, ("csv", "xlsx", "parquet", "geojson"),
)  # fmt: skip

ALERTS = Table(
    "alerts",
    (
        Column("alert_id", Kind.WHOLE, "The alert."),
        Column("kind", Kind.WORD, "catch or device."),
        _SPECIES,
        Column("fault", Kind.WORD, "Of a device: silent, battery, lamp, gap."),
        _FIELD, _FIELD_NAME, _COMMUNE, _TRAP,
        Column("state", Kind.WORD, "active, cleared or withdrawn; an active one is provisional."),
        Column("level", Kind.WHOLE, "Now: 1 watch, 2 warning, 3 alarm."),
        Column("highest", Kind.WHOLE, "The highest it had."),
        Column("opened_night", Kind.NIGHT, "Its first night.", _NIGHT),
        Column("cleared_night", Kind.NIGHT, "The night that ended it.", _NIGHT),
        Column("raised_at", Kind.INSTANT, "When it was raised."),
        Column("cleared_at", Kind.INSTANT, "When it was cleared."),
        Column("acknowledged_at", Kind.INSTANT, "When somebody took it up."),
        Column("acknowledged_by", Kind.TEXT, "Who did."),
        Column("assignee", Kind.TEXT, "Who is to look after it."),
        *_RULE, *_THRESHOLDS, _ZONE,
    ),
    exports.alerts, Permission.SEE, TWENTY_YEARS,
)  # fmt: skip

CORRECTIONS = Table(
    "corrections",
    (
        Column("correction_id", Kind.WHOLE, "The correction."),
        _TRAP, _TRAP_NAME,
        Column("field_id", Kind.WORD, "Where the trap stood that midnight."),
        _FIELD_NAME, _COMMUNE, _NIGHT_COLUMN, _SPECIES,
        Column("count", Kind.WHOLE, "What a person counted.", _CATCH),
        Column("machine_count", Kind.WHOLE, "What the machine had counted by then.", _CATCH),
        Column("reason", Kind.TEXT, "Why they differ."),
        Column("author", Kind.TEXT, "Who recounted."),
        Column("at", Kind.INSTANT, "When that was written down."),
        Column("ended_at", Kind.INSTANT, "When it was replaced or undone; empty: in force."),
        Column("ended_by", Kind.TEXT, "Who did that."),
        Column("ended_reason", Kind.TEXT, "Why it was undone."),
        _ZONE,
    ),
    exports.corrections, Permission.SEE, TWENTY_YEARS,
)  # fmt: skip

DELIVERIES = Table(
    "deliveries",
    (
        Column("delivery_id", Kind.WHOLE, "The message to one recipient by one channel."),
        Column("alert_id", Kind.WHOLE, "The alert it is of."),
        Column("event_id", Kind.WHOLE, "What was said of it."),
        Column("word", Kind.WORD, "raised, corrected, reopened or cleared."),
        Column("level", Kind.WHOLE, "0 none, 1 watch, 2 warning, 3 alarm."),
        _NIGHT_COLUMN, _SPECIES,
        Column("field_id", Kind.WORD, "Of an alert of catches."),
        Column("trap_id", Kind.WORD, "Of an alert of a device."),
        Column("recipient_id", Kind.WHOLE, "Who; names and addresses are not exported."),
        Column("recipient_kind", Kind.WORD, "farmer or staff."),
        Column("channel", Kind.WORD, "By which channel."),
        Column("state", Kind.WORD, "queued, leased, failed, sent, delivered, dead, unknown or skipped."),
        Column("reason", Kind.TEXT, "Why it was skipped or given up."),
        Column("segments", Kind.WHOLE, "Parts of an SMS that are paid for."),
        Column("attempts", Kind.WHOLE, "How often it was tried."),
        Column("created_at", Kind.INSTANT, "When it was written down."),
        Column("sent_at", Kind.INSTANT, "When the channel took it."),
        Column("finished_at", Kind.INSTANT, "When nothing more was to be done."),
        Column("time_zone", Kind.WORD, "Of the recipient: what local means in this row."),
    ),
    exports.deliveries, Permission.KEEP_RECIPIENTS, TWENTY_YEARS,
)  # fmt: skip

TABLES = (NIGHTS, READINGS, FIELD_NIGHTS, ALERTS, CORRECTIONS, DELIVERIES)
