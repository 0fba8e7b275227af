"""Charts, drawn once for what they show: to build one takes longer than all else of a page.

Altair checks every part against the schema of Vega-Lite while it is put together, and copies all data with each layer.
The first is for the tests, so it is left out here; the second is done once for the answers of the API that a chart is
made of, and again when one of them is another.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

import altair as alt
import streamlit as st
from altair.utils import schemapi

from dashboard.reader import Reader

Made = TypeVar("Made")
Chart = alt.Chart | alt.LayerChart | alt.VConcatChart
_KEPT = 300
_made: OrderedDict[Hashable, tuple[tuple[object, ...], Any]] = OrderedDict()
_lock = threading.Lock()
schemapi.disable_debug_mode()
# Its own theme gives charts a size; ours take that of their place.
alt.theme.enable("none")


def once(of: tuple[object, ...], how: Hashable, make: Callable[[], Made]) -> Made:
    """What is made of some objects, and how; made again only for others, even if they are equal to these."""
    # They are held with it, so that no other object can come by their ids.
    key = (tuple(id(one) for one in of), how)
    with _lock:
        if key in _made:
            _made.move_to_end(key)
            return cast(Made, _made[key][1])
    made = make()
    with _lock:
        _made[key] = of, made
        while len(_made) > _KEPT:
            _made.popitem(last=False)
    return made


def show(who: Reader, told: str, of: tuple[object, ...], how: Hashable, make: Callable[[], Chart | None]) -> bool:
    """Draws a chart, and says whether there was one; `told` is for those who cannot see it."""
    spec = once(of, (how, who.words.language, who.is_dark), lambda: _spec(make()))
    if spec is not None:
        # Streamlit writes into what it is given.
        st.vega_lite_chart(spec=json.loads(spec), alt=told, theme=None, width="stretch")
    return spec is not None


def _spec(chart: Chart | None) -> str | None:
    return None if chart is None else json.dumps(chart.to_dict(validate=False))
