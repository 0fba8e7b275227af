"""How long a child that died waits before its next life. Pure; the clock is passed in."""

from __future__ import annotations

FIRST_S = 0.5
# Ingest promises to be back within ten seconds of a kill, even of several in a row.
LONGEST_S = 8.0
SETTLED_AFTER_S = 10.0


class Backoff:
    """Doubles from FIRST_S to LONGEST_S; a life of SETTLED_AFTER_S starts over."""

    def __init__(self) -> None:
        self._next_s = FIRST_S

    def after(self, lived_s: float) -> float:
        """Seconds to wait after a life of that many seconds."""
        if lived_s >= SETTLED_AFTER_S:
            self._next_s = FIRST_S
        wait_s = self._next_s
        self._next_s = min(2 * wait_s, LONGEST_S)
        return wait_s
