"""How many requests a caller may make: a bucket that is full after a minute's rest, kept in this process.

Of each caller one number is kept, the moment at which its bucket will be full again (the generic cell rate algorithm of
ITU-T I.371). So many requests may come at once, and so many a minute for as long as they like.
"""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import Scope

from lighttrap.errors import TooManyTries

_WINDOW_S = 60.0
_SWEEP_FROM = 1024
_MAPPED = bytes(10) + b"\xff\xff"
"""What an IPv4 address begins with where IPv6 is spoken."""


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a caller's requests; `full_s` is in how many seconds it will be all of them again."""

    policy: str
    quota: int
    remaining: int
    full_s: int
    retry_after_s: int = 0
    """0 when this request may go on."""

    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers-10 has them."""
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.quota};w={int(_WINDOW_S)}',
            "RateLimit": f'"{self.policy}";r={self.remaining};t={self.full_s}',
        }


class Buckets:
    """A bucket each for callers of one kind."""

    def __init__(self, policy: str, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._policy = policy
        self._quota = per_minute
        self._each_s = _WINDOW_S / per_minute
        self._clock = clock
        self._full_at: dict[str, float] = {}
        self._sweep_at = _SWEEP_FROM
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Of how many callers something is kept."""
        return len(self._full_at)

    def take(self, who: str) -> Left:
        """Takes one request out of somebody's bucket, or nothing from an empty one."""
        with self._lock:
            now = self._clock()
            full_at = max(self._full_at.get(who, now), now) + self._each_s
            over_s = full_at - now - _WINDOW_S
            # A breath more than nothing, for floats that were added up.
            if over_s > 1e-6:
                return Left(self._policy, self._quota, 0, math.ceil(_WINDOW_S), max(1, math.ceil(over_s)))
            self._full_at[who] = full_at
            if len(self._full_at) > self._sweep_at:
                self._sweep(now)
        remaining = int(-over_s / self._each_s + 1e-6)
        return Left(self._policy, self._quota, remaining, math.ceil(full_at - now))

    def _sweep(self, now: float) -> None:
        """Forgets who has a full bucket; done as often as their number doubles, it costs each request the same."""
        self._full_at = {who: full_at for who, full_at in self._full_at.items() if full_at > now}
        self._sweep_at = max(_SWEEP_FROM, 2 * len(self._full_at))


def address_of(client: tuple[str, int] | None) -> str:
    """Where a request comes from; of IPv6 the network, for whoever has one address there has 2^64 of them."""
    host = client[0] if client else "unknown"
    if ":" not in host:
        return host
    try:
        packed = socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    except OSError:
        return host
    if packed.startswith(_MAPPED):
        return socket.inet_ntop(socket.AF_INET, packed[12:])
    return socket.inet_ntop(socket.AF_INET6, packed[:8] + bytes(8)) + "/64"


class Limiter:
    """Counts each request once: for who asks, or when nobody knows who that is, for its address."""

    def __init__(self, per_caller: int, per_address: int) -> None:
        self._callers = Buckets("caller", per_caller)
        self._addresses = Buckets("address", per_address)

    def count(self, scope: Scope, who: str | None) -> None:
        """Counts a request, if it was not before. Raises TooManyTries."""
        state = scope.setdefault("state", {})
        if "left" in state:
            return
        left = self._callers.take(who) if who else self._addresses.take(address_of(scope.get("client")))
        state["left"] = left
        if left.retry_after_s:
            raise TooManyTries("too many requests; wait a little", left.retry_after_s)
