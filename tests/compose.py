"""docker-compose.yml as docker compose reads it, without docker: merged, and with variables filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
FILE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?::([-?])([^{}]*))?\}")


def text() -> str:
    """The file without its comments."""
    return re.sub(r"(?m)^\s*#.*$|\s#\s.*$", "", FILE.read_text(encoding="utf-8"))


def services() -> dict[str, dict[str, Any]]:
    """The services by name, with anchors merged and variables as they stand."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]
    return found


def parts() -> dict[str, Any]:
    """The whole file."""
    found: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


def dotenv(path: Path) -> dict[str, str]:
    """The variables of an env file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def environment(service: str, site: Path, elsewhere: Mapping[str, str]) -> dict[str, str]:
    """The environment of a service for a site, with addresses and paths of its containers put `elsewhere`."""
    values = dotenv(site / ".env")
    made = dotenv(site / "lighttrap.env")
    for name, value in services()[service].get("environment", {}).items():
        filled = VARIABLE.sub(lambda found: values.get(found[1]) or found[3] or "", str(value))
        for there, here in elsewhere.items():
            filled = filled.replace(there, here)
        made[name] = filled
    return made
