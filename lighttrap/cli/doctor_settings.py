"""Where `lighttrap doctor` asks our programs how they are."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationError

from lighttrap import config
from lighttrap.config import ProgramSettings, PublicBrokerSettings, Section
from lighttrap.errors import ConfigError

_URL = r"https?://[^\s,]+"
Url = Annotated[str, Field(pattern=rf"^({_URL})?$")]


class DoctorSection(Section):
    """Addresses of our programs; one that is not set is not looked at, and doctor says so."""

    ingest_urls: Annotated[str, Field(pattern=rf"^({_URL}(,{_URL})*)?$")] = Field(
        default="", description="Where ingest workers tell how they are, `http://host:9090`, with commas between."
    )
    notify_url: Url = Field(default="", description="Where the notifier tells it, `http://host:9091`.")
    api_url: Url = Field(default="", description="Where the API is, past the proxy, `http://host:8080`.")
    dashboard_url: Url = Field(default="", description="Where the dashboard is, past the proxy, `http://host:8501`.")


class DoctorSettings(ProgramSettings):
    """Settings of `lighttrap doctor`, which reads those of database, broker and backups too."""

    doctor: DoctorSection = Field(default_factory=DoctorSection)
    public_broker: PublicBrokerSettings = Field(default_factory=PublicBrokerSettings)


def read() -> DoctorSettings:
    """The settings as the environment has them. Raises ConfigError."""
    try:
        return DoctorSettings()
    except ValidationError as fault:
        raise ConfigError(config.faults(fault)) from fault
