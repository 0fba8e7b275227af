from __future__ import annotations

import json
from typing import Any

from dashboard import maps, palette
from lighttrap import views
from tests.unit.dashboard.test_morning import SAY, a_field, names

SQUARE = {
    "type": "Polygon",
    "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], [[0.4, 0.4], [0.4, 0.6], [0.6, 0.6], [0.4, 0.4]]],
}


def drawn(*fields: views.FieldOverview, **how: Any) -> dict[str, Any]:  # noqa: ANN401 - of field_map
    known = names()
    feature = known.fields["f1"].model_copy(update={"geometry": SQUARE})
    known.fields["f1"] = feature
    chart = maps.field_map(list(fields), known, SAY, palette.LIGHT, **how)
    assert chart is not None
    return chart.to_dict()


def data_of(spec: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The rows of each layer."""
    return [spec["datasets"][layer["data"]["name"]] for layer in spec["layer"]]


def test_map_without_any_place_is_none():
    assert maps.field_map([a_field()], names(), SAY, palette.LIGHT) is None


def test_outer_rings_go_clockwise_and_holes_the_other_way():
    outlines = data_of(drawn(a_field(point=[0.5, 0.5])))[0]
    outer, hole = outlines[0]["geometry"]["coordinates"]
    assert outer == [[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]
    assert hole[0] == [0.4, 0.4]
    assert hole[1] == [0.6, 0.6]


def test_worst_field_is_drawn_last_and_unknown_is_its_own_level():
    spec = drawn(
        a_field(point=[0, 0], level=3), a_field(point=[1, 1], level=None), a_field(point=[2, 2], level=0)
    )  # fmt: skip
    marks = data_of(spec)[1]
    assert [mark["level"] for mark in marks] == ["mất dữ liệu", "thấp", "nguy hiểm"]
    domain = spec["layer"][1]["encoding"]["shape"]["scale"]["domain"]
    assert domain == ["nguy hiểm", "báo động", "theo dõi", "thấp", "mất dữ liệu"]


def test_level_is_colour_and_shape_with_an_outline():
    layer = drawn(a_field(point=[0, 0]))["layer"][1]
    assert {"color", "shape"} <= set(layer["encoding"])
    assert layer["mark"]["stroke"] == palette.LIGHT.outline


def test_silent_traps_are_shown_when_asked_for():
    fields = (a_field(point=[0, 0], silent=2), a_field(point=[1, 1], silent=0))
    with_them, without = drawn(*fields, silent=True), drawn(*fields)
    assert [mark["quiet"] for mark in data_of(with_them)[-1]] == ["✕2"]
    assert len(with_them["layer"]) == len(without["layer"]) + 1


def test_map_asks_nobody_for_anything():
    assert "http" not in json.dumps(drawn(a_field(point=[0, 0]))).replace("https://vega.github.io/schema", "")
