"""Fields with traps, the readings of their nights, and people who are to be told of what is in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ingest.broker import Message
from ingest.pipeline import store_batch
from lighttrap import model
from lighttrap.store import alerts, fields, orgs, pool, readings, recipients, traps
from tests.builders import ORG, a_reading, a_topic

BPH = "nilaparvata-lugens"
FIRST = date(2026, 10, 1)
PLANNED_S = 6 * 600
"""Planned lamp time of a night here: six readings of ten minutes."""
OUTBREAK = (60, 360, 1200, 6000, 900, 60, 60, 60)
"""Catches of eight nights: calm, watch, warning, alarm, then down to the all-clear."""
SAID = [("raised", 1), ("raised", 2), ("raised", 3), ("cleared", 3)]
RULE = model.AlertRule(ORG, BPH, "an agronomist", watch=300, warning=1000, alarm=5000)
TALK = {1: "vi", 2: "en", 3: "vi", 4: "en", 5: "vi", 6: "en"}
"""What the farmers of each field speak."""


def a_field(conn: pool.Connection, number: int) -> str:
    """A field with one trap; returns the trap."""
    orgs.ensure_org(conn, ORG)
    fields.put_field(conn, model.Field(f"field-{number}", ORG, f"Ruộng {number}", "Asia/Ho_Chi_Minh"))
    since = datetime(2026, 1, 1, tzinfo=UTC)
    trap_id = f"trap-{number}"
    traps.register_trap(conn, trap_id=trap_id, org_id=ORG, nominal_s=PLANNED_S, in_service_from=since)
    traps.deploy(conn, trap_id=trap_id, field_id=f"field-{number}", at=since)
    return trap_id


def a_village(conn: pool.Connection, number: int = 6) -> list[str]:
    """Fields with a trap each, ready to store readings; returns the traps."""
    found = [a_field(conn, one) for one in range(1, number + 1)]
    alerts.put_rule(conn, RULE)
    readings.create_stage(conn)
    conn.commit()
    return found


def a_person(conn: pool.Connection, field_id: str | None, min_level: int = 1, **own: Any) -> int:  # noqa: ANN401 - Recipient's own
    """Somebody who agreed to be told of a field, or of the whole org, and has no quiet hours."""
    orgs.ensure_org(conn, ORG)
    consent = {"consent_at": datetime(2026, 1, 1, tzinfo=UTC), "consent_how": "on paper"}
    values: dict[str, Any] = {"name": "Bà Tư", "addresses": {"sms": "0912345678"}, **consent, **own}
    recipient_id, _ = recipients.add_recipient(conn, model.Recipient(ORG, **values))
    recipients.subscribe(conn, model.Subscription(recipient_id, field_id=field_id, min_level=min_level))
    conn.commit()
    return recipient_id


def a_night(trap_id: str, night: int, total: int) -> list[Message]:
    """The readings of one night, an even share of the catch in each."""
    evening = datetime(FIRST.year, FIRST.month, FIRST.day, 13, 0, tzinfo=UTC) + timedelta(days=night)
    packets = [
        a_reading(1 + night * 6 + index, start=evening + index * timedelta(minutes=10), counts={BPH: total // 6})
        for index in range(6)
    ]
    topic, now = a_topic(trap_id=trap_id).encode(), datetime.now(UTC).timestamp()
    return [Message(1, 1, 1, topic, packet.payload(), now) for packet in packets]


def an_outbreak(traps_of_it: Sequence[str], sick: int) -> list[list[Message]]:
    """Night by night, the readings of all traps; in that of index `sick` the hoppers rise, in the rest all is calm."""
    totals = {
        trap_id: OUTBREAK if number == sick else (60,) * len(OUTBREAK) for number, trap_id in enumerate(traps_of_it)
    }
    return [
        [message for trap_id in traps_of_it for message in a_night(trap_id, night, totals[trap_id][night])]
        for night in range(len(OUTBREAK))
    ]


def store(conn: pool.Connection, messages: Iterable[Message]) -> None:
    """Stores messages in the transaction that ingest would use; no night is too long ago to tell."""
    store_batch(conn, list(messages), alert_within_s=1e9)
    conn.commit()
