"""Dashboards are what their source says, whole, and ask for what there is."""

from __future__ import annotations

import json
import shutil
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import dashboards
from tests.monitoring.names import exposed, named
from tests.services import missing

ROOT = Path(__file__).parents[2]
PAGES = dashboards.pages()
DOCUMENTS: dict[str, dict[str, Any]] = {Path(path).stem: json.loads(text) for path, text in PAGES.items()}
PANELS = [(name, panel) for name, document in DOCUMENTS.items() for panel in document["panels"]]
EXPRESSIONS = [target["expr"] for _, panel in PANELS for target in panel["targets"]]
UNITS = {"short", "s", "ops", "opm", "reqps", "Bps", "bytes", "percentunit", "none"}
"""Those of Grafana's units that we use; one that it does not know it would only print."""


def test_files_are_those_of_the_source():
    assert {f"{dashboards.FOLDER}/{path.name}" for path in (ROOT / dashboards.FOLDER).iterdir()} == set(PAGES)
    for path, text in PAGES.items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, "run scripts/docs"


def test_there_is_a_dashboard_for_each_part():
    assert set(DOCUMENTS) >= {"ingest", "broker", "database", "notify", "api", "fleet"}


def test_dashboards_and_panels_are_told_apart():
    uids = [document["uid"] for document in DOCUMENTS.values()]
    assert len(uids) == len(set(uids))
    for document in DOCUMENTS.values():
        ids = [panel["id"] for panel in document["panels"]]
        assert len(ids) == len(set(ids))
        assert len(ids) <= 8, "a tired technician reads no more"


def test_no_panel_lies_on_another_or_leaves_the_page():
    for document in DOCUMENTS.values():
        places = [panel["gridPos"] for panel in document["panels"]]
        assert all(place["x"] + place["w"] <= 24 for place in places)
        for one, two in combinations(places, 2):
            beside = one["x"] + one["w"] <= two["x"] or two["x"] + two["w"] <= one["x"]
            below = one["y"] + one["h"] <= two["y"] or two["y"] + two["h"] <= one["y"]
            assert beside or below


@pytest.mark.parametrize(("name", "panel"), PANELS, ids=lambda one: one if isinstance(one, str) else str(one["id"]))
def test_panel_says_what_it_shows(name: str, panel: dict[str, Any]):
    assert panel["title"].strip()
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    steps = [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]
    assert steps[0] is None
    assert steps[1:] == sorted(steps[1:])
    assert panel["datasource"]["uid"] == "prometheus"


def test_every_question_can_be_asked(tmp_path: Path):
    promtool = shutil.which("promtool") or missing("no promtool found")
    asked = [{"record": f"question:{number}", "expr": one} for number, one in enumerate(EXPRESSIONS)]
    file = tmp_path / "questions.yml"  # JSON is YAML too
    file.write_text(json.dumps({"groups": [{"name": "questions", "rules": asked}]}))
    done = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(EXPRESSIONS)} rules found" in done.stdout


def test_every_metric_of_a_dashboard_is_told_by_one_of_our_programs():
    assert len(named(EXPRESSIONS)) > 30
    assert named(EXPRESSIONS) - exposed() == set()


def test_datasource_and_folder_are_those_that_are_provisioned():
    place = ROOT / "deploy/grafana/provisioning"
    [source] = yaml.safe_load((place / "datasources/prometheus.yml").read_text())["datasources"]
    [provider] = yaml.safe_load((place / "dashboards/lighttrap.yml").read_text())["providers"]
    assert {panel["datasource"]["uid"] for _, panel in PANELS} == {source["uid"]}
    assert source["url"] == "http://prometheus:9090"
    assert provider["options"]["path"] == "/etc/grafana/dashboards"
