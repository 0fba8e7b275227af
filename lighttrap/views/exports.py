"""What stands in exported files."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from lighttrap.model import Role
from lighttrap.views.alerts import Rule
from lighttrap.views.view import View


class ExportColumn(View):
    """One column of an export."""

    name: str = Field(description="As Parquet and GeoJSON have it.")
    header: str = Field(description="As CSV and XLSX have it: with the unit.")
    type: str = Field(description="text, whole, number, night, instant or truth.")
    unit: str | None
    meaning: str


class ExportKind(View):
    """What can be exported, and how to read it."""

    name: str
    path: str
    formats: list[str]
    nights: int = Field(description="Nights from `first` to `last` at most.")
    may_see: list[Role]
    columns: list[ExportColumn]


class ExportNote(View):
    """What a file says of itself: in the sheet "about" of XLSX, in the metadata of Parquet and GeoJSON."""

    export: str
    org_id: str
    org_name: str
    first: date
    last: date
    filters: dict[str, str] = Field(description="What the file was narrowed to.")
    asked_by: str
    asked_at: datetime = Field(description="All rows are of this moment.")
    readings_from: datetime | None = Field(
        description="Raw readings that began before are deleted, as the org decided; null: none was."
    )
    may_see: list[Role]
    night: str
    time_zone: str
    missing: str
    states: str
    final: str
    thresholds: list[Rule] = Field(description="The rules in force; rows name the rule and version that judged them.")
    columns: list[ExportColumn]
