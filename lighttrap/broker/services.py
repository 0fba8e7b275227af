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


def rights(service: Service) -> Sequence[str]:
    """The lines of the ACL file below the service's name."""
    if service is Service.INGEST:
        down = [f"{topics.PREFIX}/+/+/{kind}" for kind in topics.Kind if kind not in topics.UP]
        return [f"topic read {one}" for one in topics.up_filters()] + [f"topic write {one}" for one in down]
    if service is Service.MONITOR:
        return ["topic read $SYS/broker/#"]
    return ["topic read $SYS/broker/uptime"]
