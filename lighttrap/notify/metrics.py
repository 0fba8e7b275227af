"""Every metric of the notifier, declared once. How the outbox stands the monitor says, for it sees a dead one too."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

STEP_LIMIT_S = 600.0
"""A part that has not come round for so long hangs: a lease is over long before."""
FAN_OUT = "fan-out"


class Metrics:
    """What a notifier tells of itself: channels by their names in the settings."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter(
            "lighttrap_notify_events", "Alert events turned into deliveries.", registry=self.registry
        )  # fmt: skip
        self.attempts = Counter(
            "lighttrap_notify_attempts", "Messages handed to a channel, by its answer: sent, failed, refused, unknown.",
            ["channel", "outcome"], registry=self.registry,
        )  # fmt: skip
        self.provider_seconds = Histogram(
            "lighttrap_notify_provider_seconds", "Time from handing a message to a channel to its answer.",
            ["channel"], registry=self.registry, buckets=(0.05, 0.1, 0.3, 1, 3, 10, 30, 60, 180),
        )  # fmt: skip
        self._step_age = Gauge(
            "lighttrap_notify_step_age_seconds",
            "Time since each part last came round, of a channel the part that is behind most.",
            ["part"], registry=self.registry,
        )  # fmt: skip
        self._beats: dict[str, dict[object, float]] = {}

    def beat(self, part: str, who: object) -> None:
        """One of a part's workers has come round."""
        if part not in self._beats:
            self._beats[part] = {}
            self._step_age.labels(part).set_function(lambda: self._age_s(part))
        self._beats[part][who] = time.monotonic()

    def _age_s(self, part: str) -> float:
        return time.monotonic() - min(list(self._beats[part].values()), default=time.monotonic())

    def faults(self) -> list[str]:
        """Why the process should be restarted; empty when it lives."""
        return [f"{part} stands still" for part in list(self._beats) if self._age_s(part) > STEP_LIMIT_S]
