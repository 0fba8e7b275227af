"""A plan tries what it says, every trial can be repeated by its seed, and the report hides nothing."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from tests.chaos.faults import every_fault
from tests.chaos.report import rows, write_report
from tests.chaos.sets import Plan, lacking
from tests.chaos.trial import Trial
from tests.chaos.workers import OURS

NAMES = ("none", "ingest-killed")


def test_every_round_tries_every_fault_that_can_be_tried_here():
    plan = Plan(tuple(every_fault()), OURS, seed=1, long=True, rounds=2)
    runs = Counter(name for name, _ in plan.trials())
    assert runs == {name: 2 * fault.long for name, fault in every_fault().items() if lacking(fault) is None}


def test_seeds_of_a_fault_rise_by_one_over_the_rounds():
    tried = sorted(Plan(NAMES, OURS, seed=7, rounds=3, times=2).trials())
    assert tried == [(name, seed) for name in sorted(NAMES) for seed in range(7, 13)]


def test_plan_is_the_same_for_the_same_seed():
    plan = Plan(NAMES, OURS, seed=7, rounds=5)
    assert list(plan.trials()) == list(plan.trials())


def test_report_counts_every_kind_of_harm():
    harmed = [Trial("none", OURS, 1), Trial("none", OURS, 2), Trial("none", OURS, 3), Trial("none", OURS, 4)]
    harmed[0].figures["lost"] = 2
    harmed[1].stuck = "waited"
    harmed[2].complaints.append("the thief got 3 messages")
    one, whole = rows(harmed)
    assert (one["lost"], one["stuck"], one["complaints"], one["verdict"]) == (2, 1, 1, "3 not even")
    assert {**one, "fault": "all"} == whole


def test_report_can_be_read_by_machines(tmp_path: Path):
    trial = Trial("none", OURS, 7)
    write_report(tmp_path / "report.json", [trial], {"disk-full": "needs root"}, Plan(NAMES, OURS, 7), "versions")
    document = json.loads((tmp_path / "report.json").read_text())
    assert document["trials"][0]["is_even"]
    assert document["skipped"] == {"disk-full": "needs root"}
