"""When a batch is due. Pure: the clock is passed in."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BatchRule:
    """When a batch is due, and how many messages it takes at most (`limit`).

    At `messages` waiting, when the oldest has waited `seconds`, or when nothing came for `quiet_s`: a broker that
    sends only so many messages ahead of our acks would else wait for us while we wait for it.
    """

    messages: int
    seconds: float
    limit: int
    quiet_s: float = math.inf

    def wait_s(self, waiting: int, oldest_age_s: float, newest_age_s: float = 0.0) -> float:
        """Seconds until a batch is due; 0 when it is. With nothing waiting, the longest it makes sense to sleep."""
        if waiting >= self.messages:
            return 0.0
        if waiting == 0:
            return self.seconds
        return max(0.0, min(self.seconds - oldest_age_s, self.quiet_s - newest_age_s))
