"""The threat model names a test for each wall, and each of them exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
THREATS = PAGE[PAGE.index("## Threats and walls") : PAGE.index("## ETSI")]
ROWS = re.findall(r"(?m)^\| ([STRIDE]) \| (.+?) \| (.+) \| (.+) \| (.+) \|$", THREATS)
TESTS = {
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"(?m)^def (test_\w+)", path.read_text(encoding="utf-8"))
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1])
def test_wall_is_proven_by_tests_that_exist(row: tuple[str, ...]):
    named = re.findall(r"`(test_\w+)`", row[3])
    assert named, "names no test"
    assert set(named) <= TESTS


def test_every_kind_of_threat_is_thought_of():
    assert {row[0] for row in ROWS} == set("STRIDE")
    assert len(ROWS) == len(re.findall(r"(?m)^\| [A-Z] \|", THREATS))


def test_every_group_of_the_standard_is_judged():
    rows = re.findall(r"(?m)^\| (5\.\d+|6) \| .+ \| (met|gap|n\.a\.|met / maker) \| .+ \|$", PAGE)
    assert [row[0] for row in rows] == [*(f"5.{n}" for n in range(1, 14)), "6"]
