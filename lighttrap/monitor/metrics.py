"""Every metric of the monitor, declared once. None is of a single trap: series grow with orgs, channels and reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric


class Family(NamedTuple):
    """A metric: what it means, and the names of its labels. A name that ends in `_total` is a counter's."""

    name: str
    meaning: str
    labels: Sequence[str] = ()

    def metric(self) -> GaugeMetricFamily | CounterMetricFamily:
        """An empty metric of this family."""
        kind = CounterMetricFamily if self.name.endswith("_total") else GaugeMetricFamily
        return kind(self.name, self.meaning, labels=self.labels)


DATABASE = (
    Family("lighttrap_database_up", "1 when the database answered this scrape; else nothing else of it is told."),
    Family("lighttrap_database_scrape_seconds", "Time that the questions of this scrape took."),
    Family("lighttrap_database_bytes", "Size of our database."),
    Family("lighttrap_database_connections", "Sessions of clients, by state.", ["state"]),
    Family("lighttrap_database_connections_limit", "Sessions that there may be."),
    Family("lighttrap_database_oldest_transaction_seconds", "Age of the oldest transaction that is not a backup's."),
    Family("lighttrap_database_transactions_total", "Transactions ended, by how.", ["how"]),
    Family("lighttrap_database_deadlocks_total", "Deadlocks; ingest and readers try again after one."),
    Family("lighttrap_database_xid_age", "Transactions since the oldest frozen one; PostgreSQL stops at 2.1e9."),
    Family("lighttrap_database_wal_archiving", "1 when the write-ahead log is archived."),
    Family("lighttrap_database_wal_archived_total", "Segments of the log that were archived."),
    Family("lighttrap_database_wal_archive_failed_total", "Tries to archive a segment that failed."),
    Family("lighttrap_database_standbys", "Servers that replicate ours just now."),
    Family("lighttrap_database_standby_lag_bytes", "Log that a standby has yet to replay.", ["standby"]),
    Family("lighttrap_timescale_runs_total", "Runs of TimescaleDB's own jobs.", ["task"]),
    Family("lighttrap_timescale_failures_total", "Of these, runs that it recorded as failed.", ["task"]),
    Family("lighttrap_timescale_late", "1 when a job should have run an hour ago and has not.", ["task"]),
    Family(
        "lighttrap_broker_watches", "Sessions of `lighttrap broker watch`, which tells the broker who may log in."
    ),
    Family("lighttrap_monitor_unanswered", "1 when the database did not answer this question.", ["part"]),
    Family("lighttrap_fleet_traps", "Traps in service: reporting, silent, never heard.", ["org", "state"]),
    Family(
        "lighttrap_fleet_reading_age_seconds", "Since each trap's last reading; that of `share` of them is no older.",
        ["org", "share"],
    ),
    Family(
        "lighttrap_fleet_last_night", "Traps by what the last night that is over was: complete, partial, lost, silent.",
        ["org", "state"],
    ),
    Family("lighttrap_fleet_open_gaps", "Gaps in seq that are not closed.", ["org"]),
    Family("lighttrap_fleet_missing_readings", "Readings missing in them.", ["org"]),
    Family("lighttrap_quarantine_messages", "Messages in quarantine, by reason.", ["reason"]),
    Family("lighttrap_outbox_due", "Deliveries whose time has come and that are not sent.", ["channel"]),
    Family("lighttrap_outbox_retried", "Deliveries that failed and are tried again.", ["channel"]),
    Family("lighttrap_outbox_oldest_seconds", "For how long the oldest of those due has waited.", ["channel"]),
    Family(
        "lighttrap_outbox_deliveries_day", "Deliveries that ended in the last day, by the state they ended in.",
        ["channel", "state"],
    ),
    Family("lighttrap_outbox_sms_parts_today", "SMS parts sent since midnight in Vietnam.", ["channel"]),
    Family("lighttrap_outbox_events", "Alert events that are not fanned out."),
    Family("lighttrap_outbox_events_oldest_seconds", "For how long the oldest of them has waited."),
)  # fmt: skip
BROKER = (
    Family("lighttrap_broker_up", "1 while the monitor is logged in at the broker."),
    Family("lighttrap_broker_connected_clients", "Clients that are connected."),
    Family("lighttrap_broker_stored_messages", "Messages that the broker keeps: queued and retained ones."),
    Family("lighttrap_broker_stored_bytes", "Bytes of their payloads."),
    Family("lighttrap_broker_retained_messages", "Retained messages."),
    Family("lighttrap_broker_dropped_messages_total", "Messages dropped, for a queue was full."),
    Family("lighttrap_broker_messages_total", "MQTT packets, by direction as the broker sees it.", ["direction"]),
    Family("lighttrap_broker_bytes_total", "Bytes on the wire, by direction as the broker sees it.", ["direction"]),
    Family("lighttrap_broker_heap_bytes", "Memory that the broker uses, where it tells."),
    Family("lighttrap_broker_uptime_seconds", "Since the broker's start."),
    Family("lighttrap_broker_certificate_seconds", "Until the broker's certificate ends."),
)
MACHINE = (
    Family("lighttrap_disk_bytes", "Size of a watched disk.", ["disk"]),
    Family("lighttrap_disk_free_bytes", "Room on a watched disk for whoever is not root.", ["disk"]),
    Family("lighttrap_pages_up", "1 when the proxy showed a certificate for the web pages."),
    Family("lighttrap_pages_certificate_seconds", "Until that certificate ends."),
    Family("lighttrap_pages_certificate_lifetime_seconds", "From its beginning to its end."),
    Family("lighttrap_backup_kept", "Good backups in the folder."),
    Family("lighttrap_backup_newest_timestamp_seconds", "When the newest was taken."),
    Family("lighttrap_backup_newest_bytes", "Size of the newest."),
    Family("lighttrap_backup_newest_duration_seconds", "How long it took."),
    Family("lighttrap_backup_proven_timestamp_seconds", "When one was last restored and found equal."),
    Family("lighttrap_monitor_sms_parts_limit", "SMS parts a day, above which somebody is told."),
)


def filled(families: Sequence[Family], amounts: Iterable[tuple[str, Sequence[str], float]]) -> Iterator[Metric]:
    """The metrics of these families with their amounts: name, values of labels, amount. An unknown name raises."""
    metrics = {family.name: family.metric() for family in families}
    for name, labels, value in amounts:
        metrics[name].add_metric(labels, value)
    yield from metrics.values()
