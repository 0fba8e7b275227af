"""`lighttrap texts`, as a translator uses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from lighttrap.cli.texts import cli
from lighttrap.errors import InputFault
from lighttrap.notify import catalogue

INSTALLED = Path(catalogue.__file__).parent / "texts"


def run(*arguments: str | Path):
    """The command's outcome."""
    return CliRunner().invoke(cli, [str(one) for one in arguments])


def test_installed_texts_pass():
    done = run("check")
    assert done.exit_code == 0
    assert "no fault" in done.stdout


def test_fault_is_said_with_its_place_and_fails(tmp_path: Path):
    text = (INSTALLED / "vi.toml").read_text("utf-8")
    (tmp_path / "vi.toml").write_text(text.replace("[ #A{alert}]", "[ #A{number}]", 1), "utf-8")
    done = run("check", tmp_path)
    assert done.exit_code == 1
    assert "vi: raised.watch.sms has {number}, which nothing fills" in done.stdout


def test_every_sms_is_shown_with_its_parts_from_an_own_folder(tmp_path: Path):
    text = (INSTALLED / "vi.toml").read_text("utf-8")
    (tmp_path / "vi.toml").write_text(text.replace("vạch gốc lúa xem rầy", "ra thăm lúa"), "utf-8")
    shown = run("show", "vi", tmp_path, "--no-accents").stdout
    assert "raised.alarm (1 SMS, 159 GSM-7)" in shown
    assert "BAY DEN: " in shown
    assert "raised.alarm (3 SMS" in run("show", "vi").stdout


def test_language_without_texts_is_told_so():
    assert "not there in km: shown in vi" in run("show", "km").stdout


@pytest.mark.parametrize("arguments", [("show", "xx"), ("check", "/nowhere")])
def test_what_is_not_there_is_refused(arguments: tuple[str, ...]):
    assert isinstance(run(*arguments).exception, InputFault)
