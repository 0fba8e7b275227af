"""What the nights mean: courses of fields and traps, peaks, and the normal year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Response
from pydantic import TypeAdapter

from api import paging
from api.deps import Access, See
from api.kinds import After, CommuneCode, FieldId, Limit, Night, SpeciesKey, TrapId, TrapKey
from api.routes.fields import require_span
from lighttrap import memory, views
from lighttrap.agronomy import course, outlook, record, season, series
from lighttrap.agronomy.course import Course
from lighttrap.agronomy.record import JudgedNight
from lighttrap.errors import InputFault
from lighttrap.memory import Memory
from lighttrap.store import trends
from lighttrap.store.trends import PlacedTrap, StoredTraps, ThresholdLine

router = APIRouter(prefix="/orgs/{org_id}", tags=["trends"])
PEAK_NIGHTS = 120
"""The newest peak is looked for so far back: a season."""
_KEY = TypeAdapter(tuple[TrapKey])
_TREND = TypeAdapter(views.Trend)
_answers: Memory[bytes] = Memory(32 * 2**20, len)
"""JSON of courses, of a thousand fields or so: dashboards ask for the same each minute, and it changes with nights."""
Species = Annotated[SpeciesKey, Query(description="One species: catches of several are not comparable.")]
First = Annotated[Night, Query(description="First night.")]
Last = Annotated[Night, Query(description="Last night, 400 after the first at most; what is told of now is as of it.")]
Forecasts = Annotated[bool, Query(description="Without them many fields are asked faster.")]
Year = Annotated[int | None, Query(ge=2000, le=2099, description="This year when left out.")]


@dataclass(frozen=True, slots=True)
class _Stored:
    """All that a course and its answer rest on; `is_field` or of a trap, which stands in `field_id` now."""

    org_id: str
    field_id: str | None
    is_field: bool
    species: str
    first: date
    last: date
    tonight: int
    forecasts: bool
    traps: StoredTraps
    judged: Mapping[int, JudgedNight]
    rules: Sequence[ThresholdLine]


@router.get("/fields/{field_id}/trend", response_model=views.Trend)
def get_trend(
    access: See, field_id: FieldId, species: Species, first: First, last: Last, forecasts: Forecasts = True
) -> Response:
    """All that a field's chart needs, of one moment: nights, levels, thresholds, peaks, forecast, normal, weather."""
    require_span(first, last)
    conn, org_id = access.snapshot(), access.org_id
    tonight = trends.tonight_of_field(conn, org_id, field_id)
    traps = trends.traps_of_field(conn, org_id, field_id, first, last)
    found = trends.stored_traps(conn, org_id, traps, species, first, last, field_id=field_id, since=_since(first))
    judged = trends.judged_nights(conn, org_id, field_id, species, first, last)
    rules = trends.rules_of_field(conn, org_id, field_id, species, first, last)
    return _answer(_Stored(org_id, field_id, True, species, first, last, tonight, forecasts, found, judged, rules))


@router.get("/traps/{trap_id}/trend", response_model=views.Trend)
def get_trap_trend(
    access: See, trap_id: TrapId, species: Species, first: First, last: Last, forecasts: Forecasts = True
) -> Response:
    """The same of one trap, wherever it stood; with the thresholds of the field it stands in now."""
    require_span(first, last)
    conn, org_id = access.snapshot(), access.org_id
    tonight = trends.tonight_of_trap(conn, org_id, trap_id)
    found = trends.stored_traps(conn, org_id, [trap_id], species, first, last, since=_since(first))
    field_id = trends.field_of_trap(conn, trap_id)
    rules = trends.rules_of_field(conn, org_id, field_id, species, last, last) if field_id else []
    rules = [one for one in rules if one.is_in_force]
    return _answer(_Stored(org_id, field_id, False, species, first, last, tonight, forecasts, found, {}, rules))


@router.get("/peaks", response_model=views.Page[views.TrapPeak])
def list_peaks(
    access: See,
    species: Species,
    commune_code: CommuneCode | None = None,
    limit: Limit = 100,
    after: After = None,
) -> dict[str, Any]:
    """What each trap in service is doing, and its newest peak with what follows, by trap."""
    [last] = paging.read(after, _KEY) or ("",)
    found = trends.page_traps(access.conn, access.org_id, commune_code=commune_code, after=last, limit=limit + 1)
    page = paging.page(found, limit, lambda trap: (trap.trap_id,))
    return page | {"items": _peaks(access, page["items"], species)}


@router.get("/fields/{field_id}/normal", response_model=views.NormalYear)
def get_normal(access: See, field_id: FieldId, species: Species, year: Year = None) -> dict[str, Any]:
    """A field's normal year by five-day periods, and how this year stands in it."""
    conn, org_id = access.snapshot(), access.org_id
    tonight = trends.tonight_of_field(conn, org_id, field_id)
    first, last = _year(year, tonight)
    traps = trends.traps_of_field(conn, org_id, field_id, first, last)
    found = trends.stored_traps(conn, org_id, traps, species, last, last, field_id=field_id, since=_since(first))
    return _normal(access, found.records(), species, last, tonight) | {"field_id": field_id, "trap_id": None}


@router.get("/traps/{trap_id}/normal", response_model=views.NormalYear)
def get_trap_normal(access: See, trap_id: TrapId, species: Species, year: Year = None) -> dict[str, Any]:
    """A trap's normal year by five-day periods, and how this year stands in it."""
    conn, org_id = access.snapshot(), access.org_id
    tonight = trends.tonight_of_trap(conn, org_id, trap_id)
    first, last = _year(year, tonight)
    found = trends.stored_traps(conn, org_id, [trap_id], species, last, last, since=_since(first))
    return _normal(access, found.records(), species, last, tonight) | {"field_id": None, "trap_id": trap_id}


def _since(first: date) -> date:
    """From where on counts are needed: ten years back, for the normal."""
    return series.night(season.first_day(first.year))


def _answer(stored: _Stored) -> Response:
    body = _answers.recall(memory.digest(stored), lambda: _json(stored))
    return Response(body, media_type="application/json")


def _json(stored: _Stored) -> bytes:
    told = course.of_place(
        stored.traps.records(), stored.judged, stored.species, series.day_number(stored.first),
        series.day_number(stored.last), stored.tonight, forecasts=stored.forecasts,
    )  # fmt: skip
    own = {name: getattr(told, name) for name in Course.__slots__}
    if not stored.is_field:
        own["field"] = None
    asked = {name: getattr(stored, name) for name in ("org_id", "field_id", "species", "rules")}
    return _TREND.dump_json(_TREND.validate_python(asked | own))


def _year(year: int | None, tonight: int) -> tuple[date, date]:
    """First and last known night of a year. Raises InputFault for one that has not begun."""
    now = series.night(tonight)
    year = year or now.year
    if year > now.year:
        raise InputFault(f"`year` {year} has not begun")
    return date(year, 1, 1), min(date(year, 12, 31), now)


def _normal(
    access: Access, traps: Sequence[record.TrapRecord], species: str, last: date, tonight: int
) -> dict[str, Any]:
    told, is_mixed = course.normal_of_place(traps, series.day_number(last), tonight)
    own = {name: getattr(told, name) for name in season.NormalYear.__slots__}
    return {"org_id": access.org_id, "species": species, "is_mixed": is_mixed, **own}


def _peaks(access: Access, traps: Sequence[PlacedTrap], species: str) -> list[dict[str, Any]]:
    if not traps:
        return []
    ends = np.array([one.until for one in traps])
    last = int(ends.max())
    first = last - outlook.newest_nights(species, PEAK_NIGHTS)
    counts = trends.counts_of(
        access.conn, access.org_id, [one.trap_id for one in traps], species, series.night(first), series.night(last),
        field_ids=[one.field_id for one in traps],
    )  # fmt: skip
    usable = [record.usable(counts.get(one.trap_id, series.nothing()), one.nominal_s, one.until) for one in traps]
    moved = series.ended(series.dated(usable, first, last), ends - first)
    looks = outlook.of_traps(moved, ends, species, newest_only=True)
    return [
        {
            "trap_id": trap.trap_id, "name": trap.name, "field_id": trap.field_id, "commune_code": trap.commune_code,
            "as_of": look.as_of, "state": look.state, "peak": look.peaks[-1] if look.peaks else None,
            "after": look.after,
        }
        for trap, look in zip(traps, looks, strict=True)
    ]  # fmt: skip
