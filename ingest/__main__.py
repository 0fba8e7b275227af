"""`python -m ingest [replay]`: settings, wiring, signals, exit codes.

0 told to stop; 1 something a restart may mend; 2 a setting or the schema is wrong.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time

from ingest import health, replay
from ingest.config import IngestSettings
from ingest.metrics import Metrics
from ingest.worker import Worker
from lighttrap import program
from lighttrap.errors import ConfigError, StoreMismatch

log = logging.getLogger("ingest")

CHECK_S = 5.0
SWITCH_S = 0.0005
"""A thread that waits for Python while another computes gets it after so long. At Python's own 5 ms the thread that
talks to the database waits at every turn: 27,000 readings a second instead of 37,000 (docs/decisions/0009)."""


def main() -> int:
    """Runs the worker until a signal, or a replay to its end; returns the exit code."""
    settings = program.begin(IngestSettings)
    if sys.argv[1:2] == ["replay"]:
        return replay.main(sys.argv[2:], settings.database.address())
    return _run(settings)


def _run(settings: IngestSettings) -> int:
    sys.setswitchinterval(SWITCH_S)
    metrics = Metrics()
    worker = Worker(settings, metrics)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    try:
        health.serve(worker, metrics, settings.ingest.metrics_host, settings.ingest.metrics_port)
        threading.Thread(target=_watch, args=(worker,), name="watch", daemon=True).start()
        worker.run()
    except (ConfigError, StoreMismatch) as fault:
        log.critical("cannot run", exc_info=isinstance(fault, StoreMismatch), extra={"error": str(fault)})
        return 2
    except Exception:
        log.critical("worker failed", exc_info=True)
        return 1
    log.info("stopped")
    return 0


def _watch(worker: Worker) -> None:
    """Ends a process that only seems to work; whoever started it starts it again."""
    while True:
        time.sleep(CHECK_S)
        if found := health.faults(worker, time.monotonic(), time.time()):
            log.critical("ending myself", extra={"faults": found})
            os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
