"""Settings of the channels. One that is not given what it cannot do without is off."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from lighttrap.config import Section

Seconds = Annotated[float, Field(gt=0, le=120)]
StatusList = Annotated[str, Field(pattern=r"^([1-5]\d\d(, ?[1-5]\d\d)*)?$")]


def statuses(text: str) -> frozenset[int]:
    """The numbers of a list such as `200, 201`."""
    return frozenset(int(part) for part in text.split(",") if part.strip())


class ConsoleSettings(Section):
    """Messages as lines of the log, for a try."""

    is_on: bool = Field(default=False, description="Channel `console`: messages become lines of the log, for a try.")


class EmailSettings(Section):
    """Mail through an SMTP server."""

    host: str | None = Field(default=None, description="Channel `email`: the SMTP server; unset, the channel is off.")
    port: Annotated[int, Field(ge=1, le=65_535)] = Field(default=587, description="Port of the SMTP server.")
    tls: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="`starttls`, `tls` from the first byte (port 465), or `none`."
    )
    ca_file: str | None = Field(default=None, description="Certificate authority for TLS; the system's when unset.")
    user: str | None = Field(default=None, description="Login at the SMTP server; none when unset.")
    password: SecretStr | None = Field(default=None, description="Password of that login.")
    sender: str | None = Field(default=None, description="Address the mail comes from; must be given with a host.")
    timeout_s: Seconds = Field(default=20, description="Seconds for each step of the conversation.")

    @model_validator(mode="after")
    def _is_whole(self) -> EmailSettings:
        if self.host and not (self.sender and "@" in self.sender):
            raise ValueError("say with SENDER from which address the mail comes")
        if (self.user is None) != (self.password is None):
            raise ValueError("USER and PASSWORD come together")
        return self


class SmsSettings(Section):
    """An SMS gateway with an HTTP interface, described by templates."""

    url: SecretStr | None = Field(
        default=None,
        description="Channel `sms`: URL of the gateway, in which `{address}`, `{text}`, `{key}` and `{unicode}`"
        " (0 or 1) are put, escaped; unset, the channel is off.",
    )
    method: Literal["GET", "POST", "PUT"] = Field(default="POST", description="How the gateway is asked.")
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, description='Further headers as JSON, such as `{"Authorization": "Bearer ..."}`.'
    )
    content_type: Literal["application/json", "application/x-www-form-urlencoded", "text/plain"] = Field(
        default="application/json", description="Of the body; says how what is put into it is escaped."
    )
    body: SecretStr = Field(
        default=SecretStr('{"to": "{address}", "text": "{text}"}'),
        description="Body, in which the same are put as in the URL.",
    )
    key_header: str | None = Field(
        default=None,
        description="Header for our key, where the gateway sends a message once however often it is asked to.",
    )
    success_status: StatusList = Field(default="200, 201, 202", description="Answers that may mean success.")
    success_pattern: str | None = Field(
        default=None,
        description="Regular expression that the answer must hold too: some gateways say 200 to everything.",
    )
    refused_pattern: str | None = Field(
        default=None, description="Regular expression of answers that say: this number never; no try follows."
    )
    refused_status: StatusList = Field(default="", description="Answers that say the same.")
    id_path: str | None = Field(
        default=None, description="Where the answer's JSON has the message's id, as `messages.0.id`; for receipts."
    )
    timeout_s: Seconds = Field(default=20, description="Seconds for the whole of a request.")


class ZnsSettings(Section):
    """Zalo Notification Service."""

    app_id: str | None = Field(
        default=None, description="Channel `zns`: id of the Zalo app; unset, the channel is off. Unproven so far."
    )
    app_secret: SecretStr | None = Field(default=None, description="Secret key of the Zalo app.")
    token_file: str | None = Field(
        default=None,
        description="File with the tokens, as JSON with `refresh_token`; written anew each time Zalo renews them.",
    )
    templates: dict[str, str] = Field(
        default_factory=dict,
        description='Ids of approved templates as JSON, by word and level or by word: `{"raised-3": "...", ...}`.',
    )
    url: str = Field(default="https://business.openapi.zalo.me/message/template", description="Where messages go.")
    token_url: str = Field(
        default="https://oauth.zaloapp.com/v4/oa/access_token", description="Where tokens are renewed."
    )
    timeout_s: Seconds = Field(default=20, description="Seconds for the whole of a request.")

    @model_validator(mode="after")
    def _is_whole(self) -> ZnsSettings:
        if self.app_id and not (self.app_secret and self.token_file and self.templates):
            raise ValueError("APP_ID needs APP_SECRET, TOKEN_FILE and TEMPLATES beside it")
        return self


class WebhookSettings(Section):
    """Signed CloudEvents to other systems; a recipient's address is the URL."""

    secret: SecretStr | None = Field(
        default=None,
        description="Channel `webhook`: secret of which each URL's key is made; unset, the channel is off.",
    )
    source: str = Field(default="/lighttrap", description="First part of `source` in CloudEvents; the org follows.")
    allow_private: bool = Field(
        default=False, description="Whether http, any port, and addresses of the own network may be posted to."
    )
    timeout_s: Seconds = Field(default=5, description="Seconds for the whole of a request.")

    @field_validator("secret")
    @classmethod
    def _is_long(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < 24:
            raise ValueError("a secret has 24 characters or more")
        return secret


class ChannelSettings(Section):
    """The channels; each is known by the name of its section, those of apprise by names of their own."""

    console: ConsoleSettings = Field(default_factory=ConsoleSettings)
    email: EmailSettings = Field(default_factory=EmailSettings)
    sms: SmsSettings = Field(default_factory=SmsSettings)
    zns: ZnsSettings = Field(default_factory=ZnsSettings)
    webhook: WebhookSettings = Field(default_factory=WebhookSettings)
    apprise: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="Channels by apprise as JSON, name to URL with `{address}`:"
        ' `{"telegram": "tgram://TOKEN/{address}"}`.',
    )

    @field_validator("apprise")
    @classmethod
    def _can_be_sent_to(cls, found: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, url in found.items():
            if name in cls.model_fields or not (2 <= len(name) <= 32) or not set(name) <= _NAME:
                raise ValueError(f"{name!r} is no name: 2-32 of a-z, 0-9 and hyphen, and not that of another channel")
            if "{address}" not in url.get_secret_value():
                raise ValueError(f"the URL of {name} needs {{address}} where the recipient's address goes")
        return found


_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
