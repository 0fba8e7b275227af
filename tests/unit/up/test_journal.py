from __future__ import annotations

import io
import re
from pathlib import Path

from lighttrap.up.journal import Journal


def _journal(tmp_path: Path, shown: list[str]) -> Journal:
    alarming, telling = re.compile(r"\bERROR\b"), re.compile(r"^past: ")
    return Journal("ingest", tmp_path / "ingest.log", shown.append, alarming=alarming, telling=telling)


def _follow(journal: Journal, text: str) -> None:
    journal.follow(io.StringIO(text)).join(5)


def test_lines_are_kept_and_only_alarming_and_telling_ones_shown(tmp_path: Path):
    shown: list[str] = []
    journal = _journal(tmp_path, shown)
    _follow(journal, "INFO all well\nERROR no space\npast: 3 of 4\nthe last word")
    assert (tmp_path / "ingest.log").read_text() == "INFO all well\nERROR no space\npast: 3 of 4\nthe last word\n"
    assert shown == ["ingest: ERROR no space", "past: 3 of 4"]
    journal.close()


def test_reason_is_the_last_alarming_line_or_else_the_last(tmp_path: Path):
    journal = _journal(tmp_path, [])
    assert journal.why() == ""
    _follow(journal, "INFO one\nINFO two\n")
    assert journal.why() == "INFO two"
    _follow(journal, "ERROR three\nINFO four\n")
    assert journal.why() == "ERROR three"
    journal.close()


def test_flood_of_alarms_is_shown_in_part(tmp_path: Path):
    shown: list[str] = []
    journal = _journal(tmp_path, shown)
    _follow(journal, "ERROR again\n" * 1000)
    assert len(shown) == 6
    assert "more such lines in" in shown[-1]
    journal.speak_again()
    _follow(journal, "ERROR later\n")
    assert shown[-1] == "ingest: ERROR later"
    journal.close()


def test_log_stays_small(tmp_path: Path):
    journal = _journal(tmp_path, [])
    _follow(journal, ("x" * 999 + "\n") * 20_000)
    sizes = [path.stat().st_size for path in tmp_path.glob("ingest.log*")]
    assert len(sizes) == 3
    assert sum(sizes) < 16_000_000
    journal.close()
