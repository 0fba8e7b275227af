"""One night of all fields at once, for a map and a morning list, from the roll-up and the judged nights."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from lighttrap import sql
from lighttrap.store.pool import Connection
from lighttrap.store.rows import record_row

_SQL = sql.load("overview")


@dataclass(frozen=True, slots=True)
class FieldOverview:
    """A field's night: what its rule says of it under the species that is worst there, and how its traps are.

    `value`, `threshold` and `highest` are insects per trap and night; `threshold` is that of the level, without one the
    lowest. `level` is None when it is not known. Of the `traps` that stood there at midnight `reported` sent something,
    and the states `complete` to `pending` add up to all.
    """

    field_id: str
    name: str
    commune_code: str | None
    point: list[float] | None
    species: str | None
    value: float | None
    level: int | None
    rule_id: int | None
    rule_version: int | None
    threshold: float | None
    is_final: bool
    traps: int
    reported: int
    complete: int
    partial: int
    lost: int
    silent: int
    pending: int
    highest: int | None
    highest_trap_id: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The night in numbers, over all traps in service, in a field or not; `newest_at` is of any night."""

    fields: int
    known: int
    over_threshold: int
    is_final: bool
    traps: int
    reported: int
    silent: int
    highest: FieldOverview | None
    open_alerts: int
    newest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Overview:
    """One night of all fields of an org."""

    night: date
    figures: Figures
    fields: list[FieldOverview]


@dataclass(frozen=True, slots=True)
class StripNight:
    """What the rules make of one night of a row of nights; without a level when it is not known."""

    night: date
    value: float | None
    level: int | None
    is_final: bool


@dataclass(frozen=True, slots=True)
class Strip:
    """A field's night, and those before it under the same species, oldest first."""

    field: FieldOverview
    nights: list[StripNight]


@dataclass(frozen=True, slots=True)
class NightLevels:
    """How many fields of an org are at each level in a night; they add up to all fields there are now."""

    night: date
    none: int
    watch: int
    warning: int
    alarm: int
    unknown: int
    is_final: bool


def last_night(conn: Connection, org_id: str) -> date:
    """The night people mean in the morning: the last whose planned lamp hours are over in every field of the org."""
    night: date
    [(night,)] = conn.execute(_SQL["last_night"], {"org_id": org_id}).fetchall()
    return night


def overview(conn: Connection, org_id: str, night: date, species: str | None = None) -> Overview:
    """A night of every field, by id, of one species or of that which is worst in each, and its figures."""
    lines = _lines(conn, org_id, night, species)
    # Of the traps that stood in no field there is a line without one.
    fields = [line for line in lines if line.field_id]
    [(newest_at, open_alerts)] = conn.execute(_SQL["figures"], {"org_id": org_id}).fetchall()
    figures = Figures(
        fields=len(fields),
        known=sum(line.level is not None for line in fields),
        over_threshold=sum(bool(line.level) for line in fields),
        is_final=all(line.is_final for line in fields),
        traps=sum(line.traps for line in lines),
        reported=sum(line.reported for line in lines),
        silent=sum(line.silent for line in lines),
        highest=max((line for line in fields if line.highest), key=lambda line: line.highest or 0, default=None),
        open_alerts=open_alerts,
        newest_at=newest_at,
    )
    return Overview(night, figures, fields)


def worst(
    conn: Connection, org_id: str, night: date, species: str | None = None, *, fields: int = 10, nights: int = 14
) -> list[Strip]:
    """The fields that are worst in a night, the worst first, with the nights up to it."""
    chosen = sorted(_lines(conn, org_id, night, species, limit=fields), key=_calmness)
    values = {
        "org_id": org_id, "field_ids": [line.field_id for line in chosen], "species": [line.species for line in chosen],
        "first": night - timedelta(days=nights - 1), "last": night,
    }  # fmt: skip
    strips: dict[str, list[StripNight]] = defaultdict(list)
    for field_id, *rest in conn.execute(_SQL["strips"], values).fetchall():
        strips[field_id].append(StripNight(*rest))
    return [Strip(line, strips[line.field_id]) for line in chosen]


def levels(conn: Connection, org_id: str, night: date, *, nights: int = 60) -> list[NightLevels]:
    """How many fields are at each level in a night and those before it, oldest first."""
    values = {"org_id": org_id, "first": night - timedelta(days=nights - 1), "last": night}
    return conn.cursor(row_factory=record_row(NightLevels)).execute(_SQL["levels"], values).fetchall()


def _lines(
    conn: Connection, org_id: str, night: date, species: str | None, *, limit: int | None = None
) -> Sequence[FieldOverview]:
    wanted = {"org_id": org_id, "night": night, "species": species, "limit": limit}
    return conn.cursor(row_factory=record_row(FieldOverview)).execute(_SQL["field_nights"], wanted).fetchall()


def _calmness(line: FieldOverview) -> tuple[int, float]:
    return (1 if line.level is None else -line.level, -(line.value or 0.0) / (line.threshold or 1.0))
