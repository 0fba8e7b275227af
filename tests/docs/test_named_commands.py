"""A command that a page names exists, with the options that it is given there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from lighttrap.cli.main import cli

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted(ROOT.glob("docs/**/*.md"))]
WHOLE = typer.main.get_command(cli)

FENCE = re.compile(r"(?ms)^```\w*\n(.*?)^```$")
INDENTED = re.compile(r"(?m)^ {4}(.*)$")
SPAN = re.compile(r"`([^`]+)`")
CONTINUED = re.compile(r"\\\n\s*")
NAMED = re.compile(r"(?:^|[\s(/])lighttrap ([a-z][^|;&<>#)']*)")


def _code(text: str) -> list[str]:
    """Each line of code of a page, and each piece of code between its words."""
    text = CONTINUED.sub("", text)
    blocks = [line for block in FENCE.findall(text) for line in block.splitlines()] + INDENTED.findall(text)
    return blocks + [
        span.replace("\n", " ") for span in SPAN.findall(FENCE.sub("", text)) if span.startswith("lighttrap")
    ]


def _commands(text: str) -> list[str]:
    """What follows `lighttrap` wherever code calls it; a line of its output is not one."""
    return [
        found for line in _code(text) for found in NAMED.findall(line) if not line.strip().startswith("lighttrap is ")
    ]


def _faults(words: list[str]) -> list[str]:
    """What of a call does not exist: a word that should be a command, or options."""
    command = WHOLE
    while isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return words[:1]
        command, words = command.commands[words[0]], words[1:]
    known = {"--help", *(name for each in command.params for name in (*each.opts, *each.secondary_opts))}
    options = [re.match(r"--[a-z-]+", word) for word in words]
    return [option[0] for option in options if option and option[0] not in known]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_names_commands_and_options_that_exist(page: Path):
    wrong = {call: faults for call in _commands(page.read_text(encoding="utf-8")) if (faults := _faults(call.split()))}
    assert wrong == {}


def test_calls_are_found_in_all_kinds_of_code_and_faults_in_them():
    page = "Say `lighttrap alert lost`:\n\n    sudo lighttrap restore \\\n  F --wrong\n\n```\nlighttrap no-such\n```\n"
    assert [_faults(call.split()) for call in _commands(page)] == [["no-such"], ["--wrong"], ["lost"]]
