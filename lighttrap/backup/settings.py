"""Settings of `lighttrap backup`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from lighttrap import config
from lighttrap.config import ProgramSettings, Section
from lighttrap.errors import ConfigError


class BackupSection(Section):
    """Where backups lie, how long they are kept, and when `lighttrap doctor` calls the newest too old."""

    folder: Path | None = Field(
        default=None, description="Folder of the backups: where `lighttrap backup` writes and `lighttrap doctor` looks."
    )
    keep: Annotated[str, Field(pattern=r"^[0-9]{1,4}(/[0-9]{1,4})?$")] | None = Field(
        default=None,
        description="`DAYS/COUNT`: a backup is thrown away once it is older than DAYS and COUNT newer ones are there"
        " (7 when not said); never the newest that was proven. None is thrown away when unset.",
    )
    textfile: Path | None = Field(
        default=None,
        description="File for Prometheus' textfile collector, written anew after each backup: `lighttrap_backup_*`.",
    )
    max_age_h: Annotated[float, Field(gt=0)] = Field(
        default=26, description="Hours after which `lighttrap doctor` calls the newest backup too old."
    )


class BackupSettings(ProgramSettings):
    """Settings of `lighttrap backup`, and what `lighttrap doctor` knows of backups."""

    backup: BackupSection = Field(default_factory=BackupSection)


def read() -> BackupSettings:
    """The settings as the environment has them. Raises ConfigError."""
    try:
        return BackupSettings()
    except ValidationError as fault:
        raise ConfigError(config.faults(fault)) from fault
