"""`python -m lighttrap.monitor`: settings, wiring, signals, exit codes.

0 told to stop; 2 a setting is wrong. Neither a database nor a broker that is away ends it: that is what it is to tell.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading

from prometheus_client import CollectorRegistry

from lighttrap import healthserver, program
from lighttrap.errors import ConfigError
from lighttrap.monitor.broker import BrokerFigures
from lighttrap.monitor.database import DatabaseFigures
from lighttrap.monitor.machine import MachineFigures
from lighttrap.monitor.settings import MonitoringSettings

log = logging.getLogger("lighttrap.monitor")


def main() -> int:
    """Serves until a signal; returns the exit code."""
    settings = program.begin(MonitoringSettings)
    try:
        return _run(settings)
    except ConfigError as fault:
        log.critical("cannot run", extra={"error": str(fault)})
        return 2


def _run(settings: MonitoringSettings) -> int:
    told_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_stop.set())
    database = DatabaseFigures(settings.database.address(), settings.monitor.silent_after_s)
    broker = BrokerFigures(settings.broker)
    registry = CollectorRegistry()
    for figures in (database, broker, MachineFigures(settings.monitor)):
        registry.register(figures)

    def ready() -> tuple[bool, str]:
        return broker.is_up, "ready" if broker.is_up else "no broker"

    healthserver.serve(settings.monitor.metrics_host, settings.monitor.metrics_port, registry, list, ready)
    broker.start()
    log.info("monitor started", extra={"port": settings.monitor.metrics_port})
    told_to_stop.wait()
    broker.stop()
    database.close()
    log.info("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
