"""Our own programs at the broker, and what they may."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from lighttrap import topics


class Service(StrEnum):
    """A user name that no trap can have: a trap id has no underscore."""

    INGEST = "_ingest"
    """Hears all traps, and tells each what is stored and what is wanted."""
    MONITOR = "_monitor"
    """Reads what the broker says of itself."""
    HEALTHCHECK = "_healthcheck"
    """Logs in, to see that one can."""


def ingest_of(org: str) -> str:
    """The name of an ingest worker that serves one org."""
    return f"{Service.INGEST}.{org}"


def rights(user: str) -> Sequence[str]:
    """The lines of the ACL file below the name of a service, or of one org's ingest."""
    service, _, org = user.partition(".")
    if service == Service.INGEST:
        up = topics.up_filters(org or "+")
        down = [f"{topics.PREFIX}/{org or '+'}/+/{kind}" for kind in topics.Kind if kind not in topics.UP]
        return [f"topic read {one}" for one in up] + [f"topic write {one}" for one in down]
    return ["topic read $SYS/broker/#" if service == Service.MONITOR else "topic read $SYS/broker/uptime"]
