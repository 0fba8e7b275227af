"""Places in the code at which a worker dies by SIGKILL, as if the machine had stopped there."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable, Sequence

from ingest.broker import BrokerLink
from ingest.client import LeanClient
from lighttrap.store import readings
from tests.chaos import patches

Act = Callable[[], None]


def arm(point: str, at: int) -> None:
    """Lets this process die when it passes the point for the `at`-th time."""
    passes = itertools.count(1)

    def die_when_due() -> None:
        if next(passes) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    POINTS[point](die_when_due)


def _between_acks(act: Act) -> None:
    def ack_in_halves(client: LeanClient, mids: Sequence[int]) -> None:
        half = len(mids) // 2
        original(client, mids[:half])
        patches.flush(client)
        act()
        original(client, mids[half:])

    original = patches.replace(LeanClient, "ack_all", ack_in_halves)


POINTS: dict[str, Callable[[Act], None]] = {
    "before-copy": lambda act: patches.act_before(readings, "stage_readings", act),
    "after-copy": lambda act: patches.act_after(readings, "stage_readings", act),
    "after-claim": lambda act: patches.act_after(readings, "fates", act),
    "after-commit": lambda act: patches.act_before(BrokerLink, "ack", act),
    "between-acks": _between_acks,
}
