"""Settings of the monitor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from lighttrap.config import BrokerSettings, DatabaseSettings, ProgramSettings, Section


class MonitorSettings(Section):
    """Where it serves, and what it looks at beside database and broker."""

    metrics_port: Annotated[int, Field(ge=0, le=65_535)] = Field(
        default=9092, description="Port of the monitor's /metrics, /healthz and /readyz; 0 for any free one."
    )
    metrics_host: str = Field(
        default="127.0.0.1", description="Address of the monitor's /metrics, /healthz and /readyz."
    )
    silent_after_s: Annotated[float, Field(ge=60)] = Field(
        default=26 * 3600, description="Seconds without a word after which the monitor counts a trap as silent."
    )
    disks: dict[str, Path] = Field(
        default_factory=lambda: {"root": Path("/")},
        description='Folders whose disks are watched, as JSON: `{"root": "/", "database": "/watch/database"}`.',
    )
    backup_file: Path | None = Field(
        default=None,
        description="The file that LIGHTTRAP_BACKUP__TEXTFILE names, whose figures are told; none when unset.",
    )
    pages: Annotated[str, Field(pattern=r"^([a-z0-9.-]+@[A-Za-z0-9.-]+:\d{1,5})?$")] = Field(
        default="",
        description="Whose certificate is watched, and where the proxy shows it: `bayden.example.org@caddy:443`.",
    )
    sms_parts_a_day: Annotated[int, Field(ge=1)] = Field(
        default=2000, description="SMS parts that may be paid for in a day before somebody is told; nothing is stopped."
    )


class MonitoringSettings(ProgramSettings):
    """Settings of `lighttrap monitor`."""

    database: DatabaseSettings
    broker: BrokerSettings = Field(default_factory=BrokerSettings)
    monitor: MonitorSettings = Field(default_factory=MonitorSettings)
