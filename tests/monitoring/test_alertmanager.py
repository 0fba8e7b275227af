"""Whom Alertmanager tells, by the file that `lighttrap init` writes into a site."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.monitoring.test_rules import RULES, promtool, rules
from tests.services import missing

__all__ = ["promtool"]
FILE = Path(__file__).parents[2] / "lighttrap/site/alertmanager.yml"
TEXT = FILE.read_text(encoding="utf-8")
CONFIG: dict[str, Any] = yaml.safe_load(TEXT)
NAMES = [rule["alert"] for rule in rules()]


@pytest.fixture(scope="module")
def amtool() -> str:
    found = shutil.which("amtool")
    return found or missing("no amtool found")


def _awake() -> str:
    """The file with its examples uncommented."""
    return re.sub(r"(?m)^(    )# (?=( *- | *\w+: | *\w+:$))", r"\1", TEXT)


def _ran(amtool: str, *words: str | Path) -> str:
    done = subprocess.run([amtool, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_file_is_valid(amtool: str):
    _ran(amtool, "check-config", FILE)


def test_examples_are_valid_when_they_are_uncommented(amtool: str, tmp_path: Path):
    file = tmp_path / "alertmanager.yml"
    # Debian 12's Alertmanager has no `url_file` yet.
    file.write_text(_awake().replace("url_file: /site/secrets/", "url: http://"), encoding="utf-8")
    receivers = yaml.safe_load(file.read_text(encoding="utf-8"))["receivers"]
    assert [len(receiver) for receiver in receivers] == [2, 2, 2]
    _ran(amtool, "check-config", file)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_critical_goes_to_the_telephone_and_warning_to_the_mailbox(amtool: str, rule: dict[str, Any]):
    severity = rule["labels"]["severity"]
    words = ("config", "routes", "test", f"--config.file={FILE}", f"alertname={rule['alert']}", f"severity={severity}")
    expected = {"critical": "telephone", "warning": "mailbox", "none": "watchdog"}[severity]
    assert _ran(amtool, *words).strip() == expected


def test_nobody_is_told_before_somebody_is_named():
    assert [set(receiver) for receiver in CONFIG["receivers"]] == [{"name"}] * 3


def test_no_secret_stands_in_it():
    assert re.findall(r"(?i)(?:password|token|secret|url): *\S+", TEXT) == []


@pytest.mark.parametrize("number", range(len(CONFIG["inhibit_rules"])))
def test_what_is_held_back_and_by_what_are_alerts_of_ours(number: int):
    one = CONFIG["inhibit_rules"][number]
    for matcher in (*one["source_matchers"], *one["target_matchers"]):
        name, values = re.fullmatch(r'(\w+) =~? "(.+)"', matcher).groups()  # type: ignore[union-attr]
        for value in values.split("|") if name == "alertname" else []:
            assert [alert for alert in NAMES if re.fullmatch(value, alert)], value
    targets = re.compile(one["target_matchers"][0].partition('"')[2].rstrip('"'))
    sources = {matcher.partition('"')[2].rstrip('"') for matcher in one["source_matchers"]}
    assert not [source for source in sources if targets.fullmatch(source)], "an alert would hold back itself"


@pytest.mark.parametrize(
    ("failed", "is_told"),
    [("0x5 1x40", False), ("0x5 1x2 2x2 3x2 4x2 5x2 6x2 7x20", True)],
    ids=["once, as while all is started", "again and again"],
)
@pytest.mark.parametrize(
    "series", ['alertmanager_notifications_failed_total{integration="email"}', "prometheus_notifications_dropped_total"]
)
def test_one_alert_that_was_not_sent_calls_nobody(
    promtool: str, tmp_path: Path, series: str, failed: str, is_told: bool
):
    query = 'max_over_time(count(ALERTS{alertname="AlertsNotSent",alertstate="firing"})[40m:1m])'
    day = {
        "interval": "1m",
        "input_series": [{"series": series, "values": failed}],
        "promql_expr_test": [{"expr": query, "eval_time": "40m", "exp_samples": [{"value": 1}] if is_told else []}],
    }
    file = tmp_path / "day.yml"
    file.write_text(json.dumps({"rule_files": [os.fspath(RULES)], "evaluation_interval": "1m", "tests": [day]}))
    done = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
