"""Settings of the dashboard."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lighttrap.config import ProgramSettings, Section


class ScreenSettings(Section):
    """Where the dashboard listens, and which API it asks."""

    host: str = Field(default="127.0.0.1", description="Address to listen on; put a proxy with TLS before it.")
    port: Annotated[int, Field(ge=1, le=65_535)] = Field(default=8501, description="Port to listen on.")
    base_path: Annotated[str, Field(pattern=r"^(/[a-z0-9-]+)*$")] = Field(
        default="", description="Path of the dashboard below the host, as `/bang`; empty for the root."
    )
    api_url: str = Field(default="http://127.0.0.1:8080", description="The API as this program reaches it.")
    public_api_url: str = Field(
        default="",
        description="The API as browsers reach it, for logging in and out; `api_url` when empty. Its host must be the"
        " dashboard's own, or the session's cookie does not come along.",
    )
    language: Literal["vi", "km", "en"] = Field(
        default="vi", description="Language of whoever has chosen none and whose browser asks for none of ours."
    )
    refresh_s: Annotated[float, Field(ge=5, le=3600)] = Field(
        default=60, description="Seconds between looks for something new while a page is open."
    )
    kept_s: Annotated[float, Field(ge=1, le=3600)] = Field(
        default=60,
        description="Seconds an answer of the API is used again; twice as long when the API does not answer.",
    )
    timeout_s: Annotated[float, Field(gt=0, le=60)] = Field(
        default=10, description="Seconds an answer of the API may take."
    )
    stale_after_s: Annotated[float, Field(ge=3600)] = Field(
        default=26 * 3600, description="Age in seconds from which on the newest data are called old."
    )
    stalled_after_s: Annotated[float, Field(ge=60)] = Field(
        default=900, description="Seconds that the oldest message which is due may wait before the pages say so."
    )
    phone: str = Field(default="", description="Whom to call when something is wrong with the system itself.")

    def sign_in_url(self) -> str:
        """The API as browsers reach it."""
        return (self.public_api_url or self.api_url).rstrip("/")


class DashboardSettings(ProgramSettings):
    """Settings of `python -m dashboard`."""

    dashboard: ScreenSettings = Field(default_factory=ScreenSettings)
