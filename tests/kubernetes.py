"""deploy/kubernetes as the cluster is given it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent.parent / "deploy/kubernetes"
Resource = dict[str, Any]


def resources() -> list[tuple[str, Resource]]:
    """Every resource but the kustomization, with its file's name."""
    files = sorted(file for file in FOLDER.glob("*.yaml") if file.name != "kustomization.yaml")
    return [(file.name, one) for file in files for one in yaml.safe_load_all(file.read_text(encoding="utf-8"))]


def of_kind(*kinds: str) -> list[Resource]:
    """The resources of some kinds."""
    return [one for _, one in resources() if one["kind"] in kinds]


def pods() -> dict[str, Resource]:
    """The templates of all Pods, by what they belong to."""
    found = {}
    for one in of_kind("Deployment", "StatefulSet", "Job", "CronJob"):
        spec = one["spec"]["jobTemplate"]["spec"] if one["kind"] == "CronJob" else one["spec"]
        found[one["metadata"]["name"]] = spec["template"]
    return found


def containers(pod: Resource) -> Iterator[Resource]:
    """All containers of a Pod."""
    yield from pod["spec"].get("initContainers", [])
    yield from pod["spec"]["containers"]


def environment(container: Resource) -> dict[str, str | None]:
    """The variables of a container; None where something else says the value."""
    return {one["name"]: one.get("value") for one in container.get("env", [])}
