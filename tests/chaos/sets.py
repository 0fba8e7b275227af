"""The short and the long set: which faults, how often, with which seeds, and how many side by side."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

from tests.chaos import cable, disk
from tests.chaos.fault import Fault
from tests.chaos.faults import every_fault
from tests.chaos.site import open_site
from tests.chaos.trial import Trial, run_trial

LONG_SCALE = 4
LONG_ROUNDS = 20
Told = Callable[[Trial], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: every fault in every round, as often as its set says or `times`."""

    faults: tuple[str, ...]
    worker: str
    seed: int
    long: bool = False
    rounds: int = 1
    times: int | None = None

    @property
    def scale(self) -> int:
        """How many times the messages of the short set."""
        return LONG_SCALE if self.long else 1

    def trials(self) -> Iterator[tuple[str, int]]:
        """Fault and seed of each trial; a fault's seeds rise by one. Shuffled within a round, by the seed."""
        rng = random.Random(self.seed)
        for number in range(self.rounds):
            one_round = [
                (name, self.seed + number * runs + run)
                for name in self.faults
                for runs in [self._runs(every_fault()[name])]
                for run in range(runs)
                if lacking(every_fault()[name]) is None
            ]
            if self.rounds > 1:
                rng.shuffle(one_round)
            yield from one_round

    def _runs(self, fault: Fault) -> int:
        return self.times or (fault.long if self.long else fault.quick)


def lacking(fault: Fault) -> str | None:
    """Why a fault cannot be tried here; None when it can."""
    if fault.small_disk and (reason := disk.lacking()):
        return reason
    return cable.lacking() if fault.cabled else None


def play(place: Path | None, plan: Plan, jobs: int, told: Told) -> list[Trial]:
    """Runs a plan, `jobs` trials side by side, each job with servers of its own; tells of each trial as it ends.

    Jobs are processes: trials that share one would wait for each other's publishers.
    """
    tasks = list(plan.trials())
    if jobs == 1:
        return _play_share(place, plan, tasks, told)
    shares = [tasks[job::jobs] for job in range(jobs)]
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        parts = list(pool.map(_play_share, repeat(place), repeat(plan), shares, repeat(told)))
    order = {name: index for index, name in enumerate(plan.faults)}
    return sorted((trial for part in parts for trial in part), key=lambda trial: (order[trial.fault], trial.seed))


def _play_share(place: Path | None, plan: Plan, tasks: Sequence[tuple[str, int]], told: Told) -> list[Trial]:
    trials = []
    with open_site(place) as site:
        for name, seed in tasks:
            trials.append(run_trial(site, every_fault()[name], plan.worker, seed, plan.scale))
            told(trials[-1])
    return trials
