"""What every channel is: it takes a message and answers with a receipt, and never raises for what may happen to it.

A channel sends at most once per call. Whether it is called again is the notifier's affair, and follows from the
receipt's outcome and, when that is unknown, from the channel's `on_unknown`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol
from uuid import UUID


class Outcome(StrEnum):
    """What became of one attempt; the words of `delivery_attempt.outcome`."""

    SENT = "sent"
    """The provider took it."""
    FAILED = "failed"
    """The provider has it not, and may take it later."""
    REFUSED = "refused"
    """The provider will never take this message for this address."""
    UNKNOWN = "unknown"
    """It may have been taken: the answer did not come, or could not be understood."""


class OnUnknown(StrEnum):
    """What a channel allows when nobody can say whether a message was taken."""

    SEND_AGAIN = "send again"
    """The receiver knows a repeated message by its key."""
    AT_LEAST_ONCE = "at least once"
    """A repetition is seen for one by its reader, as e-mail with the same Message-ID."""
    ALARM_ONCE_MORE = "alarm once more"
    """An alarm is sent once more, with its number in the text; anything lower is not."""


class Receipt(NamedTuple):
    """A channel's word on one attempt. `detail` is for people, and holds no address and no secret."""

    outcome: Outcome
    detail: str = ""
    provider_id: str | None = None
    retry_after_s: float | None = None
    """Not sooner than that, the provider says."""
    is_down: bool = False
    """Nobody answered there: other messages need not be tried just now."""


@dataclass(frozen=True, slots=True)
class About:
    """The alert event behind a message, for channels whose readers are programs or templates."""

    event_id: int
    alert_id: int
    org_id: str
    word: str
    level: int
    night: date
    at: datetime
    kind: str = "catch"
    species: str | None = None
    field_id: str | None = None
    trap_id: str | None = None
    fault: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one address. `key` is the same at every attempt, and so is everything else but a farmer's link.

    `values` are the placeholders that the text was made of, for providers that keep the template themselves.
    """

    key: UUID
    address: str
    text: str
    about: About
    subject: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)


class Channel(Protocol):
    """A way to reach people, by the name under which the settings and addresses know it. Threads share it."""

    name: str
    on_unknown: OnUnknown
    tells_each: bool
    """Whether each event needs a message of its own, as for programs; people may be told of many at once."""

    def send(self, message: Message) -> Receipt:
        """Hands over one message. Raises nothing for a dead, slow or odd provider: the receipt says it."""

    def close(self) -> None:
        """Lets go of connections."""
