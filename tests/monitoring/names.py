"""Which metrics there are, by our programs' own registries, so that no rule or picture names what nobody tells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client.metrics_core import Metric

from api.edge import Metrics as ApiMetrics
from ingest.metrics import Metrics as IngestMetrics
from lighttrap.monitor.metrics import BROKER, DATABASE, MACHINE, filled
from lighttrap.notify.metrics import Metrics as NotifyMetrics

ROOT = Path(__file__).parents[2]
OURS = re.compile(r"\blighttrap_[a-z0-9_]+")
_SUFFIXES = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_count", "_sum"]}


def exposed() -> set[str]:
    """The name of every series that one of our programs can tell."""
    return {f"{metric.name}{suffix}" for metric in _metrics() for suffix in _SUFFIXES[metric.type]}


def _metrics() -> Iterator[Metric]:
    for registry in (IngestMetrics().registry, NotifyMetrics().registry, ApiMetrics().registry):
        yield from registry.collect()
    for families in (DATABASE, BROKER, MACHINE):
        yield from filled(families, [])


def named(expressions: Iterable[str]) -> set[str]:
    """Our metrics that stand in these expressions."""
    return {name for one in expressions for name in OURS.findall(one)}
