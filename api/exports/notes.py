"""What files say of themselves, and what there is to export."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from api.exports.tables import TABLES, Column, Kind, Table
from lighttrap import views
from lighttrap.model import Caller, Role
from lighttrap.permissions import ALLOWED
from lighttrap.store import alerts, orgs
from lighttrap.store.exports import Wanted
from lighttrap.store.pool import Connection

NIGHT = "A night is local noon to noon, named by the date of its evening."
TIME_ZONE = "CSV and XLSX have instants in the local time that time_zone names in the row; Parquet has them in UTC."
MISSING = "An empty cell is not known or does not apply; it is never 0, and 0 is never empty."
STATES = (
    "complete: lamp on for 80 % of the plan or more; partial: 50 to 80 %; lost: less, the count says nothing;"
    " silent: no reading; pending: not over."
)
FINAL = (
    "A night is final when it is over, no gap is open in it, and the trap has reported a later one or 30 days have"
    " passed; else it is provisional. People may still correct a count."
)


def note(conn: Connection, table: Table, wanted: Wanted, caller: Caller, asked_at: datetime) -> views.ExportNote:
    """What a file with these rows says of itself."""
    filters = {name: getattr(wanted, name) for name in ("trap_id", "field_id", "commune_code", "species")}
    org = orgs.get_org(conn, wanted.org_id)
    return views.ExportNote(
        export=table.name,
        org_id=wanted.org_id,
        org_name=org.name,
        first=wanted.first,
        last=wanted.last,
        filters={name: value for name, value in filters.items() if value is not None},
        asked_by=caller.who,
        asked_at=asked_at,
        readings_from=org.readings_from,
        may_see=_may_see(table),
        night=NIGHT,
        time_zone=TIME_ZONE,
        missing=MISSING,
        states=STATES,
        final=FINAL,
        thresholds=[views.Rule.model_validate(rule) for rule in alerts.list_rules(conn, wanted.org_id)],
        columns=[_column(column) for column in table.columns],
    )


def kinds(org_id: str) -> list[views.ExportKind]:
    """What there is to export from an org."""
    return [
        views.ExportKind(
            name=table.name,
            path=f"/v1/orgs/{org_id}/exports/{table.name}",
            formats=list(table.formats),
            nights=table.longest,
            may_see=_may_see(table),
            columns=[_column(column) for column in table.columns],
        )
        for table in TABLES
    ]


def lines(note: views.ExportNote) -> Iterator[tuple[str, ...]]:
    """A note as a sheet of text."""
    yield ("export", f"{note.export} of {note.org_name} ({note.org_id})")
    yield ("nights", f"{note.first} to {note.last}")
    for name, value in note.filters.items():
        yield (f"only {name}", value)
    yield ("asked by", note.asked_by)
    yield ("asked at", note.asked_at.isoformat(timespec="seconds"))
    if note.readings_from:
        told = "began then or later; older ones are deleted"
        yield ("raw readings", f"{note.readings_from.isoformat(timespec='seconds')}: {told}")
    yield ("may be seen by", ", ".join(note.may_see))
    for name in ("night", "time_zone", "missing", "states", "final"):
        yield (name.replace("_", " "), getattr(note, name))
    yield ()
    yield ("column", "unit", "meaning")
    for column in note.columns:
        yield (column.header, column.unit or "", column.meaning)
    yield ()
    yield ("rule in force", "version", "species", "field or commune", "watch", "warning", "alarm", "set by")
    for rule in note.thresholds:
        place = rule.field_id or rule.commune_code or "the org"
        bands = [str(band) if band is not None else "" for band in (rule.watch, rule.warning, rule.alarm)]
        author = "a proposal, not set yet" if rule.is_proposal else rule.author
        yield (str(rule.rule_id), str(rule.version), rule.species, place, *bands, author)


def _may_see(table: Table) -> list[Role]:
    return [role for role in Role if table.permission in ALLOWED[role]]


def _column(column: Column) -> views.ExportColumn:
    kind = Kind.TEXT if column.kind is Kind.WORD else column.kind
    return views.ExportColumn(
        name=column.name, header=column.header, type=kind, unit=column.unit or None, meaning=column.meaning
    )  # fmt: skip
