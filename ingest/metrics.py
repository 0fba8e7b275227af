"""Every metric of the worker, declared once. At rest, received is the sum of `messages` over all results."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """The worker's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.received = Counter("lighttrap_ingest_received", "Messages taken off the queue.", registry=self.registry)
        self.messages = Counter(
            "lighttrap_ingest_messages",
            "Messages by what became of them: stored, duplicate, quarantined, dropped (refused as those, but beyond "
            "what quarantine keeps of a trap and day), noted (status, event, summary), "
            "given_back (neither stored nor acked, for the worker lost its lock or was stopped; they come again).",
            ["result"],
            registry=self.registry,
        )
        for result in ("stored", "duplicate", "quarantined", "dropped", "noted", "given_back"):
            self.messages.labels(result)
        self.batch_seconds = Histogram(
            "lighttrap_ingest_batch_seconds", "Time from decoding a batch to its commit.", registry=self.registry
        )
        self.lag_seconds = Gauge(
            "lighttrap_ingest_lag_seconds", "Age of the oldest message in the last batch at its commit.",
            registry=self.registry,
        )  # fmt: skip
        self.unstored_seconds = Gauge(
            "lighttrap_ingest_unstored_seconds", "Age of the oldest message that was taken and is not stored yet.",
            registry=self.registry,
        )  # fmt: skip
        self.queue_messages = Gauge("lighttrap_ingest_queue_messages", "Messages waiting.", registry=self.registry)
        self.overflow = Counter(
            "lighttrap_ingest_overflow", "Messages that did not fit the queue; unacked, they come again.",
            registry=self.registry,
        )  # fmt: skip
        self.stale_acks = Counter(
            "lighttrap_ingest_stale_acks", "Acks thrown away because their connection had ended.",
            registry=self.registry,
        )  # fmt: skip
        self.sessions_lost = Counter(
            "lighttrap_ingest_sessions_lost", "Connects at which the broker had forgotten our session.",
            registry=self.registry,
        )  # fmt: skip
        self.retries = Counter(
            "lighttrap_ingest_store_retries", "Batches tried again, by SQLSTATE class.", ["sqlstate_class"],
            registry=self.registry,
        )  # fmt: skip
        self.refused = Counter(
            "lighttrap_ingest_refused",
            "Messages quarantined or dropped, by reason.",
            ["reason"],
            registry=self.registry,
        )
        self.replayed = Counter(
            "lighttrap_ingest_replayed",
            "Quarantined messages that were taken up because somebody asked, by what became of them.", ["result"],
            registry=self.registry,
        )  # fmt: skip
        self.gaps_opened = Counter("lighttrap_ingest_gaps_opened", "Gaps in seq found.", registry=self.registry)
        self.resends_asked = Counter("lighttrap_ingest_resends_asked", "Resend commands sent.", registry=self.registry)
        self.alert_events = Counter(
            "lighttrap_ingest_alert_events", "Things to say of alerts: raised, corrected, reopened, cleared.",
            registry=self.registry,
        )  # fmt: skip
        self.deleted = Counter(
            "lighttrap_ingest_readings_deleted",
            "Raw readings deleted because their org keeps them no longer; a chunk dropped whole counts as one.",
            registry=self.registry,
        )  # fmt: skip
        self.active = Gauge(
            "lighttrap_ingest_active", "1 while this worker holds the lock, 0 in standby.", registry=self.registry
        )
