"""The harness can fail: it condemns every worker that was broken on purpose, by the figure that its sin shows in."""

from __future__ import annotations

from pathlib import Path

import pytest

from lighttrap.errors import StoreUnavailable
from tests.chaos.fault import Fault
from tests.chaos.faults import every_fault
from tests.chaos.scene import Scene
from tests.chaos.site import Site
from tests.chaos.trial import run_trial
from tests.chaos.workers import BROKEN, OURS, broken

pytestmark = [pytest.mark.db, pytest.mark.broker, pytest.mark.slow]


@pytest.mark.parametrize("name", BROKEN)
def test_broken_worker_is_condemned(name: str, site: Site):
    worker = broken(name)
    trial = run_trial(site, every_fault()[worker.fault], name, seed=1)
    assert trial.figures[worker.figure] > 0, f"{trial.says()}\n{trial.log}"


def test_trial_that_breaks_down_is_not_even(site: Site):
    def break_down(_scene: Scene) -> None:
        raise StoreUnavailable("no server")

    trial = run_trial(site, Fault("broken", "the trial itself breaks down", break_down), OURS, seed=1)
    assert trial.stuck == "no server"
    assert not trial.is_even


def test_every_broken_worker_is_listed():
    kept = {path.stem for path in (Path(__file__).parent / "workers").glob("*.py")} - {"__init__"}
    assert kept == set(BROKEN)
