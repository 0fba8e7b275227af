"""The map: outlines of fields and their levels, drawn by Altair; it asks nobody for tiles.

Outlines go to Altair with their outer rings clockwise, the reverse of GeoJSON: its projection fills the rest of the
globe otherwise.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt

from dashboard import palette, panels
from dashboard.palette import Ink
from dashboard.places import Names
from dashboard.words import Words
from lighttrap import views
from lighttrap.agronomy.level import Level

ORDER = (Level.ALARM, Level.WARNING, Level.WATCH, Level.NONE, Level.UNKNOWN)


def field_map(
    fields: Sequence[views.FieldOverview],
    names: Names,
    say: Words,
    ink: Ink,
    *,
    height: int = 420,
    silent: bool = False,
    zoom: float = 1.0,
    legend: bool = True,
) -> alt.LayerChart | None:
    """Every field that has a place, its level as shape and colour over its outline; None when none has one.

    With `silent`, a cross and a number beside each field whose traps do not speak. `zoom` makes marks and words larger,
    for those who stand far off.
    """
    found = marks(fields, names, say)
    if not found:
        return None
    words = [panels.level_word(level, say) for level in ORDER]
    looks = [palette.LOOKS[level] for level in ORDER]
    level = alt.Color("level:N", title=None, scale=alt.Scale(domain=words, range=[one.fill for one in looks]))
    shape = alt.Shape("level:N", title=None, scale=alt.Scale(domain=words, range=[one.shape for one in looks]))
    tips = [alt.Tooltip(f"{name}:N", title=title) for name, title in _tips(say)]
    points = _placed(found).mark_point(filled=True, size=260 * zoom**2, stroke=ink.outline, strokeWidth=1, opacity=1)
    labels = _placed([mark for mark in found if mark["rank"] >= Level.WARNING])
    label: dict[str, Any] = {"dy": -18 * zoom, "fontSize": 13 * zoom, "fontWeight": "bold", "color": ink.text}
    halo = {**label, "stroke": ink.paper, "strokeWidth": 3 * zoom, "strokeOpacity": 0.9}
    layers = [_outlines(names, ink)] if _polygons(names) else []
    layers.append(points.encode(color=level, shape=shape, tooltip=tips))
    layers += [labels.mark_text(**how).encode(text="place:N") for how in (halo, label)]
    if silent:
        quiet = _placed([mark for mark in found if mark["silent"]])
        layers.append(quiet.mark_text(dx=20, dy=12, fontSize=13, color=ink.text).encode(text="quiet:N", tooltip=tips))
    chart: alt.LayerChart = (
        alt.layer(*layers)
        .properties(height=height)
        .project(type="mercator")
        # This one first: it forgets what was configured before.
        .configure(background="transparent", font=palette.FONT)
        .configure_view(strokeWidth=0)
        .configure_legend(
            disable=not legend, orient="bottom", labelFontSize=14, labelColor=ink.text,
            symbolStrokeColor=ink.outline, symbolSize=160,
        )
    )  # fmt: skip
    return chart


def marks(fields: Iterable[views.FieldOverview], names: Names, say: Words) -> list[dict[str, Any]]:
    """A mark for each field that has a place, the worst last, so that it is drawn on top."""
    found = [_mark(one, one.point, names, say) for one in fields if one.point]
    return sorted(found, key=lambda mark: mark["rank"])


def _mark(field: views.FieldOverview, point: Sequence[float], names: Names, say: Words) -> dict[str, Any]:
    return {
        "lon": point[0],
        "lat": point[1],
        "rank": -1 if field.level is None else field.level,
        "level": panels.level_word(field.level, say),
        "place": names.commune_of(field.field_id),
        "field": names.field(field.field_id),
        "value": say.number(field.value),
        "pest": names.pest(field.species),
        "traps": f"{field.reported}/{field.traps}",
        "silent": field.silent,
        "quiet": f"{palette.look(None).sign}{field.silent}",
    }


def _placed(found: Sequence[dict[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=list(found))).encode(longitude="lon:Q", latitude="lat:Q")


def _outlines(names: Names, ink: Ink) -> alt.Chart:
    features = [
        {"type": "Feature", "geometry": geometry, "properties": {}} for geometry in map(_clockwise, _polygons(names))
    ]
    shapes: alt.Chart = alt.Chart(alt.InlineData(values=features)).mark_geoshape(
        fill=ink.card, stroke=ink.line, strokeWidth=1.5
    )
    return shapes


def _polygons(names: Names) -> list[dict[str, Any]]:
    found = [one.geometry for one in names.fields.values()]
    return [one for one in found if one and one["type"] in ("Polygon", "MultiPolygon")]


def _clockwise(geometry: dict[str, Any]) -> dict[str, Any]:
    """The geometry with its outer rings clockwise and its holes the other way."""
    if geometry["type"] == "MultiPolygon":
        return {**geometry, "coordinates": [_turned(rings) for rings in geometry["coordinates"]]}
    return {**geometry, "coordinates": _turned(geometry["coordinates"])}


def _turned(rings: Sequence[list[Any]]) -> list[Any]:
    return [ring if (_area(ring) < 0) == (place == 0) else ring[::-1] for place, ring in enumerate(rings)]


def _area(ring: Sequence[Sequence[float]]) -> float:
    """Twice the signed area: positive is counter-clockwise."""
    return sum(one[0] * two[1] - two[0] * one[1] for one, two in itertools.pairwise(ring))


def _tips(say: Words) -> list[tuple[str, str]]:
    return [
        ("place", say("Xã, phường")), ("field", say("Ruộng")), ("level", say("Mức")), ("pest", say("Loài")),
        ("value", say("Con/bẫy/đêm")), ("traps", say("Bẫy có báo")),
    ]  # fmt: skip
