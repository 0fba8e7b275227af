"""Settings shared by programs, as sections. Each program composes its own and builds it once, at start."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, cast
from urllib.parse import quote, unquote, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from lighttrap.errors import ConfigError, Conflict


class Section(BaseModel):
    """A part of a program's settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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


def secret_in(path: Path) -> str:
    """The secret in a file, without the line's end. Raises ValueError when there is none."""
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as fault:
        raise ValueError(f"{path} cannot be read: {fault}") from fault
    if not secret:
        raise ValueError(f"{path} is empty")
    return secret


def _holds_a_secret(path: Path) -> Path:
    secret_in(path)
    return path


SecretFile = Annotated[Path, AfterValidator(_holds_a_secret)]
"""A file that holds one secret, and is there when the program starts."""


def _broker_url(url: SecretStr) -> SecretStr:
    try:
        broker_parts(url.get_secret_value())
    except ConfigError as fault:
        raise ValueError(str(fault)) from fault
    return url


class DatabaseSettings(Section):
    """Where the store is."""

    dsn: SecretStr = Field(description="PostgreSQL connection string, `postgresql://user:password@host:port/name`.")
    password_file: SecretFile | None = Field(
        default=None, description="File that holds the password, for a connection string without one."
    )

    def address(self) -> str:
        """The connection string, with the password from its file. Raises ValueError when that cannot be read."""
        dsn = self.dsn.get_secret_value()
        return dsn if self.password_file is None else with_password(dsn, secret_in(self.password_file))


def with_password(dsn: str, password: str) -> str:
    """A connection string of either form, with this password in place of its own."""
    if dsn.startswith(("postgresql://", "postgres://")):
        return f"{dsn}{'&' if '?' in dsn else '?'}password={quote(password, safe='')}"
    escaped = password.replace("\\", "\\\\").replace("'", "\\'")
    return f"{dsn} password='{escaped}'"


def database_address(environ: Mapping[str, str]) -> str | None:
    """The same of an environment, for commands that build no settings; None when it names no database.

    Raises ConfigError when the file with the password cannot be read.
    """
    dsn, file = (environ.get(f"LIGHTTRAP_DATABASE__{name}") for name in ("DSN", "PASSWORD_FILE"))
    if not dsn or not file:
        return dsn or None
    try:
        return with_password(dsn, secret_in(Path(file)))
    except ValueError as fault:
        raise ConfigError(f"LIGHTTRAP_DATABASE__PASSWORD_FILE: {fault}") from fault


class BrokerSettings(Section):
    """Where the MQTT broker is."""

    url: Annotated[SecretStr, AfterValidator(_broker_url)] = Field(
        default=SecretStr("mqtt://127.0.0.1:1883"),
        description="`mqtt://[user:password@]host:port`, or `mqtts://` for TLS.",
    )
    password_file: SecretFile | None = Field(
        default=None, description="File that holds the password, for a URL that names a user without one."
    )
    ca_file: str | None = Field(default=None, description="Certificate authority for mqtts; the system's when unset.")
    keepalive_s: Annotated[int, Field(ge=5, le=300)] = Field(default=30, description="Seconds between MQTT pings.")

    def parts(self) -> BrokerParts:
        """The URL, taken apart, with the password from its file."""
        parts = broker_parts(self.url.get_secret_value())
        if self.password_file is None or parts.password is not None:
            return parts
        return parts._replace(password=secret_in(self.password_file))


def _public_address(url: str) -> str:
    try:
        parts = broker_parts(url)
    except ConfigError as fault:
        raise ValueError(str(fault)) from fault
    if parts.user or parts.password or not _ADDRESS.fullmatch(url):
        raise ValueError("must be mqtt://host:port or mqtts://host:port, without a login")
    host = f"[{parts.host}]" if ":" in parts.host else parts.host
    return f"{'mqtts' if parts.tls else 'mqtt'}://{host}:{parts.port}"


def _fingerprint(value: object) -> object:
    return value.replace(":", "").lower() if isinstance(value, str) else value


_ADDRESS = re.compile(r"mqtts?://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(:[0-9]+)?", re.ASCII)
_Sha256 = Annotated[str, BeforeValidator(_fingerprint), Field(pattern=r"^[0-9a-f]{64}$")]


class PublicBrokerSettings(Section):
    """Where traps in the field find the broker; what their connect codes say."""

    url: Annotated[str, AfterValidator(_public_address)] | None = Field(
        default=None, description="`mqtts://host:port` as traps reach it; without it no trap can be provisioned."
    )
    ca_sha256: _Sha256 | None = Field(
        default=None,
        description="SHA-256 fingerprint of the broker's certificate authority, for traps that do not know it.",
    )

    def address(self) -> str:
        """The URL. Raises Conflict when nobody has set it."""
        if self.url is None:
            raise Conflict("nobody has said where traps find the broker: set LIGHTTRAP_PUBLIC_BROKER__URL")
        return self.url


PagesUrl = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.-]+(:\d{1,5})?$", max_length=50)]
"""An address that people are given: scheme and host, no path. Short, for it must fit into an SMS."""


class LogSettings(Section):
    """How a program logs."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="Least level to log.")
    format: Literal["text", "json"] = Field(default="text", description="`text` for people, `json` for machines.")


class ProgramSettings(BaseSettings):
    """What every program reads from the environment: prefix `LIGHTTRAP_`, nested by `__`.

    What the environment does not say, a file may: one with the variable's name in the folder `LIGHTTRAP_SECRETS`, else
    in the one where systemd puts credentials.
    """

    model_config = SettingsConfigDict(
        env_prefix="LIGHTTRAP_",
        env_nested_delimiter="__",
        frozen=True,
        extra="ignore",
        nested_model_default_partial_update=True,
    )

    log: LogSettings = Field(default_factory=LogSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then files. Raises ConfigError for a folder that is not there."""
        folder = os.environ.get("LIGHTTRAP_SECRETS") or os.environ.get("CREDENTIALS_DIRECTORY")
        if not folder:
            return init_settings, env_settings
        if not Path(folder).is_dir():
            raise ConfigError(f"LIGHTTRAP_SECRETS: there is no folder {folder}")
        plain = cast(SecretsSettingsSource, file_secret_settings)
        files = NestedSecretsSettingsSource(
            plain, secrets_dir=folder, secrets_prefix="LIGHTTRAP_", secrets_nested_delimiter="__"
        )  # fmt: skip
        return init_settings, env_settings, files


def faults(fault: ValidationError | ConfigError) -> str:
    """What is wrong with a program's settings, a line each, under the names that people set."""
    if isinstance(fault, ConfigError):
        return str(fault)
    lines = []
    for error in fault.errors():
        name = "LIGHTTRAP_" + "__".join(str(part) for part in error["loc"]).upper()
        lines.append(f"{name}: {error['msg']}")
    return "\n".join(lines)
