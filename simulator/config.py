"""Settings of the simulator: options of the command line first, then the environment, then these defaults."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, field_validator, model_validator

from lighttrap import species, topics
from lighttrap.config import BrokerSettings, ProgramSettings, Section
from lighttrap.errors import TopicError
from lighttrap.night import DEFAULT_ZONE
from simulator import faults
from simulator.device import minutes

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,32}$")]
NOON_M = 12 * 60
DAY_M = 24 * 60
_TIME = r"((?:[01]\d|2[0-3]):[0-5]\d)"
_HOURS = re.compile(rf"{_TIME}\s*-\s*{_TIME}", re.ASCII)


class LampHours(Section):
    """When the lamp burns, in minutes after local midnight."""

    from_m: int
    to_m: int

    @property
    def length_m(self) -> int:
        """Minutes the lamp burns in a night."""
        return (self.to_m - self.from_m) % DAY_M

    @property
    def after_noon_m(self) -> int:
        """Minutes from local noon until the lamp goes on."""
        return (self.from_m - NOON_M) % DAY_M


def lamp_hours(text: str) -> LampHours:
    """The lamp hours of `18:00-05:00`. Raises ValueError when they are none, or do not fit into one night."""
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise ValueError("lamp hours look like 18:00-05:00")
    hours = LampHours(from_m=minutes(found[1]), to_m=minutes(found[2]))
    if not 0 < hours.length_m <= DAY_M - hours.after_noon_m:
        raise ValueError("lamp hours must lie between one noon and the next")
    return hours


class FleetSettings(Section):
    """What `python -m simulator run` plays."""

    org: Slug = Field(default="demo", description="The org the traps belong to.")
    prefix: Slug = Field(default="sim", description="Trap ids are this, a hyphen and a number of five digits.")
    traps: Annotated[int, Field(ge=1, le=99_999)] = Field(default=24, description="Number of traps.")
    seed: Annotated[int, Field(ge=0)] = Field(default=1, description="The same seed makes the same world.")
    interval_s: Annotated[int, Field(ge=1, le=86_400)] = Field(default=60, description="Seconds between readings.")
    history_days: Annotated[int, Field(ge=0, le=3650)] = Field(default=0, description="Days of past made first.")
    history_interval_s: Annotated[int, Field(ge=60, le=86_400)] = Field(
        default=1800, description="Seconds between readings of the past."
    )
    species: str = Field(
        default="nilaparvata-lugens,sogatella-furcifera,nephotettix-spp,cyrtorhinus-lividipennis",
        description="Species the traps look for, by key, with commas between.",
    )
    lamp_hours: str = Field(default="18:00-05:00", description="When the lamps burn, local time.")
    zone: str = Field(default=DEFAULT_ZONE, description="Time zone of the traps.")
    faults: str = Field(default="", description="Faults and their rates, such as drop=0.01,duplicate=0.02.")
    connections: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=50, description="MQTT sessions at most; with more traps than that, traps share them."
    )
    connect_codes: Path | None = Field(
        default=None,
        description="File with a connect code a line: each trap then has its own login and session, at the broker"
        " that its code names.",
    )
    state: Path | None = Field(default=None, description="File that keeps the traps' memory over a restart.")
    exit_after_s: Annotated[float, Field(gt=0)] | None = Field(default=None, description="Seconds to play live.")
    timeout_s: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Seconds to wait at most until the past, or the one reading, is stored."
    )
    fast: bool = Field(default=False, description="Only make the past, wait until it is stored, and end.")
    once: bool = Field(default=False, description="One reading of each trap, wait until all are stored, and end.")

    @field_validator("species")
    @classmethod
    def _species_are_keys(cls, text: str) -> str:
        keys = _keys(text)
        if not keys or any(not species.KEY.fullmatch(key) for key in keys) or len(set(keys)) != len(keys):
            raise ValueError("species are keys such as nilaparvata-lugens, each once, with commas between")
        return text

    @field_validator("lamp_hours")
    @classmethod
    def _lamp_hours_fit(cls, text: str) -> str:
        lamp_hours(text)
        return text

    @field_validator("zone")
    @classmethod
    def _zone_is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (OSError, ValueError, KeyError):
            raise ValueError("there is no such time zone") from None
        return name

    @model_validator(mode="after")
    def _fits_together(self) -> FleetSettings:
        faults.parse(self.faults)
        try:
            topics.build(self.org, self.trap_ids[0], topics.Kind.READING)
        except TopicError as fault:
            raise ValueError(f"prefix {self.prefix!r} makes no trap id: {fault.detail}") from None
        if self.fast and not self.history_days:
            raise ValueError("--fast needs --history-days: there is no past to make")
        if self.once and (self.fast or self.history_days):
            raise ValueError("--once goes without --fast and --history-days")
        return self

    @property
    def trap_ids(self) -> list[str]:
        """The ids of the fleet's traps."""
        return topics.numbered_trap_ids(self.prefix, self.traps)

    @property
    def species_keys(self) -> tuple[str, ...]:
        """The species the traps look for."""
        return _keys(self.species)

    @property
    def lamp(self) -> LampHours:
        """When the lamps burn."""
        return lamp_hours(self.lamp_hours)


def _keys(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


class SimulatorSettings(ProgramSettings):
    """Settings of `python -m simulator`."""

    broker: BrokerSettings = Field(default_factory=BrokerSettings)
    simulator: FleetSettings = Field(default_factory=FleetSettings)
