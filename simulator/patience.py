"""How long to wait for the watermark before sending again.

A resend into a slow pipe makes it slower, so the wait follows what confirmations really take (TCP does it the same
way, RFC 6298), doubles with every try in vain, and differs from trap to trap.
"""

from __future__ import annotations

from simulator import chance

MAX_DOUBLINGS = 10


class Patience:
    """A wait that learns. All times in seconds on a clock that does not step."""

    def __init__(self, least_s: float, most_s: float) -> None:
        self._least_s = least_s
        self._most_s = most_s
        self._mean_s: float | None = None
        self._spread_s = 0.0

    def learn(self, took_s: float) -> None:
        """Takes in how long a confirmation took; tell it only of readings that were sent once."""
        if self._mean_s is None:
            self._mean_s, self._spread_s = took_s, took_s / 2
            return
        self._spread_s += (abs(took_s - self._mean_s) - self._spread_s) / 4
        self._mean_s += (took_s - self._mean_s) / 8

    @property
    def usual_s(self) -> float:
        """How long a confirmation may well take; 0 before the first is known."""
        return 0.0 if self._mean_s is None else self._mean_s + 4 * self._spread_s

    def wait_s(self, tries: int, *words: object) -> float:
        """How long to wait after `tries` sendings in vain; `words` spread the traps by up to half of it."""
        wait_s = max(self._least_s, self.usual_s) * 2.0 ** min(tries, MAX_DOUBLINGS)
        return min(wait_s, self._most_s) * chance.between(1.0, 1.5, "patience", tries, *words)
