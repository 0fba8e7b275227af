"""What the machine tells: room on its disks, how old its backups are, the pages' certificate; and limits of ours."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from lighttrap.monitor.certificate import LOOK_EACH_S, Certificate
from lighttrap.monitor.metrics import MACHINE, filled
from lighttrap.monitor.settings import MonitorSettings

log = logging.getLogger(__name__)

_NAMES = frozenset(family.name for family in MACHINE)


class MachineFigures(Collector):
    """Looks at the disks of the folders in the settings; one that is not there is left out, and a rule misses it."""

    def __init__(self, settings: MonitorSettings, look_each_s: float = LOOK_EACH_S) -> None:
        self._settings = settings
        name, _, address = settings.pages.partition("@")
        host, _, port = address.partition(":")
        self._pages = Certificate(host, int(port), name, look_each_s) if address else None

    def collect(self) -> Iterator[Metric]:
        """The figures of this moment."""
        yield from filled(MACHINE, self._amounts())

    def describe(self) -> Iterator[Metric]:
        """The metrics there are."""
        yield from filled(MACHINE, [])

    def _amounts(self) -> Iterator[tuple[str, list[str], float]]:
        yield "lighttrap_monitor_sms_parts_limit", [], self._settings.sms_parts_a_day
        for name, folder in self._settings.disks.items():
            try:
                found = os.statvfs(folder)
            except OSError:
                continue
            yield "lighttrap_disk_bytes", [name], found.f_blocks * found.f_frsize
            yield "lighttrap_disk_free_bytes", [name], found.f_bavail * found.f_frsize
        yield from self._backups()
        if self._pages:
            left = self._pages.seconds_left()
            yield "lighttrap_pages_up", [], float(self._pages.is_shown)
            if left is not None:
                yield "lighttrap_pages_certificate_seconds", [], left
                yield "lighttrap_pages_certificate_lifetime_seconds", [], self._pages.lifetime_s

    def _backups(self) -> Iterator[tuple[str, list[str], float]]:
        """What the last backup wrote down; without it a rule says that there is none."""
        if self._settings.backup_file is None:
            return
        try:
            text = self._settings.backup_file.read_text(encoding="utf-8")
            samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
        except (OSError, ValueError) as fault:
            log.warning("the backup's figures cannot be read", extra={"error": str(fault)})
            return
        yield from ((one.name, [], one.value) for one in samples if one.name in _NAMES and not one.labels)
