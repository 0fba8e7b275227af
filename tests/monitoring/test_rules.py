"""Each alert rule is raised by its fault, by no other, and by nothing in health; promtool plays the days."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.monitoring.faults import ABSENT, ALSO, FAULTS, HEALTH, NOW, STEP_S
from tests.monitoring.names import exposed, named
from tests.services import missing

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy/prometheus/rules/lighttrap.yml"
ALWAYS = "Watchdog"
JUDGED_EVERY_S = 1800
"""Often enough for what is looked at three hours after a fault, and six times faster than Prometheus' own pace."""


def rules() -> list[dict[str, Any]]:
    """Every rule, as it is written."""
    return [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    return found or missing("no promtool found")


def a_day(name: str, series: Mapping[str, str], raised: set[str]) -> dict[str, Any]:
    """One test of promtool: a day of these series, at whose end exactly these alerts are raised."""
    expression = 'count by (alertname) (ALERTS{alertstate="firing"})'
    found = [{"labels": f'{{alertname="{one}"}}', "value": 1} for one in sorted({*raised, ALWAYS})]
    return {
        "name": name, "interval": f"{STEP_S}s",
        "input_series": [{"series": one, "values": values} for one, values in series.items()],
        "promql_expr_test": [{"expr": expression, "eval_time": f"{NOW}s", "exp_samples": found}],
    }  # fmt: skip


def play(promtool: str, folder: Path, *days: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    document = {"rule_files": [os.fspath(RULES)], "evaluation_interval": f"{JUDGED_EVERY_S}s", "tests": list(days)}
    file = folder / "days.yml"  # JSON is YAML too
    file.write_text(json.dumps(document))
    return subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False)


def test_configuration_and_rules_are_valid(promtool: str):
    folder = ROOT / "deploy/prometheus"
    for kind, file in (("config", folder / "prometheus.yml"), ("config", folder / "debian.yml"), ("rules", RULES)):
        done = subprocess.run([promtool, "check", kind, file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "FAILED" not in done.stdout


def test_each_alert_is_raised_by_its_fault_and_none_in_health(promtool: str, tmp_path: Path):
    days = [a_day("health", HEALTH, set())]
    days += [a_day(alert, {**HEALTH, **changed}, {alert} | ALSO.get(alert, set())) for alert, changed in FAULTS.items()]
    for alert, lacking in ABSENT.items():
        days.append(a_day(f"{alert}, absent", {k: v for k, v in HEALTH.items() if k not in lacking}, {alert}))
    done = play(promtool, tmp_path, *days)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_alert_that_is_not_raised_would_be_noticed(promtool: str, tmp_path: Path):
    assert play(promtool, tmp_path, a_day("health", HEALTH, {"BrokerDown"})).returncode != 0


def test_every_metric_of_a_rule_is_told_by_one_of_our_programs():
    wanted = named(rule["expr"] for rule in rules())
    assert len(wanted) > 30
    assert wanted - exposed() == set()


def test_days_are_made_of_metrics_that_there_are():
    assert named(HEALTH) - exposed() == set()


def test_every_alert_has_its_runbook_and_every_runbook_its_alert():
    page = (ROOT / "docs/runbooks.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\w+)$", page, re.MULTILINE) == [rule["alert"] for rule in rules()]


def test_every_alert_has_a_fault_that_raises_it():
    assert {rule["alert"] for rule in rules()} == {*FAULTS, ALWAYS}


def test_what_calls_people_at_night_is_what_cannot_wait():
    assert {rule["alert"] for rule in rules() if rule["labels"]["severity"] == "critical"} == {
        "AlertsNotSent", "BrokerCertificateEnded", "BrokerDown", "BrokerDrops", "DatabaseArchiveFails", "DatabaseDown",
        "DiskFull", "IngestNobodyActive", "IngestNothingComes", "IngestQuarantinesMany", "IngestStuck", "NotifyHangs",
        "NotifyLate", "ProgramDown",
    }  # fmt: skip


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_alert_says_how_urgent_it_is_and_what_to_do(rule: dict[str, Any]):
    assert rule["labels"]["severity"] in ("critical", "warning", "none")
    told = rule["annotations"]
    assert set(told) == {"summary", "description", "runbook_url"}
    assert told["description"].endswith(".")
    assert told["runbook_url"] == f"docs/runbooks.md#{rule['alert'].lower()}"
