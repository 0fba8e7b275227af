"""Things that are valid by default; a test says only what matters to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from lighttrap import topics, wire
from lighttrap.store import catches, orgs, pool, readings, traps

ORG = "soc-trang"
TRAP = "st-014"
BOOT = 3_021_994_417
NIGHTFALL = datetime(2025, 11, 22, 13, 30, tzinfo=UTC)
"""20:30 of 22 November in Sóc Trăng."""


def a_reading(seq: int = 1, **fields: Any) -> wire.ReadingPacket:  # noqa: ANN401 - any field of the packet
    """A ten-minute reading of an evening; reading `seq` follows `seq - 1` without a pause."""
    start = fields.pop("start", NIGHTFALL + (seq - 1) * timedelta(minutes=10))
    end = fields.pop("end", start + timedelta(minutes=10))
    own = {"v": 1, "boot": BOOT, "seq": seq, "lamp_s": 600, "counts": {"nilaparvata-lugens": 41}}
    return wire.ReadingPacket.model_validate({**own, "start": start, "end": end, **fields})


def a_topic(kind: topics.Kind = topics.Kind.READING, *, org: str = ORG, trap_id: str = TRAP) -> str:
    """The topic of a trap."""
    return topics.build(org, trap_id, kind)


def a_trap(conn: pool.Connection, trap_id: str = TRAP, *, org: str = ORG, **fields: Any) -> str:  # noqa: ANN401 - register_trap's
    """Registers a trap, in service since long before `NIGHTFALL`, and commits. Returns its id."""
    orgs.ensure_org(conn, org)
    own = {"in_service_from": NIGHTFALL - timedelta(days=400)}
    traps.register_trap(conn, trap_id=trap_id, org_id=org, **{**own, **fields})
    conn.commit()
    return trap_id


def store_readings(conn: pool.Connection, *packets: wire.ReadingPacket, trap_id: str = TRAP, org: str = ORG) -> None:
    """Stores readings as ingest does, and commits."""
    readings.create_stage(conn)
    staged = [
        readings.StagedReading(place, org, trap_id, packet, datetime.now(UTC), bytes([place]))
        for place, packet in enumerate(packets)
    ]
    readings.stage_readings(conn, readings.pack(conn, staged))
    readings.insert_staged(conn)
    catches.add_fresh(conn)
    conn.commit()
