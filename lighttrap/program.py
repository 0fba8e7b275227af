"""How every program of ours begins: its settings, and then its log."""

from __future__ import annotations

import sys
from typing import TypeVar

from pydantic import ValidationError

from lighttrap import config, logs
from lighttrap.config import ProgramSettings
from lighttrap.errors import ConfigError

Settings = TypeVar("Settings", bound=ProgramSettings)


def begin(kind: type[Settings]) -> Settings:
    """The settings of a program, its log set up by them. Ends it with exit code 2 when a setting is wrong."""
    try:
        settings = kind()
    except (ValidationError, ConfigError) as fault:
        print(config.faults(fault), file=sys.stderr)  # noqa: T201 - no log yet
        sys.exit(2)
    logs.set_up(settings.log.level, settings.log.format)
    return settings
