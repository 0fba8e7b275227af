"""Quiet hours: local times in which a message waits."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


def quiet_until(now: datetime, quiet_from: time | None, quiet_to: time | None, zone: str) -> datetime | None:
    """When the quiet hours end in which `now` lies, in UTC; None outside of them.

    From 21:00 to 05:30 goes past midnight; from a time to itself is no time at all.
    """
    if quiet_from is None or quiet_to is None:
        return None
    local = now.astimezone(ZoneInfo(zone))
    at = local.time()
    is_past_midnight = quiet_from > quiet_to
    if not ((at >= quiet_from or at < quiet_to) if is_past_midnight else quiet_from <= at < quiet_to):
        return None
    day = local.date() if at < quiet_to else local.date() + timedelta(days=1)
    return datetime.combine(day, quiet_to, local.tzinfo).astimezone(UTC)
