"""Exports: everything of a span of nights in one file, for spreadsheets, scientists and maps."""

from __future__ import annotations

import logging
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

import psycopg
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import Response

from api.deps import Access, KeepRecipients, See
from api.exports import csvfile, geojson, notes, parquetfile, tables, xlsxfile
from api.exports.stream import Streamed
from api.exports.tables import Table
from api.kinds import CommuneCode, FieldKey, Night, OrgId, SpeciesKey, TrapKey
from lighttrap import views
from lighttrap.errors import InputFault
from lighttrap.store import exports, orgs, pool
from lighttrap.store.exports import Wanted

log = logging.getLogger(__name__)
router = APIRouter(prefix="/orgs/{org_id}", tags=["exports"])
MEDIA = {
    "csv": "text/csv; charset=utf-8; header=present",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "geojson": "application/geo+json",
}
Form = Annotated[Literal["csv", "xlsx", "parquet"], Query(description="What kind of file.")]
MapForm = Annotated[Literal["csv", "xlsx", "parquet", "geojson"], Query(description="What kind of file.")]
_WRITERS = {"csv": csvfile.parts, "xlsx": xlsxfile.parts, "parquet": parquetfile.parts, "geojson": geojson.parts}


def _answers(*formats: str) -> dict[int | str, dict[str, Any]]:
    binary = {"type": "string", "format": "binary"}
    schemas = {"csv": {"type": "string"}, "xlsx": binary, "parquet": binary, "geojson": {"type": "object"}}
    content = {MEDIA[one].partition(";")[0]: {"schema": schemas[one]} for one in formats}
    return {200: {"description": "The file, sent while it is made.", "content": content}}


_FILES = _answers("csv", "xlsx", "parquet")
_MAPS = _answers("csv", "xlsx", "parquet", "geojson")


def _wanted(
    org_id: OrgId,
    first: Annotated[Night, Query(description="First night.")],
    last: Annotated[Night, Query(description="Last night; how far after the first, `list_exports` says.")],
    field_id: Annotated[FieldKey | None, Query(description="Where it was in that night.")] = None,
    commune_code: Annotated[CommuneCode | None, Query(description="Of fields there, as they are now.")] = None,
    species: SpeciesKey | None = None,
) -> Wanted:
    return Wanted(org_id, first, last, None, field_id, commune_code, species)


OfFields = Annotated[Wanted, Depends(_wanted)]


def _wanted_of_traps(wanted: OfFields, trap_id: TrapKey | None = None) -> Wanted:
    return replace(wanted, trap_id=trap_id)


OfTraps = Annotated[Wanted, Depends(_wanted_of_traps)]


@router.get("/exports", response_model=list[views.ExportKind])
def list_exports(access: See) -> list[views.ExportKind]:
    """What there is to export, with every column's unit and meaning."""
    return notes.kinds(access.org_id)


@router.get("/exports/nights", response_class=Response, responses=_FILES)
def export_nights(request: Request, access: See, wanted: OfTraps, format: Form = "csv") -> Response:
    """Every night of every trap by species, silent ones too: count, effort, state, the field and its rule."""
    return _file(request, access, tables.NIGHTS, wanted, format)


@router.get("/exports/readings", response_class=Response, responses=_FILES)
def export_readings(request: Request, access: See, wanted: OfTraps, format: Form = "csv") -> Response:
    """Every reading, a row for each species in it."""
    return _file(request, access, tables.READINGS, wanted, format)


@router.get("/exports/field-nights", response_class=Response, responses=_MAPS)
def export_field_nights(
    request: Request,
    access: See,
    wanted: OfFields,
    latest: Annotated[bool, Query(description="Of each field and species the last of these nights only.")] = False,
    format: MapForm = "csv",
) -> Response:
    """What the rules made of the nights of fields; as GeoJSON a map of them."""
    return _file(request, access, tables.FIELD_NIGHTS, replace(wanted, latest=latest), format)


@router.get("/exports/alerts", response_class=Response, responses=_FILES)
def export_alerts(request: Request, access: See, wanted: OfTraps, format: Form = "csv") -> Response:
    """Alerts that began in these nights, each with the rule that raised it."""
    return _file(request, access, tables.ALERTS, wanted, format)


@router.get("/exports/corrections", response_class=Response, responses=_FILES)
def export_corrections(request: Request, access: See, wanted: OfTraps, format: Form = "csv") -> Response:
    """Counts that people put right in these nights, those too that were replaced or undone."""
    return _file(request, access, tables.CORRECTIONS, wanted, format)


@router.get("/exports/deliveries", response_class=Response, responses=_FILES)
def export_deliveries(request: Request, access: KeepRecipients, wanted: OfTraps, format: Form = "csv") -> Response:
    """What became of the messages about these nights; without names, addresses and texts."""
    return _file(request, access, tables.DELIVERIES, wanted, format)


def _file(request: Request, access: Access, table: Table, wanted: Wanted, form: str) -> Response:
    if not 1 <= wanted.nights <= table.longest:
        raise InputFault(f"`last` must lie from `first` to {table.longest - 1} nights after it")
    if request.scope.get("http_version") == "1.0":
        # It knows no chunks: a file that breaks off would look like a whole one.
        raise HTTPException(426, "exports need HTTP/1.1 (of nginx: proxy_http_version 1.1)", {"Upgrade": "HTTP/1.1"})
    asked_at = datetime.now(UTC)
    kept_from = orgs.get_org(access.conn, wanted.org_id).readings_from
    name = f"lighttrap-{wanted.org_id}-{table.name}-{wanted.first}-{wanted.last}.{form}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "Link": f'</v1/orgs/{wanted.org_id}/exports>; rel="describedby"; type="application/json"',
        "X-Lighttrap-Asked-By": quote(access.caller.who, safe=" :@()"),
        "X-Lighttrap-Asked-At": asked_at.isoformat(timespec="seconds"),
        **({"X-Lighttrap-Readings-From": kept_from.isoformat(timespec="seconds")} if kept_from else {}),
    }
    parts = _parts(request.app, access, table, wanted, form, asked_at)
    return Streamed(parts, seconds=request.app.state.settings.api.export_s, media_type=MEDIA[form], headers=headers)


def _parts(
    app: FastAPI, access: Access, table: Table, wanted: Wanted, form: str, asked_at: datetime
) -> Generator[bytes]:
    """The file on a connection of its own: those of the pool are for short requests."""
    dsn = app.state.pool.conninfo
    told = {"export": table.name, "org": wanted.org_id, "who": access.caller.who, "format": form}
    with app.state.exports.one(), pool.translate_errors(), pool.connect(dsn, application="lighttrap export") as conn:
        exports.begin(conn)
        note = notes.note(conn, table, wanted, access.caller, asked_at)
        try:
            yield from _WRITERS[form](table, note, lambda: table.rows(conn, wanted))
        except psycopg.Error as error:
            log.warning("an export broke off", extra={**told, "sqlstate": error.sqlstate, "error": str(error)})
            raise
        log.info("an export is done", extra=told)
