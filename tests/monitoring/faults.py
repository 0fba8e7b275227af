"""A day of an installation in health, and what of it changes in each fault: the series that rules are tried on."""

from __future__ import annotations

from collections.abc import Mapping

STEP_S = 300
HOUR = 3600
DAY = 24 * HOUR
NOW = 28 * HOUR
"""When the day is looked at, in seconds since 1970: in these tests time begins there."""
STEPS = NOW // STEP_S
STRIKES = 25 * HOUR // STEP_S
"""The step at which faults come: after a day and an hour, for some rules compare with yesterday."""
LEFT = STEPS - STRIKES


def gauge(before: float, after: float | None = None) -> str:
    """A value at each step that changes when the fault strikes."""
    return f"{before}+0x{STRIKES - 1} {before if after is None else after}+0x{LEFT}"


def counter(before: float, after: float | None = None) -> str:
    """A counter that rises by so much a step, and by another amount from the fault on."""
    return f"0+{before}x{STRIKES - 1} {before * STRIKES}+{before if after is None else after}x{LEFT}"


def born(value: float) -> str:
    """A series that begins when the fault strikes."""
    return f"_x{STRIKES} {value}+0x{LEFT}"


def constant(value: float) -> str:
    """A value that stays."""
    return f"{value}+0x{STEPS}"


_JOBS = {"ingest": 2, "notify": 1, "monitor": 1, "api": 1, "dashboard": 1, "caddy": 1, "alertmanager": 1}
HEALTH: Mapping[str, str] = {
    **{f'up{{job="{job}",instance="{job}-{n}"}}': gauge(1) for job, number in _JOBS.items() for n in range(number)},
    'lighttrap_ingest_active{instance="ingest-0"}': gauge(1),
    'lighttrap_ingest_active{instance="ingest-1"}': gauge(0),
    "lighttrap_ingest_unstored_seconds": gauge(0),
    "lighttrap_ingest_lag_seconds": gauge(0.4),
    "lighttrap_ingest_received_total": counter(100),
    'lighttrap_ingest_messages_total{result="stored"}': counter(98),
    'lighttrap_ingest_messages_total{result="duplicate"}': counter(1),
    'lighttrap_ingest_messages_total{result="quarantined"}': counter(1),
    'lighttrap_ingest_messages_total{result="dropped"}': counter(0),
    "lighttrap_ingest_overflow_total": counter(0),
    "lighttrap_ingest_sessions_lost_total": counter(0),
    # What is there since yesterday everybody knows of.
    'lighttrap_quarantine_messages{reason="not_json"}': gauge(3),
    "lighttrap_broker_up": gauge(1),
    "lighttrap_broker_dropped_messages_total": counter(0),
    "lighttrap_broker_stored_messages": gauge(3100),
    "lighttrap_broker_retained_messages": gauge(3000),
    "lighttrap_broker_certificate_seconds": gauge(300 * DAY),
    "lighttrap_broker_watches": gauge(1),
    "lighttrap_pages_up": gauge(1),
    "lighttrap_pages_certificate_seconds": gauge(60 * DAY),
    "lighttrap_pages_certificate_lifetime_seconds": gauge(90 * DAY),
    "lighttrap_database_up": gauge(1),
    'lighttrap_monitor_unanswered{part="fleet"}': gauge(0),
    'lighttrap_timescale_late{task="policy_compression reading"}': gauge(0),
    'lighttrap_database_connections{state="idle"}': gauge(20),
    "lighttrap_database_connections_limit": gauge(97),
    "lighttrap_database_oldest_transaction_seconds": gauge(2),
    "lighttrap_database_wal_archived_total": counter(1),
    "lighttrap_database_wal_archive_failed_total": counter(0),
    'lighttrap_database_standby_lag_bytes{standby="b"}': gauge(4096),
    "lighttrap_database_xid_age": gauge(2e8),
    'lighttrap_timescale_failures_total{task="policy_compression reading"}': counter(0),
    "lighttrap_backup_newest_timestamp_seconds": constant(NOW - 20 * HOUR),
    "lighttrap_backup_proven_timestamp_seconds": constant(NOW - 20 * DAY),
    'lighttrap_disk_bytes{disk="root"}': gauge(100e9),
    'lighttrap_disk_free_bytes{disk="root"}': gauge(50e9),
    'lighttrap_outbox_due{channel="sms"}': gauge(0),
    'lighttrap_outbox_oldest_seconds{channel="sms"}': gauge(20),
    "lighttrap_outbox_events_oldest_seconds": gauge(0),
    'lighttrap_outbox_deliveries_day{channel="sms",state="sent"}': gauge(40),
    'lighttrap_outbox_sms_parts_today{channel="sms"}': gauge(120),
    "lighttrap_monitor_sms_parts_limit": gauge(2000),
    'lighttrap_notify_step_age_seconds{part="sms"}': gauge(4),
    'lighttrap_notify_attempts_total{channel="sms",outcome="sent"}': counter(10),
    'lighttrap_notify_attempts_total{channel="sms",outcome="failed"}': counter(0.5),
    'lighttrap_notify_provider_seconds_bucket{channel="sms",le="1"}': counter(10),
    'lighttrap_notify_provider_seconds_bucket{channel="sms",le="30"}': counter(10),
    'lighttrap_notify_provider_seconds_bucket{channel="sms",le="+Inf"}': counter(10),
    'lighttrap_api_request_seconds_count{route="list_traps",status="200"}': counter(100),
    'lighttrap_api_request_seconds_count{route="list_traps",status="503"}': counter(0.1),
    'lighttrap_api_request_seconds_bucket{route="list_traps",status="200",le="0.5"}': counter(100),
    'lighttrap_api_request_seconds_bucket{route="list_traps",status="200",le="5.0"}': counter(100),
    'lighttrap_api_request_seconds_bucket{route="list_traps",status="200",le="+Inf"}': counter(100),
    # Live streams last for hours, and that is as it should be.
    'lighttrap_api_request_seconds_bucket{route="follow_org",status="200",le="0.5"}': counter(0),
    'lighttrap_api_request_seconds_bucket{route="follow_org",status="200",le="+Inf"}': counter(50),
    'lighttrap_fleet_traps{org="soc-trang",state="reporting"}': gauge(95),
    'lighttrap_fleet_traps{org="soc-trang",state="silent"}': gauge(5),
    'lighttrap_fleet_last_night{org="soc-trang",state="complete"}': gauge(90),
    'lighttrap_fleet_last_night{org="soc-trang",state="lost"}': gauge(6),
    'lighttrap_fleet_last_night{org="soc-trang",state="silent"}': gauge(4),
    'alertmanager_notifications_failed_total{integration="email"}': counter(0),
    'alertmanager_notifications_failed_total{integration="webhook"}': counter(0),
    "prometheus_notifications_dropped_total": counter(0),
    # A gap of some hours is everyday's.
    'lighttrap_fleet_missing_readings{org="soc-trang"}': gauge(0, 40),
}  # fmt: skip
"""Series of a day on which all is well."""

_STORED = 'lighttrap_ingest_messages_total{result="stored"}'
_DUPLICATE = 'lighttrap_ingest_messages_total{result="duplicate"}'
FAULTS: Mapping[str, Mapping[str, str]] = {
    "IngestNobodyActive": {'lighttrap_ingest_active{instance="ingest-0"}': gauge(1, 0)},
    "IngestStuck": {"lighttrap_ingest_unstored_seconds": gauge(0, 300)},
    "IngestLate": {"lighttrap_ingest_lag_seconds": gauge(0.4, 90)},
    "IngestNothingComes": {_STORED: counter(98, 0), _DUPLICATE: counter(1, 0)},
    "IngestQuarantinesMany": {
        'lighttrap_ingest_messages_total{result="quarantined"}': counter(1, 30), _STORED: counter(98, 70)
    },
    "IngestOverflows": {"lighttrap_ingest_overflow_total": counter(0, 5)},
    "BrokerForgotSession": {"lighttrap_ingest_sessions_lost_total": counter(0, 1)},
    "QuarantineFull": {'lighttrap_ingest_messages_total{result="dropped"}': counter(0, 20)},
    "QuarantineGrows": {'lighttrap_quarantine_messages{reason="unknown_trap"}': born(3)},
    "BrokerDown": {"lighttrap_broker_up": gauge(1, 0)},
    "BrokerDrops": {"lighttrap_broker_dropped_messages_total": counter(0, 100)},
    "BrokerQueueGrows": {"lighttrap_broker_stored_messages": gauge(3100, 90_000)},
    "BrokerCertificateEnds": {"lighttrap_broker_certificate_seconds": gauge(300 * DAY, 20 * DAY)},
    "BrokerCertificateEnded": {"lighttrap_broker_certificate_seconds": gauge(300 * DAY, -DAY)},
    "PagesDown": {"lighttrap_pages_up": gauge(1, 0)},
    "PagesCertificateEnds": {"lighttrap_pages_certificate_seconds": gauge(60 * DAY, 10 * DAY)},
    "BrokerWatchGone": {"lighttrap_broker_watches": gauge(1, 0)},
    "DatabaseDown": {"lighttrap_database_up": gauge(1, 0)},
    "DatabaseSessionsRunOut": {'lighttrap_database_connections{state="idle"}': gauge(20, 90)},
    "DatabaseTransactionOld": {"lighttrap_database_oldest_transaction_seconds": gauge(2, 2000)},
    "DatabaseArchiveFails": {
        "lighttrap_database_wal_archived_total": counter(1, 0),
        "lighttrap_database_wal_archive_failed_total": counter(0, 2),
    },
    "DatabaseStandbyLags": {'lighttrap_database_standby_lag_bytes{standby="b"}': gauge(4096, 1e9)},
    "DatabaseWraparound": {"lighttrap_database_xid_age": gauge(2e8, 1.2e9)},
    "TimescaleJobFails": {'lighttrap_timescale_failures_total{task="policy_compression reading"}': counter(0, 1)},
    "TimescaleJobLate": {'lighttrap_timescale_late{task="policy_compression reading"}': gauge(0, 1)},
    "DatabaseUnanswered": {'lighttrap_monitor_unanswered{part="fleet"}': gauge(0, 1)},
    "BackupOld": {"lighttrap_backup_newest_timestamp_seconds": constant(NOW - 30 * HOUR)},
    "BackupUnproven": {"lighttrap_backup_proven_timestamp_seconds": constant(NOW - 40 * DAY)},
    "DiskLow": {'lighttrap_disk_free_bytes{disk="root"}': gauge(50e9, 12e9)},
    "DiskFull": {'lighttrap_disk_free_bytes{disk="root"}': gauge(50e9, 2e9)},
    "NotifyLate": {'lighttrap_outbox_oldest_seconds{channel="sms"}': gauge(20, 3000)},
    "NotifyHangs": {'lighttrap_notify_step_age_seconds{part="sms"}': gauge(4, 900)},
    "NotifyUnknown": {'lighttrap_outbox_deliveries_day{channel="sms",state="unknown"}': born(2)},
    "NotifyGivesUp": {'lighttrap_outbox_deliveries_day{channel="sms",state="dead"}': born(2)},
    "NotifyChannelFails": {
        'lighttrap_notify_attempts_total{channel="sms",outcome="sent"}': counter(10, 1),
        'lighttrap_notify_attempts_total{channel="sms",outcome="failed"}': counter(0.5, 9),
    },
    "NotifyChannelSlow": {'lighttrap_notify_provider_seconds_bucket{channel="sms",le="1"}': counter(10, 1)},
    "NotifySpends": {'lighttrap_outbox_sms_parts_today{channel="sms"}': gauge(120, 2500)},
    "ApiFails": {'lighttrap_api_request_seconds_count{route="list_traps",status="503"}': counter(0.1, 20)},
    "ApiSlow": {
        'lighttrap_api_request_seconds_bucket{route="list_traps",status="200",le="0.5"}': counter(100, 10)
    },
    "FleetSilent": {
        'lighttrap_fleet_traps{org="soc-trang",state="reporting"}': gauge(95, 60),
        'lighttrap_fleet_traps{org="soc-trang",state="silent"}': gauge(5, 40),
    },
    "FleetNightLost": {
        'lighttrap_fleet_last_night{org="soc-trang",state="complete"}': gauge(90, 40),
        'lighttrap_fleet_last_night{org="soc-trang",state="lost"}': gauge(6, 56),
    },
    "FleetGapsStay": {'lighttrap_fleet_missing_readings{org="soc-trang"}': gauge(40)},
    "ProgramDown": {'up{job="api",instance="api-0"}': gauge(1, 0)},
    "AlertsNotSent": {'alertmanager_notifications_failed_total{integration="email"}': counter(0, 2)},
    "InstanceDown": {'up{job="ingest",instance="ingest-1"}': gauge(1, 0)},
}  # fmt: skip
"""What changes in each fault, by the alert that must be raised for it."""

ALSO: Mapping[str, set[str]] = {
    "BrokerCertificateEnded": {"BrokerCertificateEnds"},
    "DiskFull": {"DiskLow"},
}
"""Alerts that a fault raises besides its own, and may."""

ABSENT: Mapping[str, list[str]] = {
    "IngestNobodyActive": [name for name in HEALTH if name.startswith("lighttrap_ingest_active")],
    "BackupOld": ["lighttrap_backup_newest_timestamp_seconds"],
    "BackupUnproven": ["lighttrap_backup_proven_timestamp_seconds"],
}
"""Series whose lack raises an alert too."""
