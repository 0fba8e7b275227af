"""Settings of `lighttrap broker`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, model_validator

from lighttrap.broker.services import Service, ingest_of
from lighttrap.config import DatabaseSettings, ProgramSettings, SecretFile, Section, secret_in

_SHORTEST = 16


class FileSettings(Section):
    """Which files are written, how the broker is told, and the secrets of our own programs."""

    passwords: Path = Field(description="Mosquitto's `password_file`, which is written.")
    acl: Path = Field(description="Mosquitto's `acl_file`, which is written.")
    pid_file: Path | None = Field(
        default=None, description="Mosquitto's `pid_file`; who it names gets SIGHUP after a change."
    )
    pid: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Process that gets SIGHUP after a change; 1 in the process namespace of a container."
    )
    reload_command: str | None = Field(
        default=None,
        description="Command run after a change instead of SIGHUP, cut into words as by a shell and run without one.",
    )
    poll_s: Annotated[float, Field(gt=0, le=300)] = Field(
        default=5, description="Seconds between looks at the database that nobody asked for."
    )
    rest_s: Annotated[float, Field(ge=0, le=60)] = Field(
        default=1, description="Seconds between two reloads at least; what changes meanwhile is told in one."
    )
    beat_file: Path | None = Field(
        default=None,
        description="File that is touched whenever both were found or made right and the broker was told; for health"
        " checks.",
    )
    ingest_secret: SecretStr | None = Field(default=None, description="Secret of the user `_ingest`.")
    ingest_secret_file: SecretFile | None = Field(default=None, description="File that holds it.")
    ingest_orgs: Annotated[str, Field(pattern=r"^$|^[a-z0-9-]{2,32}(,[a-z0-9-]{2,32})*$")] = Field(
        default="",
        description="Orgs with an ingest worker of their own, with commas between; it logs in as `_ingest.ORG`, with"
        " the secret of `_ingest`.",
    )
    monitor_secret: SecretStr | None = Field(
        default=None, description="Secret of the user `_monitor`, who reads the broker's own figures."
    )
    monitor_secret_file: SecretFile | None = Field(default=None, description="File that holds it.")
    healthcheck_secret: SecretStr | None = Field(
        default=None, description="Secret of the user `_healthcheck`, who may log in and read the broker's uptime."
    )
    healthcheck_secret_file: SecretFile | None = Field(default=None, description="File that holds it.")

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> FileSettings:
        if sum(way is not None for way in (self.pid_file, self.pid, self.reload_command)) > 1:
            raise ValueError("give one of pid_file, pid and reload_command")
        for service, secret in self.secrets().items():
            if len(secret) < _SHORTEST:
                raise ValueError(f"the secret of {service} is shorter than {_SHORTEST} characters")
        return self

    def secrets(self) -> Mapping[str, str]:
        """The secrets of the services that have one, by user name."""
        found: dict[str, str] = {}
        for service in Service:
            name = f"{service.name.lower()}_secret"
            given: SecretStr | None = getattr(self, name)
            file: Path | None = getattr(self, f"{name}_file")
            if given is not None:
                found[service] = given.get_secret_value()
            elif file is not None:
                found[service] = secret_in(file)
        if shared := found.get(Service.INGEST):
            found |= {ingest_of(org): shared for org in self.ingest_orgs.split(",") if org}
        return found

    def command(self) -> list[str]:
        """The words of the reload command."""
        return shlex.split(self.reload_command or "")


class BrokerFileSettings(ProgramSettings):
    """Settings of `lighttrap broker sync` and `watch`."""

    database: DatabaseSettings
    broker_files: FileSettings
