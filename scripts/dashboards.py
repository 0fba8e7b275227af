"""Writes Grafana's dashboards from deploy/grafana/dashboards.toml, so that a panel is five lines and not fifty."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SOURCE = "deploy/grafana/dashboards.toml"
FOLDER = "deploy/grafana/dashboards"
_DATASOURCE = {"type": "prometheus", "uid": "prometheus"}
_WIDTH, _CURVE_WIDTH, _FIGURE_WIDTH = 24, 12, 6
_HEIGHTS = {"figure": 5, "curve": 8, "table": 7}
_KINDS = {"figure": "stat", "curve": "timeseries", "table": "table"}


def dashboards() -> list[dict[str, Any]]:
    """What deploy/grafana/dashboards.toml says."""
    found: list[dict[str, Any]] = tomllib.loads((ROOT / SOURCE).read_text(encoding="utf-8"))["dashboard"]
    return found


def pages() -> dict[str, str]:
    """The text of each dashboard's file, by its path."""
    return {f"{FOLDER}/{one['file']}.json": _text(_dashboard(one)) for one in dashboards()}


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _dashboard(told: dict[str, Any]) -> dict[str, Any]:
    return {
        "uid": told["uid"], "title": told["title"], "tags": ["lighttrap"], "schemaVersion": 39, "version": 1,
        "editable": False, "graphTooltip": 1, "timezone": "browser", "refresh": "30s", "templating": {"list": []},
        "time": {"from": "now-24h", "to": "now"}, "annotations": {"list": []},
        "links": [{"type": "dashboards", "tags": ["lighttrap"], "asDropdown": False, "title": "", "keepTime": True}],
        "panels": list(_panels(told["panel"])),
    }  # fmt: skip


def _panels(told: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Panels from left to right; one that does not fit beside the last begins a new row."""
    left = top = height = 0
    for number, one in enumerate(told, 1):
        kind = one.get("kind", "figure")
        width = _WIDTH if one.get("wide") else _CURVE_WIDTH if kind == "curve" else _FIGURE_WIDTH
        if left + width > _WIDTH or (height and height != _HEIGHTS[kind]):
            left, top = 0, top + height
        height = _HEIGHTS[kind]
        yield {**_panel(number, kind, one), "gridPos": {"x": left, "y": top, "w": width, "h": height}}
        left += width


def _panel(number: int, kind: str, told: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": number, "type": _KINDS[kind], "title": told["title"], "description": told["about"],
        "datasource": _DATASOURCE, "fieldConfig": {"defaults": _defaults(kind, told), "overrides": []},
        "options": _options(kind),
        "targets": [_target(name, *asked, kind) for name, asked in zip("ABCDEF", _asked(told), strict=False)],
        **({"transformations": _COLUMNS} if kind == "table" else {}),
    }  # fmt: skip


def _asked(told: dict[str, Any]) -> list[tuple[str, str]]:
    """Expression and legend of each of a panel's queries."""
    return [(str(expression), str(legend)) for expression, legend in told["query"]]


def _target(name: str, expression: str, legend: str, kind: str) -> dict[str, Any]:
    form = {"instant": True, "range": False, "format": "table"} if kind == "table" else {"instant": kind == "figure"}
    return {
        "refId": name, "expr": expression, "legendFormat": legend, "datasource": _DATASOURCE, **form
    }  # fmt: skip


_COLUMNS = [
    {
        "id": "organize",
        "options": {
            "excludeByName": {"Time": True, "Value": True, "__name__": True, "alertstate": True, "job": True},
            "renameByName": {"alertname": "runbook", "severity": "severity"},
        },
    }
]


def _defaults(kind: str, told: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"unit": told.get("unit", "none"), "thresholds": _thresholds(told)}
    if kind == "figure":
        found |= {"color": {"mode": "thresholds"}, "noValue": "-"}
    if kind == "curve":
        found |= {"min": 0, "color": {"mode": "palette-classic"}, "custom": {"lineWidth": 2, "fillOpacity": 10}}
    return found


def _thresholds(told: dict[str, Any]) -> dict[str, Any]:
    """Green, then orange and red upwards; or red, then orange and green, where less is worse."""
    if "bad" not in told:
        steps: list[tuple[str, float | None]] = [("blue", None)]
    elif told["bad"] < told["warn"]:
        steps = [("red", None), ("orange", told["bad"]), ("green", told["warn"])]
    else:
        steps = [("green", None), ("orange", told["warn"]), ("red", told["bad"])]
    return {"mode": "absolute", "steps": [{"color": color, "value": value} for color, value in steps]}


def _options(kind: str) -> dict[str, Any]:
    if kind == "figure":
        reduced = {"calcs": ["lastNotNull"], "fields": "", "values": False}
        return {"reduceOptions": reduced, "colorMode": "background", "graphMode": "none", "textMode": "auto"}
    if kind == "curve":
        return {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    return {"showHeader": True}


def main() -> None:
    """Writes the files, and removes those that nothing is said of any more."""
    made = pages()
    folder = ROOT / FOLDER
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.json"):
        if f"{FOLDER}/{path.name}" not in made:
            path.unlink()
    for name, text in made.items():
        (ROOT / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}")


if __name__ == "__main__":
    main()
