"""Settings shared by programs, as sections. Each program composes its own and builds it once, at start."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from lighttrap.errors import ConfigError


class Section(BaseModel):
    """A part of a program's settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DatabaseSettings(Section):
    """Where the store is."""

    dsn: SecretStr = Field(description="PostgreSQL connection string, `postgresql://user:password@host:port/name`.")


class BrokerParts(NamedTuple):
    """The parts of a broker URL."""

    host: str
    port: int
    tls: bool
    user: str | None
    password: str | None


def broker_parts(url: str) -> BrokerParts:
    """The parts of `mqtt://[user:password@]host[:port]`, or `mqtts://` for TLS. Raises ConfigError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as fault:
        raise ConfigError(f"the broker URL cannot be read: {fault}") from fault
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise ConfigError("the broker URL must look like mqtt://host:1883 or mqtts://host:8883")
    tls = parts.scheme == "mqtts"
    user, password = (unquote(text) if text else None for text in (parts.username, parts.password))
    return BrokerParts(parts.hostname, port or (8883 if tls else 1883), tls, user, password)


class BrokerSettings(Section):
    """Where the MQTT broker is."""

    url: SecretStr = Field(
        default=SecretStr("mqtt://127.0.0.1:1883"),
        description="`mqtt://[user:password@]host:port`, or `mqtts://` for TLS.",
    )
    ca_file: str | None = Field(default=None, description="Certificate authority for mqtts; the system's when unset.")
    keepalive_s: Annotated[int, Field(ge=5, le=300)] = Field(default=30, description="Seconds between MQTT pings.")

    def parts(self) -> BrokerParts:
        """The URL, taken apart."""
        return broker_parts(self.url.get_secret_value())


PagesUrl = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.-]+(:\d{1,5})?$", max_length=50)]
"""An address that people are given: scheme and host, no path. Short, for it must fit into an SMS."""


class LogSettings(Section):
    """How a program logs."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="Least level to log.")
    format: Literal["text", "json"] = Field(default="text", description="`text` for people, `json` for machines.")


class ProgramSettings(BaseSettings):
    """What every program reads from the environment: prefix `LIGHTTRAP_`, nested by `__`."""

    model_config = SettingsConfigDict(
        env_prefix="LIGHTTRAP_",
        env_nested_delimiter="__",
        frozen=True,
        extra="ignore",
        nested_model_default_partial_update=True,
    )

    log: LogSettings = Field(default_factory=LogSettings)


def faults(fault: ValidationError) -> str:
    """What is wrong with a program's settings, a line each, under the names that people set."""
    lines = []
    for error in fault.errors():
        name = "LIGHTTRAP_" + "__".join(str(part) for part in error["loc"]).upper()
        lines.append(f"{name}: {error['msg']}")
    return "\n".join(lines)
