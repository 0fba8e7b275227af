"""The scripts and files for Debian's packages, as far as a machine that is none of theirs can tell."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
INSTALL = ROOT / "deploy/debian/install"
SCRIPTS = (INSTALL, ROOT / "deploy/debian/database")
PROMETHEUS = ROOT / "deploy/prometheus"


def _units() -> list[str]:
    [names] = re.findall(r"(?m)^units=\((.*)\)$", INSTALL.read_text(encoding="utf-8"))
    return list(names.split())


def _targets(name: str) -> dict[str, list[str]]:
    """What a configuration of Prometheus asks, by job."""
    jobs = yaml.safe_load((PROMETHEUS / name).read_text(encoding="utf-8"))["scrape_configs"]
    return {job["job_name"]: [one for some in job["static_configs"] for one in some["targets"]] for job in jobs}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_script_is_one_that_bash_understands_and_may_be_run(script: Path):
    assert subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False).stderr == ""
    assert os.access(script, os.X_OK)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_file_that_a_script_takes_from_the_release_is_there(script: Path):
    named = re.findall(r"(?<!/)\b((?:deploy|requirements)/[\w./*-]*[\w*])", script.read_text(encoding="utf-8"))
    assert named
    assert [one for one in named if not list(ROOT.glob(one))] == []


def test_install_starts_every_unit_that_is_there():
    files = {path.stem.removeprefix("lighttrap-") for path in (ROOT / "deploy/systemd").glob("lighttrap-*.service")}
    # The timer starts the backup.
    assert {re.sub(r"@\d+", "@", name) for name in _units()} == files - {"backup"}


def test_nothing_is_changed_before_what_stands_in_the_way_is_looked_for():
    steps = re.findall(r"(?m)^[a-z]+(?: .*)?$", INSTALL.read_text(encoding="utf-8"))
    last = steps[steps.index('check "$@"') :]
    assert last[:4] == ['check "$@"', "packages", "ports", "database"]


def test_programs_that_install_waits_for_are_all_that_prometheus_asks_of_ours():
    [waited] = re.findall(r"(?m)^wait_for .*$", INSTALL.read_text(encoding="utf-8"))
    ours = {name.partition("@")[0] for name in _units()}
    asked = {to.rpartition(":")[2] for job, found in _targets("debian.yml").items() if job in ours for to in found}
    assert set(re.findall(r"\b\d{4}\b", waited)) == asked


def test_install_is_for_root(tmp_path: Path):
    somebody = tmp_path / "id"
    somebody.write_text("#!/bin/sh\necho 1000\n")
    somebody.chmod(0o755)
    words = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([INSTALL], env=words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "this is for root" in done.stderr


def test_prometheus_asks_the_same_programs_as_in_containers_at_the_ports_of_the_units():
    ours, theirs = _targets("debian.yml"), _targets("prometheus.yml")
    workers = [f"127.0.0.1:{name.removeprefix('ingest@')}" for name in _units() if name.startswith("ingest@")]
    elsewhere = {job: [f"127.0.0.1:{one.partition(':')[2]}" for one in where] for job, where in theirs.items()}
    assert ours == elsewhere | {"ingest": workers}
