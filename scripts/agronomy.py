"""Fills docs/agronomy.md: its tables are the very numbers that the code computes with."""

from __future__ import annotations

import re
from pathlib import Path

from lighttrap.agronomy import basis, defaults, degreedays, forecast_settings, peaks, timeline

ROOT = Path(__file__).parent.parent
PAGE = "docs/agronomy.md"
_BLOCK = re.compile(r"(?s)<!-- (\w+)(?:: (\w+))? -->\n.*?<!-- end -->")
SETTINGS: dict[str, object] = {
    "effort": defaults.EffortSettings(),
    "median": defaults.MedianSettings(),
    "aggregate": defaults.AggregateSettings(),
    "trend": defaults.TrendSettings(),
    "normal": defaults.NormalSettings(),
    "relative": defaults.RelativeSettings(),
    "peaks": peaks.DAILY,
    "forecast": forecast_settings.DAILY,
    "sowing": defaults.SowingSettings(),
    "degreedays": degreedays.DegreeDaySettings(),
    "moon": defaults.MoonSettings(),
}


def page() -> str:
    """The text of docs/agronomy.md, its generated parts new."""
    return _BLOCK.sub(_filled, (ROOT / PAGE).read_text(encoding="utf-8"))


def _filled(block: re.Match[str]) -> str:
    what, of = block[1], block[2]
    text = _settings(of) if what == "settings" else {"species": _species, "days": _days, "heat": _heat}[what]()
    return f"<!-- {what}{f': {of}' if of else ''} -->\n{text}<!-- end -->"


def _settings(name: str) -> str:
    rows = (
        f"| `{one.name}` | {_value(one.value)} | {one.unit} | {one.basis} | {one.source} |\n"
        for one in basis.explain(SETTINGS[name])
    )
    return "| setting | default | unit | basis | source |\n|---|---|---|---|---|\n" + "".join(rows)


def _species() -> str:
    rows = (
        f"| {key} | {_value(own.watch)} | {_value(own.warning)} | {_value(own.alarm)} | {_value(own.floor)} |\n"
        for key, own in defaults.SPECIES_RULES.items()
    )
    return "| species | watch | warning | alarm | floor |\n|---|---|---|---|---|\n" + "".join(rows)


def _days() -> str:
    rows = (
        f"| {key} | {one.stage} | P+{one.first} … P+{one.last}{_point(one)} | P+{one.earliest} … P+{one.latest} |"
        f" {one.basis} | {one.source} |\n"
        for key, days in timeline.TIMELINES.items()
        for one in days
    )
    return "| species | stage | window | envelope | basis | source |\n|---|---|---|---|---|---|\n" + "".join(rows)


def _heat() -> str:
    rows = (
        f"| {species} | {stage} | {one.t0_c} | {one.k} | {degreedays.days_at(one, 27):.1f} | {one.source} |\n"
        for (species, stage), one in degreedays.DEVELOPMENT.items()
    )
    return "| species | stage | T0 °C | K | days at 27 °C | source |\n|---|---|---|---|---|---|\n" + "".join(rows)


def _point(one: timeline.DaysAfter) -> str:
    return "" if one.point is None else f", point P+{one.point}"


def _value(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def main() -> None:
    """Writes the page."""
    (ROOT / PAGE).write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
