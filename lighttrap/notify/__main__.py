"""`python -m lighttrap.notify`: settings, wiring, signals, exit codes.

0 told to stop; 1 something a restart may mend; 2 a setting or the schema is wrong.
"""

from __future__ import annotations

import logging
import signal
import sys

from lighttrap import healthserver, program
from lighttrap.errors import ConfigError, StoreMismatch
from lighttrap.notify.channels.opening import open_channels
from lighttrap.notify.loop import Notifier
from lighttrap.notify.metrics import Metrics
from lighttrap.notify.settings import NotifierSettings, NotifySettings

log = logging.getLogger("lighttrap.notify")


def main() -> int:
    """Runs the notifier until a signal; returns the exit code."""
    settings = program.begin(NotifySettings)
    return _run(settings)


def _run(settings: NotifySettings) -> int:
    channels = open_channels(settings.notify)
    metrics = Metrics()
    notifier = Notifier(settings.database.address(), settings.notify, channels, metrics=metrics)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: notifier.stop())
    if not channels:
        log.info("no channel is set up, so nobody is told; see docs/alerts.md")
    try:
        _serve(notifier, metrics, settings.notify)
        notifier.run()
    except (ConfigError, StoreMismatch) as fault:
        log.critical("cannot run", exc_info=isinstance(fault, StoreMismatch), extra={"error": str(fault)})
        return 2
    except Exception:
        log.critical("notifier failed", exc_info=True)
        return 1
    log.info("stopped")
    return 0


def _serve(notifier: Notifier, metrics: Metrics, settings: NotifierSettings) -> None:
    def ready() -> tuple[bool, str]:
        return notifier.is_listening, "ready" if notifier.is_listening else "no database"

    healthserver.serve(settings.metrics_host, settings.metrics_port, metrics.registry, metrics.faults, ready)


if __name__ == "__main__":
    sys.exit(main())
