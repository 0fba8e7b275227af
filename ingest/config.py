"""Settings of the ingest worker."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lighttrap.config import BrokerSettings, DatabaseSettings, ProgramSettings, Section
from lighttrap.store.devices import DeviceLimits
from lighttrap.store.quarantine_room import Room


class WorkerSettings(Section):
    """How the worker takes, stores and answers."""

    client_id: str = Field(default="lighttrap-ingest", description="MQTT client id; stable, for the session is kept.")
    org: Annotated[str, Field(pattern=r"^(\+|[a-z0-9-]{2,32})$")] = Field(
        default="+", description="The org whose traps this worker serves; + for all."
    )
    batch_messages: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=500, description="Messages waiting that make a batch due."
    )
    batch_s: Annotated[float, Field(gt=0, le=10)] = Field(
        default=0.5, description="Seconds the oldest message waits at most before a batch is due."
    )
    quiet_s: Annotated[float, Field(gt=0, le=10)] = Field(
        default=0.03, description="Seconds without a further message after which a batch is due."
    )
    batch_limit: Annotated[int, Field(ge=1, le=20_000)] = Field(
        default=4000, description="Messages in one transaction at most."
    )
    receive_maximum: Annotated[int, Field(ge=1, le=65_535)] = Field(
        default=10_000, description="Messages the broker may send ahead of our acks; at least twice a batch."
    )
    queue_messages: Annotated[int, Field(ge=1)] = Field(
        default=20_000, description="Length of our own queue; above receive_maximum, so that it is never full."
    )
    session_expiry_s: Annotated[int, Field(ge=3600)] = Field(
        default=30 * 86_400, description="Seconds the broker keeps our session while we are away."
    )
    trap_per_minute: Annotated[int, Field(ge=0, le=100_000)] = Field(
        default=60,
        description="Messages a minute that a trap may send in the long run, of readings and of each other kind; what "
        "is beyond is refused as `rate`, and not lost: it is asked for later. 0 for no limit.",
    )
    trap_at_once: Annotated[int, Field(ge=1, le=10_000_000)] = Field(
        default=90_000,
        description="Readings that a trap may send at once: a day of the long run, or over a year of readings each "
        "ten minutes, such as `lighttrap replay` sends.",
    )
    quarantine_trap_bytes_a_day: Annotated[int, Field(ge=0)] = Field(
        default=8_000_000,
        description="Bytes that quarantine keeps of one trap and day (UTC), each message counted as 500 more than its "
        "payload; what is beyond is only counted.",
    )
    quarantine_strangers_bytes_a_day: Annotated[int, Field(ge=0)] = Field(
        default=64_000_000, description="The same for all traps of an org together that nobody has registered."
    )
    stored_interval_s: Annotated[float, Field(ge=0.1)] = Field(
        default=5, description="Least seconds between two `stored` packets to one trap."
    )
    gap_scan_s: Annotated[float, Field(ge=0.1)] = Field(default=15, description="Seconds between looks for gaps.")
    gap_patience_s: Annotated[float, Field(ge=0)] = Field(
        default=180, description="Seconds a gap may stay open before its readings are asked for again."
    )
    gap_again_s: Annotated[float, Field(ge=1)] = Field(
        default=600, description="Seconds until the same gap is asked for again; doubles each time."
    )
    alert_within_s: Annotated[float, Field(ge=0)] = Field(
        default=48 * 3600, description="Nights further back than this change the record, and nobody is told."
    )
    scan_s: Annotated[float, Field(ge=0.1)] = Field(
        default=60, description="Seconds between looks for nights that are over and for traps that do not speak."
    )
    replay_s: Annotated[float, Field(ge=0.1, le=60)] = Field(
        default=2, description="Seconds between looks for quarantined messages that somebody wants taken up."
    )
    replay_messages: Annotated[int, Field(ge=1, le=5000)] = Field(
        default=500, description="Of those, messages taken up at most before new ones have their turn again."
    )
    retention_s: Annotated[float, Field(ge=0.1)] = Field(
        default=3600, description="Seconds between looks for raw readings that an org keeps no longer."
    )
    silent_after_s: Annotated[float, Field(ge=60)] = Field(
        default=26 * 3600, description="Seconds without a word after which a trap is silent."
    )
    battery_low_v: Annotated[float, Field(ge=0)] = Field(
        default=11.5, description="Volts below which a battery is low; the default is for a 12 V lead battery."
    )
    standby_poll_s: Annotated[float, Field(ge=0.1)] = Field(
        default=2, description="Seconds between a standby's tries to become active."
    )
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] = Field(
        default=9090, description="Port of /metrics, /healthz and /readyz; 0 for any free one."
    )
    metrics_host: str = Field(default="127.0.0.1", description="Address of /metrics, /healthz and /readyz.")

    def room(self) -> Room:
        """How much quarantine keeps of a day."""
        return Room(self.quarantine_trap_bytes_a_day, self.quarantine_strangers_bytes_a_day)

    def device_limits(self) -> DeviceLimits:
        """From when on something is a fault of a trap."""
        return DeviceLimits(silent_after_s=self.silent_after_s, battery_low_v=self.battery_low_v)


class IngestSettings(ProgramSettings):
    """Settings of `python -m ingest`."""

    database: DatabaseSettings
    broker: BrokerSettings = Field(default_factory=BrokerSettings)
    ingest: WorkerSettings = Field(default_factory=WorkerSettings)
