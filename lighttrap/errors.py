"""The error tree. Two questions decide what happens to an error: may retrying help, and whose fault is it?

LightTrapError
├── WireError              this message can never be understood
│   ├── TopicError         the topic is not in our grammar
│   └── PacketError        the payload is not a packet of protocol v1
├── StoreError             the database did not take it
│   ├── StoreUnavailable   retrying may help
│   ├── StoreRejected      these rows never, others perhaps
│   └── StoreMismatch      the schema is not what this code expects
├── ConfigError            a setting cannot work
├── NotFound               asked for by name, and not there
├── Conflict               it contradicts what is already there
├── Unauthenticated        nobody knows who asks
├── Forbidden              known, and not allowed to
├── ProviderUnavailable    who vouches for people does not answer; later, perhaps
├── TooManyTries           later, perhaps
└── InputFault             a file or argument cannot be used
"""

from __future__ import annotations


class LightTrapError(Exception):
    """Something lighttrap cannot do."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message if message is not None else (type(self).__doc__ or "").strip().splitlines()[0])


class WireError(LightTrapError):
    """The message cannot be understood.

    `reason` is the stable word under which it is quarantined; the message says the detail.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class TopicError(WireError):
    """The topic is not in the grammar of protocol v1."""

    def __init__(self, detail: str) -> None:
        super().__init__("topic", detail)


class PacketError(WireError):
    """The payload is not a packet of protocol v1."""


class StoreError(LightTrapError):
    """The database did not take it."""

    def __init__(self, message: str | None = None, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


class StoreUnavailable(StoreError):
    """The database cannot be reached or is busy; trying again may help."""


class StoreRejected(StoreError):
    """The database refused these rows and always will; others may pass."""


class StoreMismatch(StoreError):
    """The database is not what this code expects; run `lighttrap migrate`."""


class ConfigError(LightTrapError):
    """A setting cannot work."""


class NotFound(LightTrapError):
    """There is no such thing."""


class Conflict(LightTrapError):
    """It contradicts what is already there."""


class Unauthenticated(LightTrapError):
    """Log in, or send a token that is valid."""


class Forbidden(LightTrapError):
    """You may not do that."""


class ProviderUnavailable(LightTrapError):
    """The provider by which people log in does not answer."""


class TooManyTries(LightTrapError):
    """Too many tries; wait a little.

    `retry_after_s` is how long.
    """

    def __init__(self, message: str | None = None, retry_after_s: int = 60) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class InputFault(LightTrapError):
    """The file or argument cannot be used."""
