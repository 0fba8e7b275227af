"""One night of all fields at once: a map and a morning list."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from lighttrap.views.view import View


class FieldOverview(View):
    """A field's night: what its rule says of it, and how its traps are. Insects are per trap and night."""

    field_id: str
    name: str
    commune_code: str | None
    point: list[float] | None = Field(description="Longitude and latitude of its middle; null when not known.")
    species: str | None = Field(description="Worst there, or the one asked for; null when none is judged.")
    value: float | None = Field(description="Median over the traps of the field.")
    level: int | None = Field(description="0 none, 1 watch, 2 warning, 3 alarm; null is not known.")
    rule_id: int | None
    rule_version: int | None
    threshold: float | None = Field(description="From which catch on it is this level; without one, the lowest.")
    is_final: bool = Field(description="Nothing more is expected of this night.")
    traps: int = Field(description="Traps that stood there at midnight; the five states add up to it.")
    reported: int = Field(description="Of these, sent something of the night.")
    complete: int
    partial: int
    lost: int
    silent: int
    pending: int
    highest: int | None = Field(description="Highest count of one trap, of that species.")
    highest_trap_id: str | None


class Highest(View):
    """The highest count of one trap that night."""

    field_id: str
    species: str
    highest: int
    highest_trap_id: str


class Figures(View):
    """The night in numbers. Traps count in a field or not; alerts are all that are active, of devices too."""

    fields: int
    known: int = Field(description="Fields with a level that is known.")
    over_threshold: int = Field(description="Fields with a watch or more.")
    is_final: bool = Field(description="Nothing more is expected of any field's night.")
    traps: int
    reported: int = Field(description="Traps that sent something of the night.")
    silent: int = Field(description="Traps that sent nothing of a night that is over.")
    highest: Highest | None
    open_alerts: int
    newest_at: datetime | None = Field(description="End of the newest reading of any night.")


class Overview(View):
    """One night of all fields of an org."""

    night: date
    asked_at: datetime = Field(description="To the minute, so that what is unchanged keeps its ETag for so long.")
    figures: Figures
    fields: list[FieldOverview]


class NightLevels(View):
    """How many fields are at each level in a night, each under the species that is worst there."""

    night: date
    none: int
    watch: int
    warning: int
    alarm: int
    unknown: int = Field(description="Of all fields there are now, those without a level that night.")
    is_final: bool = Field(description="The night is over, and nothing more is expected of what was judged in it.")


class StripNight(View):
    """What the rules make of one night of a strip."""

    night: date
    value: float | None
    level: int | None = Field(description="null is not known.")
    is_final: bool


class Strip(View):
    """A field's night with those before it, of the same species, oldest first."""

    field: FieldOverview
    nights: list[StripNight]
