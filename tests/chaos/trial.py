"""One trial: a fault strikes, everything comes to rest, and the ledgers are compared, before and after resending."""

from __future__ import annotations

import random
import subprocess
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

import psycopg

from lighttrap.errors import LightTrapError
from lighttrap.store import pool
from tests.chaos.fault import Fault
from tests.chaos.journal import Account
from tests.chaos.scene import Scene
from tests.chaos.site import Site
from tests.ledger_check import Balance, balance
from tests.waiting import wait_until

FIGURES = ("lost", "after", "twice", "phantom", "corrupt", "refused", "rollup", "told", "identity")
"""What must be zero. `after`: lost even after the traps have sent again; `told`: told safe and not stored."""


_STUCK = (AssertionError, OSError, psycopg.Error, subprocess.SubprocessError, LightTrapError)
"""What ends a trial without a verdict, and none of those after it."""


@dataclass(slots=True)
class Trial:
    """What came of one run."""

    fault: str
    worker: str
    seed: int
    seconds: float = 0.0
    published: int = 0
    stored: int = 0
    sent_again: int = 0
    with_broker: int = 0
    """Valid readings that a broker took and lost as it died: missing before the traps sent again."""
    figures: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FIGURES, 0))
    stuck: str = ""
    """What did not come in time, or broke the trial; nothing was compared then."""
    complaints: list[str] = field(default_factory=list)
    log: str = ""

    @property
    def is_even(self) -> bool:
        """Whether the promise held."""
        return not any(self.figures.values()) and not self.stuck and not self.complaints

    def says(self) -> str:
        """What was wrong, in one line."""
        wrong = [f"{name} {number}" for name, number in self.figures.items() if number] + self.complaints
        wrong += [f"stuck: {self.stuck}"] if self.stuck else []
        return f"{self.fault}, worker {self.worker}, seed {self.seed}: {', '.join(wrong) or 'even'}"


def run_trial(site: Site, fault: Fault, worker: str, seed: int, scale: int = 1) -> Trial:
    """Runs one trial. The seed gives what is sent and when the fault strikes."""
    trial = Trial(fault.name, worker, seed)
    rng = random.Random(f"{seed} {fault.name}")
    began_s = time.monotonic()
    try:
        with ExitStack() as stack:
            _play(Scene(site, fault, worker, rng, scale, stack), fault, trial)
    except _STUCK as reason:
        trial.stuck = trial.stuck or f"could not be set up or cleared away: {reason}"[:500]
    trial.seconds = time.monotonic() - began_s
    return trial


def _play(scene: Scene, fault: Fault, trial: Trial) -> None:
    try:
        fault.strike(scene)
        _compare(scene, trial)
    except _STUCK as reason:
        trial.stuck = f"{reason}"[:500] or type(reason).__name__
    trial.complaints += scene.complaints
    trial.log = "" if trial.is_even else scene.words()


def _compare(scene: Scene, trial: Trial) -> None:
    scene.settle()
    account = scene.fleet.journal.account()
    found = _balance(scene, account)
    trial.with_broker = len(found.lost & account.at_risk)
    trial.figures["lost"] = len(found.lost - account.unsure)
    _enter(trial, found, len(found.unrefused - account.unsure))
    trial.figures["told"] = _told_wrongly(scene, found)
    if trial.is_even:
        _compare_after_resending(scene, trial)
    trial.published = scene.fleet.journal.account().published
    trial.stored = scene.stored()
    if trial.is_even:
        with suppress(AssertionError):
            wait_until(scene.unaccounted, equals=0, within=10)
    trial.figures["identity"] = abs(scene.unaccounted())
    if scene.ended_by_themselves:
        trial.complaints.append(f"the worker ended by itself, {scene.ended_by_themselves} times")


def _compare_after_resending(scene: Scene, trial: Trial) -> None:
    trial.sent_again = scene.fleet.send_again()
    scene.settle()
    found = _balance(scene, scene.fleet.journal.account())
    trial.figures["after"] = len(found.lost)
    _enter(trial, found, len(found.unrefused))
    trial.figures["told"] = _told_wrongly(scene, found)
    if trial.is_even:
        wait_until(scene.fleet.unconfirmed, equals=0, within=30)


def _balance(scene: Scene, account: Account) -> Balance:
    with pool.connect(scene.dsn) as conn:
        return balance(conn, account.sent, poison=account.poison)


def _enter(trial: Trial, found: Balance, unrefused: int) -> None:
    trial.figures |= {
        "twice": len(found.twice),
        "phantom": len(found.invented),
        "corrupt": len(found.corrupt),
        "refused": unrefused + found.wrongly_refused,
        "rollup": found.wrong_catches + found.wrong_nights + found.wrong_ledger,
    }


def _told_wrongly(scene: Scene, found: Balance) -> int:
    """Readings that a trap was told are stored, and are not."""
    return sum(seq <= scene.fleet.rings[trap_id].highest_told for trap_id, _, seq in found.lost)
