"""The short and the long set: which faults, how often, with which seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.chaos import disk
from tests.chaos.fault import Fault
from tests.chaos.site import Site
from tests.chaos.trial import Trial, run_trial

LONG_SCALE = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: `repeat` overrules the set's own number of runs."""

    faults: Sequence[Fault]
    worker: str
    seed: int
    long: bool = False
    repeat: int | None = None

    def runs(self, fault: Fault) -> int:
        """How often a fault is tried."""
        return self.repeat or (fault.long if self.long else fault.quick)


def lacking(fault: Fault) -> str | None:
    """Why a fault cannot be tried here; None when it can."""
    return disk.lacking() if fault.small_disk else None


def play(site: Site, plan: Plan, told: Callable[[Trial], None]) -> tuple[list[Trial], list[tuple[str, str]]]:
    """Runs a plan; tells of each trial as it ends. Returns the trials, and what was skipped with the reason."""
    trials, skipped = [], []
    for fault in plan.faults:
        if reason := lacking(fault):
            skipped.append((fault.name, reason))
            continue
        for run in range(plan.runs(fault)):
            trial = run_trial(site, fault, plan.worker, plan.seed + run, LONG_SCALE if plan.long else 1)
            told(trial)
            trials.append(trial)
    return trials, skipped
