"""What requests may hold, narrowed so far that the database takes every value."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Literal
from zoneinfo import available_timezones

from fastapi import Path, Query
from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

_CONTROL = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""One line of text."""
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=_CONTROL)]
"""Some lines of text."""

ORG = r"^[a-z0-9-]{2,32}$"
TRAP = r"^[a-z0-9-]{3,32}$"
FIELD = r"^[a-z0-9-]{2,64}$"
SPECIES = r"^[a-z0-9]+(-[a-z0-9]+)*$"
CODE = r"^[^\x00-\x1f\x7f]{1,64}$"

TrapKey = Annotated[str, StringConstraints(pattern=TRAP)]
FieldKey = Annotated[str, StringConstraints(pattern=FIELD)]
SpeciesKey = Annotated[str, StringConstraints(pattern=SPECIES, max_length=64)]
CommuneCode = Annotated[str, StringConstraints(pattern=CODE)]

OrgId = Annotated[str, Path(pattern=ORG, description="An org, as `soc-trang`.", examples=["soc-trang"])]
TrapId = Annotated[str, Path(pattern=TRAP, description="A trap, as `st-014`.", examples=["st-014"])]
FieldId = Annotated[str, Path(pattern=FIELD, description="A field.", examples=["field-7"])]
SpeciesId = Annotated[
    str, Path(pattern=SPECIES, max_length=64, description="A species.", examples=["nilaparvata-lugens"])
]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]

Limit = Annotated[int, Query(ge=1, le=1000, description="Items of a page at most.")]
After = Annotated[
    str | None, Query(max_length=600, description="`next` of the page before; the first page without it.")
]  # fmt: skip


def _known_years(value: date) -> date:
    if not 2000 <= value.year < 2100:
        raise ValueError("must lie in the years 2000 to 2099")
    return value


def _utc(value: datetime) -> datetime:
    if not 2000 <= value.year < 2100:
        raise ValueError("must lie in the years 2000 to 2099")
    return value.astimezone(UTC)


Night = Annotated[date, AfterValidator(_known_years)]
"""A night, by the date of its evening."""
NightId = Annotated[Night, Path(description="A night.", examples=["2025-11-22"])]
Instant = Annotated[AwareDatetime, AfterValidator(_utc)]
"""A moment, with its offset from UTC."""
TrapsInstant = Annotated[
    AwareDatetime,
    # A day from the ends of the calendar, so that no zone leads beyond them.
    Field(ge=datetime(1, 1, 2, tzinfo=UTC), le=datetime(9999, 12, 30, tzinfo=UTC)),
    AfterValidator(lambda value: value.astimezone(UTC)),
]
"""A moment by a trap's own clock, which may be wrong."""
Insects = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""A local time of day, as 21:00."""
# Not `localtime`: it is none of the IANA data base, and no database knows it.
ZONES = {name for name in available_timezones() if name[:1].isupper()}


def _known_zone(name: str) -> str:
    if name not in ZONES:
        raise ValueError("is no time zone of the IANA data base")
    return name


TimeZone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_known_zone)]
"""An IANA name, as Asia/Ho_Chi_Minh."""
Kind = Literal["catch", "device"]
"""What an alert is of."""
