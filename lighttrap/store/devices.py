"""Faults of traps: silent, battery low, lamp off, readings missing for long. Raised and ended as alerts of kind device.

Judged by the clock and not by a message, so ingest asks for it now and then. A server that was away itself knows
nothing of silence: `listening_s` says for how long we have been there to hear.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from lighttrap import sql
from lighttrap.store.pool import Connection
from lighttrap.store.rows import record_row

_SQL = sql.load("devices")


@dataclass(frozen=True, slots=True)
class DeviceLimits:
    """From when on something is a fault. All are assumptions, to be set for the traps at hand."""

    silent_after_s: float = 26 * 3600.0
    """Without a word: a day and a little, so that a trap that speaks once a day is not silent."""
    group_within_s: float = 900.0
    """Traps that fall silent within so long of each other are one alert."""
    many_traps: int = 3
    many_share: float = 0.3
    """At least so many and such a share of an org's traps, to be called many."""
    settle_s: float = 900.0
    """After a start of our own, so long for traps and broker to find us again."""
    battery_low_v: float = 11.5
    """For a 12 V lead battery."""
    gap_after_s: float = 24 * 3600.0
    """A gap that traps were asked for and did not fill."""


def watch(conn: Connection, org_id: str | None, listening_s: float, limits: DeviceLimits | None = None) -> int:
    """Raises and ends device alerts of one org or of all. Returns how many events it wrote."""
    values = {**asdict(limits or DeviceLimits()), "org_id": org_id, "listening_s": listening_s}
    return conn.execute(_SQL["watch_devices"], values, prepare=True).rowcount


@dataclass(frozen=True, slots=True)
class DeviceState:
    """How a trap in service is, by its last words; `missing` counts readings, `faults` are of its active alerts."""

    trap_id: str
    last_heard_at: datetime | None
    online: bool | None
    said_at: datetime | None
    firmware: str | None
    battery_v: float | None
    panel_v: float | None
    signal_dbm: float | None
    missing: int
    faults: list[str]


def page_states(conn: Connection, org_id: str, *, after: str = "", limit: int = 100) -> list[DeviceState]:
    """The states of an org's traps in service, by id from after `after` on."""
    wanted = {"org_id": org_id, "after": after, "limit": limit}
    return conn.cursor(row_factory=record_row(DeviceState)).execute(_SQL["device_states"], wanted).fetchall()
