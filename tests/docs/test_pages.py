"""Documentation that can be checked is checked."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from scripts import configuration

ROOT = Path(__file__).parents[2]
readme = (ROOT / "README.md").read_text(encoding="utf-8")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


@pytest.mark.parametrize("name", sorted(configuration.PAGES))
def test_generated_page_does_not_lag(name: str):
    assert (ROOT / name).read_text(encoding="utf-8") == configuration.PAGES[name](), "run scripts/docs"


@pytest.mark.parametrize("setting", configuration.settings(), ids=lambda setting: setting.variable)
def test_setting_says_what_it_means(setting: configuration.Setting):
    assert setting.description.endswith(".")


@pytest.mark.parametrize("program", sorted(configuration.PROGRAMS))
def test_sample_environment_is_accepted_and_changes_nothing(program: str, monkeypatch: pytest.MonkeyPatch):
    model = configuration.PROGRAMS[program]
    for name, value in {
        "DATABASE__DSN": "postgresql:///x",
        "BROKER_FILES__PASSWORDS": "x",
        "BROKER_FILES__ACL": "x",
    }.items():
        monkeypatch.setenv(f"LIGHTTRAP_{name}", value)
    plain = model()
    for line in configuration.sample().splitlines():
        name, _, value = line.partition("=")
        if value and not line.startswith("#"):
            monkeypatch.setenv(name, value)
    assert model() == plain


def test_readme_stays_readable():
    assert len(readme.splitlines()) < 150


def test_changelog_awaits_the_next_release():
    assert "\n## Unreleased\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path):
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def _anchors(page: Path) -> set[str]:
    """The names that a forge gives the headings of a page."""
    headings = re.findall(r"(?m)^#+ (.*)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda page: page.name)
def test_links_into_pages_lead_to_a_heading(page: Path):
    targets = re.findall(r"\]\((?!https?:)([^)#]*\.md)?#([^)]+)\)", page.read_text(encoding="utf-8"))
    assert [(name, to) for name, to in targets if to not in _anchors(page.parent / name if name else page)] == []


@pytest.mark.parametrize("word", re.findall(r"(?m)^ {4}make ([a-z]+)", readme))
def test_make_target_in_the_readme_exists(word: str):
    assert re.search(rf"^{word}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_decisions_are_numbered_without_a_hole_and_have_their_parts():
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for part in ("Objective", "Overview", "Is", "Prior art", "Open questions"):
            assert re.search(rf"^(#+ |\*\*)?{part}\b", text, re.MULTILINE), f"{page.name} lacks {part}"


def test_every_pin_fits_the_project_and_has_no_address():
    pins = (ROOT / "requirements/all.txt").read_text(encoding="utf-8")
    names = {re.split(r"==", line)[0].lower().replace("_", "-") for line in pins.splitlines() if "==" in line}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    wanted = {re.match(r"[\w-]+", need)[0].lower().replace("_", "-") for group in groups for need in group}  # type: ignore[index]
    assert wanted - {"lighttrap"} <= names
    assert "://" not in pins
    assert "--hash" not in pins
