"""The audit never calls clean what it could not ask."""

from __future__ import annotations

import json
from collections.abc import Sequence

from scripts import audit
from scripts.audit import Report, Verdict

VULN = {"id": "PYSEC-2014-8", "aliases": ["CVE-2014-1402"], "fix_versions": ["2.7.2"]}
ANSWER = json.dumps(
    {
        "dependencies": [
            {"name": "jinja2", "version": "2.4.1", "vulns": [VULN]},
            {"name": "good", "version": "1", "vulns": []},
            {"name": "strange", "skip_reason": "Dependency not found on PyPI and could not be audited: strange (1)"},
        ],
        "fixes": [],
    }
)
CANARY_SINGS = Report(1, [], ["jinja2 2.4.1: ..."])
CLEAN = Report(130, [], [])


def judged(*, required: bool = False, **answers: tuple[Report | None, Report | None]) -> Verdict:
    """The verdict when each service answers so about the canary, and so about our packages."""

    def ask(service: str, words: Sequence[str]) -> Report | None:
        canary, packages = answers.get(service, (None, None))
        return packages if words else canary

    return audit.judge(ask, required=required)


def test_answer_of_the_tool_is_read():
    report = audit.read(ANSWER)
    assert report == Report(2, ["strange"], ["jinja2 2.4.1: CVE-2014-1402, PYSEC-2014-8; fixed in 2.7.2"])


def test_vulnerability_stops_the_check():
    verdict = judged(pypi=(CANARY_SINGS, Report(130, [], ["flask 3.1.2: CVE-2026-1; fixed in 3.1.3"])))
    assert verdict.is_bad
    assert "CVE-2026-1" in verdict.text


def test_clean_is_said_only_when_the_canary_was_known():
    assert judged(pypi=(CANARY_SINGS, CLEAN)) == Verdict("audit: 130 packages, no known vulnerability (pypi)", False)
    silent = judged(pypi=(Report(1, [], []), CLEAN))
    assert (silent.is_bad, silent.text.startswith("AUDIT NOT DONE")) == (False, True)


def test_mirror_that_knows_no_vulnerabilities_is_not_believed():
    verdict = judged(pypi=(Report(0, ["jinja2"], []), CLEAN), required=True)
    assert (verdict.is_bad, verdict.text.startswith("AUDIT NOT DONE")) == (True, True)


def test_second_service_is_asked_when_the_first_does_not_answer():
    assert judged(osv=(CANARY_SINGS, CLEAN)).text.endswith("(osv)")


def test_package_that_the_service_does_not_know_is_named():
    verdict = judged(pypi=(CANARY_SINGS, Report(129, ["strange"], [])))
    assert "AUDIT NOT DONE for strange" in verdict.text


def test_all_files_of_pins_are_asked_about():
    assert {"all.txt", "server.txt", "audit.txt"} <= {path.name for path in audit.pins()}
