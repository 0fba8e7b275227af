"""Topic grammar of protocol v1: `lighttrap/v1/{org}/{trap_id}/{kind}`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from lighttrap.errors import TopicError

PREFIX = "lighttrap/v1"
SLUG = re.compile(r"[a-z0-9-]{2,32}", re.ASCII)
TRAP_ID = re.compile(r"[a-z0-9-]{3,32}", re.ASCII)


class Kind(StrEnum):
    """What a message is about; the first four go up, the last two down."""

    READING = "reading"
    STATUS = "status"
    EVENT = "event"
    SUMMARY = "summary"
    STORED = "stored"
    COMMAND = "command"


UP = (Kind.READING, Kind.STATUS, Kind.EVENT, Kind.SUMMARY)


@dataclass(frozen=True, slots=True)
class Topic:
    """A parsed topic."""

    org: str
    trap_id: str
    kind: Kind

    def __str__(self) -> str:
        return f"{PREFIX}/{self.org}/{self.trap_id}/{self.kind}"


def parse(text: str) -> Topic:
    """The parts of a topic. Raises TopicError when it is not in the grammar."""
    levels = text.split("/")
    if len(levels) != 5 or not text.startswith(PREFIX + "/"):
        raise TopicError(f"expected {PREFIX}/ORG/TRAP/KIND")
    org, trap_id, kind = levels[2:]
    if not SLUG.fullmatch(org):
        raise TopicError("the org is not 2-32 characters of a-z, 0-9 and hyphen")
    if not TRAP_ID.fullmatch(trap_id):
        raise TopicError("the trap id is not 3-32 characters of a-z, 0-9 and hyphen")
    try:
        return Topic(org, trap_id, Kind(kind))
    except ValueError:
        raise TopicError("the kind is none of " + ", ".join(Kind)) from None


def build(org: str, trap_id: str, kind: Kind) -> str:
    """The topic of one trap and kind. Raises TopicError for names outside the grammar."""
    return str(parse(f"{PREFIX}/{org}/{trap_id}/{kind}"))


def up_filters(org: str = "+") -> list[str]:
    """Subscription filters for everything traps send, of one org or of all."""
    return [f"{PREFIX}/{org}/+/{kind}" for kind in UP]


def down_filters(org: str, trap_id: str) -> list[str]:
    """Subscription filters for everything one trap is told."""
    return [build(org, trap_id, Kind.STORED), build(org, trap_id, Kind.COMMAND)]


def numbered_trap_ids(prefix: str, number: int) -> list[str]:
    """The trap ids `prefix-00001` ... of a simulated fleet; the command line registers what the simulator plays."""
    return [f"{prefix}-{index:05d}" for index in range(1, number + 1)]
