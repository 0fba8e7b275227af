"""Writes requirements/server.txt and build.txt: of all pins those that a server, or building the wheel, needs.

What is needed is read from what is installed, so the environment must be that of requirements/all.txt.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
EXTRAS = {"server": ("ingest", "simulator", "notify", "monitor", "api", "dashboard"), "build": ("build",)}
_HEADS = {
    "server": "# What our programs need on a server, for deploy/Dockerfile; made by scripts/pin from all.txt.\n",
    "build": "# What building the wheel needs, for deploy/Dockerfile; made by scripts/pin from all.txt.\n",
}


def pins(kind: str) -> str:
    """The text of requirements/`kind`.txt."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"]) if kind == "server" else []
    for extra in EXTRAS[kind]:
        wanted += project["optional-dependencies"][extra]
    names = _closure(Requirement(text) for text in wanted)
    lines = (ROOT / "requirements/all.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    return _HEADS[kind] + "".join(line for line in lines if _plain(line.partition("==")[0]) in names)


def _closure(wanted: Iterable[Requirement]) -> set[str]:
    todo = [(one.name, frozenset(one.extras)) for one in wanted]
    done: set[tuple[str, frozenset[str]]] = set()
    while todo:
        name, extras = todo.pop()
        if (_plain(name), extras) in done:
            continue
        done.add((_plain(name), extras))
        for need in map(Requirement, metadata.requires(name) or ()):
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras or {""}):
                todo.append((need.name, frozenset(need.extras)))
    return {name for name, _ in done}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def main() -> None:
    """Writes both files."""
    for kind in EXTRAS:
        (ROOT / f"requirements/{kind}.txt").write_text(pins(kind), encoding="utf-8")
        print(f"wrote requirements/{kind}.txt")


if __name__ == "__main__":
    main()
