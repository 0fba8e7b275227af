"""`python -m scripts.audit`: has any pinned package a known vulnerability? It never calls clean what it could not ask.

pip-audit says "no known vulnerabilities" too when the service does not know a package, or serves no such data at all,
as a mirror does. So a service is asked first about a version that is known to be vulnerable, and believed only when it
says so. Exit code 1: a vulnerability; with `--required` also when it could not be asked.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
SERVICES = ("pypi", "osv")
CANARY = "jinja2==2.4.1"
"""Of 2010, with half a dozen known vulnerabilities."""
ACCEPTED: Mapping[str, str] = {}
"""Vulnerabilities that do not reach us, by id: why, and until when that is to be believed."""


class Report(NamedTuple):
    """What a service said: how many packages it knows, those it does not, and each vulnerability as a line."""

    asked: int
    unknown: list[str]
    vulnerable: list[str]


class Verdict(NamedTuple):
    """What is said, and whether it stops the check."""

    text: str
    is_bad: bool


def read(answer: str) -> Report:
    """Reads pip-audit's JSON."""
    report = Report(0, [], [])
    for one in json.loads(answer)["dependencies"]:
        if "skip_reason" in one:
            report.unknown.append(one["name"])
            continue
        report = report._replace(asked=report.asked + 1)
        report.vulnerable.extend(_lines(one))
    return report


def _lines(package: Mapping[str, Any]) -> Iterable[str]:
    for vuln in package["vulns"]:
        names = {vuln["id"], *vuln.get("aliases", ())}
        if not names & set(ACCEPTED):
            fixed = ", ".join(vuln.get("fix_versions", ())) or "none yet"
            yield f"{package['name']} {package['version']}: {', '.join(sorted(names))}; fixed in {fixed}"


def judge(ask: Callable[[str, Sequence[str]], Report | None], *, required: bool) -> Verdict:
    """Asks the first service that can be believed. `ask` takes a service and words of pip-audit; None: no answer."""
    for service in SERVICES:
        canary = ask(service, ())
        if canary is None or not canary.vulnerable:
            continue
        found = ask(service, [word for path in pins() for word in ("-r", str(path))])
        if found is None:
            continue
        if found.vulnerable:
            return Verdict("VULNERABLE:\n  " + "\n  ".join(found.vulnerable), is_bad=True)
        if found.unknown:
            unknown = ", ".join(found.unknown)
            return Verdict(f"AUDIT NOT DONE for {unknown}: {service} does not know them", is_bad=required)
        return Verdict(f"audit: {found.asked} packages, no known vulnerability ({service})", is_bad=False)
    asked = " nor ".join(SERVICES)
    return Verdict(
        f"AUDIT NOT DONE: neither {asked} answers here about vulnerabilities. This says nothing about the packages; "
        "ask again where one does, before a release always (python -m scripts.audit --required)",
        is_bad=required,
    )


def pins() -> list[Path]:
    """The files of pinned packages."""
    return sorted((ROOT / "requirements").glob("*.txt"))


def ask(service: str, words: Sequence[str]) -> Report | None:
    """Runs pip-audit; without words it asks about the canary."""
    command = [str(Path(sys.executable).parent / "pip-audit"), "--service", service, "--timeout", "10", "--no-deps"]
    command += ["--disable-pip", "--format", "json", "--progress-spinner", "off"]
    command += words or ["-r", "/dev/stdin"]
    done = subprocess.run(command, input=CANARY, capture_output=True, text=True, check=False, env=_environ())
    try:
        return read(done.stdout)
    except (ValueError, KeyError):
        return None


def _environ() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if not name.startswith("PIP_AUDIT_")}


def main() -> int:
    """Says the verdict, loudly when it is none."""
    parser = argparse.ArgumentParser(prog="audit", description=__doc__)
    parser.add_argument("--required", action="store_true", help="fail when it could not be asked")
    verdict = judge(ask, required=parser.parse_args().required)
    if verdict.text.startswith("audit:"):
        print(verdict.text)
    else:
        print("!" * 120, verdict.text, "!" * 120, sep="\n", flush=True)
    return int(verdict.is_bad)


if __name__ == "__main__":
    sys.exit(main())
