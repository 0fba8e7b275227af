"""The bill of materials is of what servers run, the same each time, and tells of no machine."""

from __future__ import annotations

from typing import Any

import pytest

from scripts import sbom


def package(name: str, version: str) -> dict[str, Any]:
    return {
        "bom-ref": f"{name}=={version}", "name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}",
        "externalReferences": [{"type": "distribution", "url": "https://index.example.org/simple/x"}],
    }  # fmt: skip


BOM: dict[str, Any] = {
    "bomFormat": "CycloneDX",
    "metadata": {
        "component": {"bom-ref": "root", "name": "lighttrap"},
        "tools": {"components": [package("tool", "1")]},
    },
    "components": [package("Flask_Thing", "2"), package("pytest", "9")],
    "dependencies": [
        {"ref": "root", "dependsOn": ["Flask_Thing==2", "pytest==9"]},
        {"ref": "Flask_Thing==2"},
        {"ref": "pytest==9", "dependsOn": ["Flask_Thing==2"]},
    ],
}


def test_only_what_servers_run_is_in_it():
    bom = sbom.narrowed(BOM, {"flask-thing": "2"})
    assert [one["name"] for one in bom["components"]] == ["Flask_Thing"]
    assert bom["dependencies"][0] == {"ref": "root", "dependsOn": ["Flask_Thing==2"]}
    assert [one["ref"] for one in bom["dependencies"]] == ["root", "Flask_Thing==2"]


def test_no_address_is_in_it():
    assert "://" not in str(sbom.narrowed(BOM, {"flask-thing": "2"}))


def test_environment_that_is_not_as_pinned_is_refused():
    with pytest.raises(ValueError, match="lacking"):
        sbom.narrowed(BOM, {"flask-thing": "2", "lacking": "1"})
    with pytest.raises(ValueError, match="flask-thing"):
        sbom.narrowed(BOM, {"flask-thing": "3"})


def test_pins_are_read_by_their_normal_names():
    text = "# of servers\nFlask_Thing==2\nuvloop==1 ; python_version < '3.13'\n"
    assert sbom.pinned(text) == {"flask-thing": "2", "uvloop": "1"}
