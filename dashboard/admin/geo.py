"""Where a field is, as somebody types or pastes it; pure."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from dashboard.words import Words

_KNOWN = ("Point", "Polygon", "MultiPolygon")


class Unclear(ValueError):
    """What was typed is no place; the text says why, for the reader."""


def boundary(latitude: str | None, longitude: str | None, pasted: str | None, say: Words) -> dict[str, Any] | None:
    """The GeoJSON geometry that was meant; None when nothing was typed. Raises Unclear."""
    if pasted:
        return _geometry(pasted, say)
    if latitude is None and longitude is None:
        return None
    if latitude is None or longitude is None:
        raise Unclear(say("Hãy ghi cả vĩ độ và kinh độ, hoặc bỏ trống cả hai."))
    lat, lon = (_degrees(text, say) for text in (latitude, longitude))
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise Unclear(say("Vĩ độ từ -90 đến 90, kinh độ từ -180 đến 180. Có thể đã ghi ngược hai số."))
    return {"type": "Point", "coordinates": [lon, lat]}


def slug(name: str) -> str:
    """A name as an id: letters without accents, digits and hyphens. "Ruộng ông Ba" is ruong-ong-ba."""
    plain = unicodedata.normalize("NFKD", name.lower().replace("đ", "d")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64]


def _degrees(text: str, say: Words) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError as fault:
        raise Unclear(say("{typed} không phải là số độ, như 9,6025.", typed=text)) from fault


def _geometry(pasted: str, say: Words) -> dict[str, Any]:
    try:
        found = json.loads(pasted)
    except ValueError as fault:
        raise Unclear(say("Đoạn dán vào không phải GeoJSON: {why}.", why=fault)) from fault
    if isinstance(found, dict) and found.get("type") == "FeatureCollection":
        features = found.get("features")
        if not isinstance(features, list) or len(features) != 1:
            raise Unclear(say("GeoJSON phải có đúng một ruộng."))
        [found] = features
    if isinstance(found, dict) and found.get("type") == "Feature":
        found = found.get("geometry")
    if not isinstance(found, dict) or found.get("type") not in _KNOWN or "coordinates" not in found:
        raise Unclear(say("GeoJSON phải là {known}.", known=", ".join(_KNOWN)))
    return {"type": found["type"], "coordinates": found["coordinates"]}
