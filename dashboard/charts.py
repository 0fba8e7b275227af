"""Charts from what the API says; pure, so that a test can read what would be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from dashboard import palette, panels
from dashboard.maps import ORDER
from dashboard.palette import Ink
from dashboard.places import Names
from dashboard.words import Words
from lighttrap import views
from lighttrap.agronomy.level import Level


def strips(found: Sequence[views.Strip], names: Names, say: Words, ink: Ink) -> alt.LayerChart:
    """Fields as rows, the worst on top, their nights as cells: level by colour and sign; unknown is a cross."""
    cells = [cell for one in found for cell in _cells(one, names, say)]
    rows = list(dict.fromkeys(cell["place"] for cell in cells))
    nights = [say.night(night) for night in sorted({night.night for one in found for night in one.nights})]
    words = [panels.level_word(level, say) for level in ORDER]
    fills = [ink.card if level is Level.UNKNOWN else palette.LOOKS[level].fill for level in ORDER]
    signs = [ink.unknown if level is Level.UNKNOWN else palette.LOOKS[level].on_fill for level in ORDER]
    base = alt.Chart(alt.InlineData(values=cells)).encode(
        x=alt.X("night:O", sort=nights, title=None, axis=alt.Axis(labelAngle=0, orient="top", labelOverlap=True)),
        y=alt.Y("place:N", sort=rows, title=None, axis=alt.Axis(labelLimit=300, labelFontSize=13)),
        tooltip=[alt.Tooltip(f"{name}:N", title=title) for name, title in _cell_tips(say)],
    )
    chart: alt.LayerChart = (
        alt.layer(
            base.mark_rect(stroke=ink.paper, strokeWidth=2).encode(
                color=alt.Color("level:N", scale=alt.Scale(domain=words, range=fills), legend=None)
            ),
            base.mark_text(fontSize=12).encode(
                text="sign:N", color=alt.Color("level:N", scale=alt.Scale(domain=words, range=signs), legend=None)
            ),
        )
        .resolve_scale(color="independent")
        .properties(height=32 * len(rows) + 30)
        # This one first: it forgets what was configured before.
        .configure(background="transparent", font=palette.FONT)
        .configure_view(strokeWidth=0)
        .configure_axis(labelColor=ink.text, domain=False, ticks=False)
    )
    return chart


def _cells(strip: views.Strip, names: Names, say: Words) -> list[dict[str, Any]]:
    place = f"{names.commune_of(strip.field.field_id)} · {names.field(strip.field.field_id)}"
    return [
        {
            "place": place,
            "night": say.night(one.night),
            "level": panels.level_word(one.level, say),
            "sign": palette.look(one.level).sign,
            "value": say.number(one.value),
            "pest": names.pest(strip.field.species),
            "state": "" if one.is_final else say("chưa đủ"),
        }
        for one in strip.nights
    ]


def _cell_tips(say: Words) -> list[tuple[str, str]]:
    return [
        ("place", say("Nơi")),
        ("night", say("Đêm")),
        ("level", say("Mức")),
        ("value", say("Con/bẫy/đêm")),
        ("pest", say("Loài")),
        ("state", say("Ghi chú")),
    ]
