"""How many readings may be under way, from how fast they are confirmed.

A server answers each trap every few seconds, so what it stores in ten or so seconds must be under way to keep it busy;
more would only grow the queue in its broker, and with it every wait.
"""

from __future__ import annotations

from collections import deque

FIRST = 8_000
LEAST = 2_000
MOST = 40_000
SECONDS_UNDER_WAY = 12
LOOK_BACK_S = 6.0
LOOK_EVERY_S = 0.5


class Pace:
    """A window that follows the rate of confirmations. `tick` is seconds on a clock that never steps."""

    def __init__(self) -> None:
        self.window = FIRST
        self._seen: deque[tuple[float, int]] = deque()

    def learn(self, confirmed: int, tick: float) -> None:
        """Takes in how many readings are confirmed in all by now."""
        if self._seen and tick - self._seen[-1][0] < LOOK_EVERY_S:
            return
        self._seen.append((tick, confirmed))
        began, before = self._seen[0]
        if tick - began < LOOK_BACK_S:
            return
        self._seen.popleft()
        rate = (confirmed - before) / (tick - began)
        self.window = min(MOST, max(LEAST, round(rate * SECONDS_UNDER_WAY)))
