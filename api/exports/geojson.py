"""Exports as GeoJSON (RFC 7946): one feature for each field, night and species."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from api.exports.tables import Ask, Table
from lighttrap.views import ExportNote


def parts(table: Table, note: ExportNote, ask: Ask) -> Iterator[bytes]:
    """The collection, batch by batch; what it says of itself is its member `lighttrap`."""
    names = [column.name for column in table.columns]
    head = f'{{"type": "FeatureCollection", "lighttrap": {note.model_dump_json()}, "features": ['
    between = "\n"
    for rows in ask():
        text: list[str] = []
        for row in rows:
            text += between, json.dumps(_feature(names, row), default=str, ensure_ascii=False)
            between = ",\n"
        yield (head + "".join(text)).encode()
        head = ""
    yield (head + "\n]}\n").encode()


def rewound(geometry: dict[str, Any] | None) -> dict[str, Any] | None:
    """A geometry whose outer rings run against the clock and whose holes run with it (RFC 7946, 3.1.6)."""
    if geometry is None or geometry["type"] == "Point":
        return geometry
    found = geometry["coordinates"]
    turned = _rings(found) if geometry["type"] == "Polygon" else [_rings(rings) for rings in found]
    return {**geometry, "coordinates": turned}


def _feature(names: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    properties = dict(zip(names, row, strict=False))
    key = f"{properties['field_id']}/{properties['night']}/{properties['species']}"
    return {"type": "Feature", "id": key, "geometry": rewound(row[-1]), "properties": properties}


def _rings(rings: Sequence[Sequence[Sequence[float]]]) -> list[Sequence[Sequence[float]]]:
    return [ring if (_area(ring) > 0) == (at == 0) else list(reversed(ring)) for at, ring in enumerate(rings)]


def _area(ring: Sequence[Sequence[float]]) -> float:
    """Twice the area in square degrees; positive against the clock."""
    pairs = zip(ring, [*ring[1:], ring[0]], strict=True)
    return sum(one[0] * two[1] - two[0] * one[1] for one, two in pairs)
