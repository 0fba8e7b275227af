"""Settings shared by programs, as sections. Each program composes its own and builds it once, at start."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Section(BaseModel):
    """A part of a program's settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DatabaseSettings(Section):
    """Where the store is."""

    dsn: SecretStr = Field(description="PostgreSQL connection string, `postgresql://user:password@host:port/name`.")


class BrokerSettings(Section):
    """Where the MQTT broker is."""

    url: SecretStr = Field(
        default=SecretStr("mqtt://127.0.0.1:1883"),
        description="`mqtt://[user:password@]host:port`, or `mqtts://` for TLS.",
    )
    ca_file: str | None = Field(default=None, description="Certificate authority for mqtts; the system's when unset.")
    keepalive_s: Annotated[int, Field(ge=5, le=300)] = Field(default=30, description="Seconds between MQTT pings.")


class LogSettings(Section):
    """How a program logs."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="Least level to log.")
    format: Literal["text", "json"] = Field(default="text", description="`text` for people, `json` for machines.")


class ProgramSettings(BaseSettings):
    """What every program reads from the environment: prefix `LIGHTTRAP_`, nested by `__`."""

    model_config = SettingsConfigDict(
        env_prefix="LIGHTTRAP_", env_nested_delimiter="__", frozen=True, extra="ignore", nested_model_default_partial_update=True
    )

    log: LogSettings = Field(default_factory=LogSettings)
