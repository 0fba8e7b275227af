"""The short set: whatever strikes, nothing is lost, doubled or invented. `make chaos` plays the long one."""

from __future__ import annotations

import random

import pytest

from tests.chaos.fault import Fault
from tests.chaos.faults import every_fault
from tests.chaos.sets import lacking
from tests.chaos.site import Site
from tests.chaos.trial import run_trial
from tests.chaos.workers import OURS

pytestmark = [pytest.mark.db, pytest.mark.broker, pytest.mark.slow]
CASES = [
    pytest.param(fault, run, id=f"{fault.name}-{run}") for fault in every_fault().values() for run in range(fault.quick)
]


@pytest.mark.parametrize(("fault", "run"), CASES)
def test_ledgers_are_even_after(fault: Fault, run: int, site: Site):
    if reason := lacking(fault):
        pytest.skip(reason)
    trial = run_trial(site, fault, OURS, seed=random.randrange(10**6) + run)
    assert trial.is_even, f"{trial.says()}\n{trial.log}"
