"""How often pages may be asked for, so that no crowd and no guesser keeps the database from its work.

Counted in this process's memory: with several processes each allows so much.
"""

from __future__ import annotations

import hashlib

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from lighttrap.errors import TooManyTries


class Limits:
    """Counts by token and by address, minute by minute."""

    def __init__(self, *, per_token: int, per_address: int) -> None:
        self._per_token = RateLimitItemPerMinute(per_token)
        self._per_address = RateLimitItemPerMinute(per_address)
        self._counts = FixedWindowRateLimiter(MemoryStorage())

    def count(self, token: str | None, address: str) -> None:
        """Counts one request, for one token's page or for none. Raises TooManyTries."""
        # By hash: what a stranger makes up may be long, and a token lies about in memory no longer than it must.
        by_token = hashlib.sha256((token or "").encode(errors="replace")).hexdigest()
        fits = self._counts.hit(self._per_address, "address", address)
        if not (token is None or self._counts.hit(self._per_token, "token", by_token)) or not fits:
            raise TooManyTries("too many requests; wait a minute")
