"""When a batch is due. Pure: the clock is passed in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BatchRule:
    """A batch is due at `messages` waiting or when the oldest has waited `seconds`; it takes `limit` at most."""

    messages: int
    seconds: float
    limit: int

    def wait_s(self, waiting: int, oldest_age_s: float) -> float:
        """Seconds until a batch is due; 0 when it is. With nothing waiting, the longest it makes sense to sleep."""
        if waiting >= self.messages:
            return 0.0
        if waiting == 0:
            return self.seconds
        return max(0.0, self.seconds - oldest_age_s)
