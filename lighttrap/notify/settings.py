"""Settings of the notifier."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lighttrap.config import DatabaseSettings, PagesUrl, ProgramSettings, Section
from lighttrap.notify.channels.settings import ChannelSettings


class WordingSettings(Section):
    """What the words of farmers' messages depend on, beside the alert and its reader."""

    pages_url: PagesUrl | None = Field(
        default=None,
        description="Where farmers reach the API, as `https://bayden.example`: messages to them that have room then"
        " link their own page, and codes to sign up by lead there; none, and where was asked, when unset.",
    )
    unreviewed_texts: bool = Field(
        default=False, description="Whether texts are used that no native reader has vouched for, as the Khmer ones."
    )


class NotifierSettings(ChannelSettings, WordingSettings):
    """How alert events become messages, when a message is given up, and the channels there are."""

    metrics_port: Annotated[int, Field(ge=0, le=65_535)] = Field(
        default=9091, description="Port of the notifier's /metrics, /healthz and /readyz; 0 for any free one."
    )
    metrics_host: str = Field(
        default="127.0.0.1", description="Address of the notifier's /metrics, /healthz and /readyz."
    )
    paused: bool = Field(
        default=False,
        description="Messages are written down and none is sent: for the first start on a restored database.",
    )
    senders: Annotated[int, Field(ge=1, le=32)] = Field(
        default=4, description="Messages of one channel that may be under way at once; each takes a session."
    )
    poll_s: Annotated[float, Field(gt=0, le=60)] = Field(
        default=5, description="Seconds between looks for work that nobody woke the notifier for."
    )
    lease_s: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=180, description="Seconds one attempt may take; above every channel's time-out."
    )
    tries: Annotated[int, Field(ge=1, le=100)] = Field(default=30, description="Attempts after which one is given up.")
    give_up_s: Annotated[float, Field(gt=0)] = Field(
        default=12 * 3600, description="Seconds after which a warning that could not be sent helps nobody any more."
    )
    retry_first_s: Annotated[float, Field(gt=0)] = Field(
        default=30, description="Seconds until a second attempt; each further wait is four times as long, +-20 %."
    )
    retry_longest_s: Annotated[float, Field(gt=0)] = Field(
        default=1800, description="Seconds between two attempts at most."
    )
    daily_cap: Annotated[int, Field(ge=1)] = Field(
        default=3,
        description="Messages a day to one farmer by one channel, after which watches and warnings are left out.",
    )
    weekly_cap: Annotated[int, Field(ge=1)] = Field(
        default=3,
        description="Raises of one pest to one farmer by one channel in seven days, after which watches and warnings"
        " are left out unless they are higher than those.",
    )
    digest_over: Annotated[int, Field(ge=1)] = Field(
        default=3,
        description="Messages to one of the staff by one channel in `digest_s`, beyond which they are told together.",
    )
    digest_s: Annotated[float, Field(ge=0)] = Field(
        default=600, description="Seconds of rest after so many messages, and after a digest."
    )
    alarm_breaks_quiet: bool = Field(default=False, description="Whether an alarm is sent in quiet hours too.")
    link: str | None = Field(
        default=None,
        description="Page of an alert, with `{alert}` for its number; in messages to staff that have room for it.",
    )
    link_days: Annotated[float, Field(gt=0, le=31)] = Field(
        default=7, description="Days after which the link in a farmer's message opens nothing any more."
    )


class NotifySettings(ProgramSettings):
    """Settings of `lighttrap notify`."""

    database: DatabaseSettings
    notify: NotifierSettings = Field(default_factory=NotifierSettings)
