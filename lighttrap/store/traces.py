"""The way of one reading: received, stored, what was said because of it, and who was told when. Names no person."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.rows import namedtuple_row

from lighttrap import sql
from lighttrap.agronomy.level import Level
from lighttrap.errors import InputFault, NotFound
from lighttrap.store.pool import Connection

_SQL = sql.load("traces")
_READING = re.compile(r"([a-z0-9-]{3,32})/(\d{1,16})/(\d{1,16})", re.ASCII)


class Step(NamedTuple):
    """One thing that happened on the way, in UTC; `at` is None for what is only known to have happened."""

    at: datetime | None
    step: str
    what: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be followed: a reading's identity, an event's number, or both."""

    cause: str | None
    event_id: int | None = None


def find(conn: Connection, text: str) -> Wanted:
    """What a text names: TRAP/BOOT/SEQ, a delivery's number, or the key that its provider knows.

    Raises InputFault for anything else, NotFound for a delivery that is not there.
    """
    if _READING.fullmatch(text):
        return Wanted(text)
    number, key = (text, None) if text.isascii() and text.isdecimal() and len(text) < 19 else (None, _key(text))
    found = conn.execute(_SQL["cause_of_delivery"], {"delivery_id": number, "key": key}).fetchone()
    if found is None:
        raise NotFound(f"there is no delivery {text}")
    return Wanted(cause=found[1], event_id=found[0])


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InputFault(f"{text!r} is neither TRAP/BOOT/SEQ nor a delivery's number or key") from None


def follow(conn: Connection, wanted: Wanted) -> list[Step]:
    """Every step that is known, in the order of the way. Raises NotFound when no reading of that name was heard of."""
    reading = _reading(conn, wanted.cause) if wanted.cause else None
    values = {
        "cause": wanted.cause, "event_id": wanted.event_id,
        "field_id": reading.field_id if reading and wanted.event_id is None else None,
        "night": reading.night if reading else None,
    }  # fmt: skip
    events: list[Any] = conn.cursor(row_factory=namedtuple_row).execute(_SQL["events"], values).fetchall()
    if wanted.cause is None:
        first = [Step(None, "caused", "by no reading: the clock, or a person")]
    else:
        first = list(_arrived(conn, wanted.cause, reading, events))
    told = [one for one in events if one.cause == wanted.cause or one.event_id == wanted.event_id]
    said = [step for one in events for step in _said(one, wanted)]
    return first + said + list(_told(conn, [one.event_id for one in told]))


def _parts(cause: str) -> dict[str, Any]:
    trap_id, boot, seq = cause.split("/")
    return {"trap_id": trap_id, "boot": int(boot), "seq": int(seq)}


def _reading(conn: Connection, cause: str) -> Any:  # noqa: ANN401 - a row with the statement's names
    return conn.cursor(row_factory=namedtuple_row).execute(_SQL["reading"], _parts(cause)).fetchone()


def _arrived(conn: Connection, cause: str, reading: Any, events: list[Any]) -> Iterator[Step]:  # noqa: ANN401 - rows
    if reading is None:
        found = conn.execute(_SQL["ledger"], _parts(cause)).fetchone()
        if found is None:
            raise NotFound(f"nothing was ever heard of {cause}")
        yield Step(None, "ledger", str(found[0]))
        return
    yield Step(reading.end_at, "measured", f"{cause}, by the trap's clock, of the night {reading.night}")
    yield Step(reading.received_at, "received", "by ingest")
    stored_at = next((one.at for one in events if one.cause == cause), None)
    yield Step(stored_at, "stored", "in one transaction with what was said" if stored_at else "nothing was said by it")


def _said(event: Any, wanted: Wanted) -> Iterator[Step]:  # noqa: ANN401 - a row
    is_own = event.cause == wanted.cause or event.event_id == wanted.event_id
    by = "" if is_own else f", by {event.cause or 'no reading'}"
    level = Level(event.level).name.lower()
    late = ", too late to tell anybody" if event.is_late else ""
    yield Step(event.at, event.word, f"alert {event.alert_id}: {level}, night {event.night}{late}{by}")
    if is_own and event.fanned_out_at:
        yield Step(event.fanned_out_at, "fanned out", f"event {event.event_id}")


def _told(conn: Connection, event_ids: list[int]) -> Iterator[Step]:
    rows = conn.cursor(row_factory=namedtuple_row)
    found: list[Any] = rows.execute(_SQL["deliveries"], {"event_ids": event_ids}).fetchall()
    tries: dict[int, list[Any]] = defaultdict(list)
    tried: list[Any] = rows.execute(_SQL["attempts"], {"delivery_ids": [one.delivery_id for one in found]}).fetchall()
    for one in tried:
        tries[one.delivery_id].append(one)
    for one in found:
        name = f"delivery {one.delivery_id}"
        yield Step(one.created_at, "queued", f"{name} by {one.channel} to recipient {one.recipient_id}")
        for attempt in tries[one.delivery_id]:
            yield Step(attempt.started_at, "claimed", f"{name}, attempt {attempt.number}")
            if attempt.ended_at:
                why = f": {attempt.detail}" if attempt.detail else ""
                yield Step(attempt.ended_at, "handed over", f"{name}, {attempt.outcome}{why}")
        if one.state not in ("queued", "leased", "failed"):
            reason = f": {one.reason}" if one.reason else ""
            yield Step(one.finished_at, "ended", f"{name} is {one.state}{reason}")
