"""Nights: local noon to local noon, named by the date of the evening.

Hoppers fly from dusk to dawn, so a calendar day would cut every catch in two at midnight. The same rule stands in
SQL as the function `night_of`; a property test holds the two together.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

NOON = time(12)
DEFAULT_ZONE = "Asia/Ho_Chi_Minh"


def night_of(at: datetime, zone: str = DEFAULT_ZONE) -> date:
    """The night an instant belongs to.

    `at` must be aware; `zone` is an IANA name. 12:00:00 local opens the night of that date; 11:59:59 closes the night
    of the date before. Raises ValueError for a naive instant.
    """
    if at.tzinfo is None:
        raise ValueError("night_of needs an aware datetime")
    local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return (local - timedelta(hours=12)).date()


def night_bounds(night: date, zone: str = DEFAULT_ZONE) -> tuple[datetime, datetime]:
    """First instant of the night and first instant of the next one, aware, in `zone`."""
    tz = ZoneInfo(zone)
    return (
        datetime.combine(night, NOON, tz),
        datetime.combine(night + timedelta(days=1), NOON, tz),
    )


def middle(start: datetime, end: datetime) -> datetime:
    """The instant by which a reading's night is judged.

    The middle of its interval lies in the night that holds most of it, for every interval of up to a day: a bag hung
    at 18:00 and emptied at 06:00, a camera's ten minutes that end at noon sharp, a logger's noon-to-noon total.
    """
    return start + (end - start) / 2
