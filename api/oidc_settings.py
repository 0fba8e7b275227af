"""Settings of logging in by an OpenID Connect provider."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from lighttrap.config import Section

_HERE = ("127.0.0.1", "::1", "localhost")


def is_safe_url(text: str) -> bool:
    """Whether it is an https URL; http will do on this machine, where nobody listens in."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE))


class OidcSettings(Section):
    """Logging in by an OpenID Connect provider; people still need an account here."""

    issuer: str = Field(
        default="",
        description="The provider's issuer, `https://...`, as it names itself; nobody logs in so when empty.",
    )
    client_id: str = Field(default="", description="What we are called at the provider.")
    client_secret: SecretStr = Field(
        default=SecretStr(""), description="Our password at the provider; none for a public client, which PKCE guards."
    )
    client_secret_file: Path | None = Field(default=None, description="A file with that password, in place of it.")
    email_domains: str = Field(
        default="", description="Domains of e-mail addresses that may log in so, with commas; any when empty."
    )
    label: str = Field(default="OpenID Connect", description="What a page writes on the button.")
    base_url: str = Field(
        default="", description="Where browsers reach the API, `https://host`; the provider sends them back there."
    )
    contact: str = Field(
        default="the admin of your org", description="Whom to ask, for people who have no account here."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> OidcSettings:
        if self.issuer:
            for name in ("issuer", "base_url"):
                if not is_safe_url(getattr(self, name)):
                    raise ValueError(f"{name} must be an https URL; http will do on this machine only")
            if not self.client_id:
                raise ValueError("issuer needs client_id")
            if self.client_secret_file and not self.client_secret_file.is_file():
                raise ValueError(f"there is no file {self.client_secret_file}")
        return self

    def secret(self) -> str:
        """Our password at the provider, read anew each time, so that it can be changed while we run."""
        if self.client_secret_file:
            return self.client_secret_file.read_text(encoding="utf-8").strip()
        return self.client_secret.get_secret_value()

    def domains(self) -> list[str]:
        """The domains that may log in; any when there is none."""
        return [one.strip().lower() for one in self.email_domains.split(",") if one.strip()]

    def redirect_url(self) -> str:
        """Where the provider sends people back to; it must know this address."""
        return self.base_url.rstrip("/") + "/v1/login/oidc/callback"
