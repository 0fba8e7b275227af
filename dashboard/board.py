"""What the wall shows, from one look at the API; pure: HTML and a chart that are read from five metres away."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

import altair as alt

from dashboard import inbox, morning, palette, panels
from dashboard.maps import ORDER
from dashboard.palette import Ink
from dashboard.places import Names
from dashboard.words import Words
from lighttrap import views
from lighttrap.agronomy.level import Level

WORST = 7
NIGHTS = 60
ALERTS = 6
_NAMES = {
    Level.NONE: "none", Level.WATCH: "watch", Level.WARNING: "warning", Level.ALARM: "alarm", Level.UNKNOWN: "unknown",
}  # fmt: skip


@dataclass(frozen=True)
class Board:
    """All that the wall shows, and when it was asked for, in seconds since 1970."""

    found: views.Overview
    worst: Sequence[views.Strip]
    levels: Sequence[views.NightLevels]
    alerts: Sequence[views.Alert]
    names: Names
    at: float

    def age_s(self, now: datetime) -> float | None:
        """How old the newest data are; None when there are none."""
        newest = self.found.figures.newest_at
        return None if newest is None else (now - newest).total_seconds()


def heading(board: Board, title: str, say: Words) -> str:
    """Whose board, of which night, whether that night is whole, and the verdict."""
    figures = board.found.figures
    night = say("đêm {night}", night=say.night(board.found.night, year=True))
    reported = say("{reported}/{traps} bẫy có báo", reported=figures.reported, traps=figures.traps)
    told = morning.sentence(board.found, board.names, say)
    return (
        f'<h1 class="wall-title">{escape(title)} · {escape(night)} · {escape(reported)}</h1>'
        f'<p class="wall-verdict">{escape(told)}</p>'
    )


def counts(found: views.Overview, say: Words) -> str:
    """Five counts of fields, the worst level first. A zero is dim, so that no empty danger shines."""
    at_levels = morning.counts(found)
    return '<div class="wall-counts">' + "".join(_count(level, at_levels[level], say) for level in ORDER) + "</div>"


def table(worst: Sequence[views.Strip], names: Names, say: Words) -> str:
    """The worst fields: level, place and pest, catch, how many times the threshold, and what changed in a night."""
    head = (say("Mức"), say("Ruộng nặng nhất"), say("Con/bẫy/đêm"), say("So với ngưỡng"), say("So với đêm trước"))
    rows = "".join(_row(one, names, say) for one in worst[:WORST])
    titles = "".join(f'<th scope="col">{escape(text)}</th>' for text in head)
    return f'<table class="wall-worst"><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>'


def alerts(board: Board, say: Words) -> str:
    """The newest alerts that are active, by when they were raised."""
    newest = sorted(board.alerts, key=lambda one: one.raised_at, reverse=True)[:ALERTS]
    lines = "".join(
        f"<li><span>{escape(say.moment(one.raised_at))}</span> {panels.badge(one.level, say)} "
        f"<strong>{escape(inbox.title(one, board.names, say))}</strong></li>"
        for one in newest
    ) or f"<li>{escape(say('Không có cảnh báo nào đang mở.'))}</li>"  # fmt: skip
    title = say("Cảnh báo mới nhất ({n} đang mở)", n=say.number(board.found.figures.open_alerts))
    return f'<h2 class="wall-part">{escape(title)}</h2><ul class="wall-alerts">{lines}</ul>'


def band(levels: Sequence[views.NightLevels], say: Words, ink: Ink, *, height: int) -> alt.Chart:
    """How many fields were at each level in each night; the worst stand on the axis. Unknown is hollow, never zero."""
    words = [panels.level_word(level, say) for level in ORDER]
    fills = [ink.card if level is Level.UNKNOWN else palette.LOOKS[level].fill for level in ORDER]
    values = [
        {"night": say.night(one.night), "level": word, "rank": rank, "fields": number}
        for one in levels
        for rank, (word, level) in enumerate(zip(words, ORDER, strict=True))
        if (number := getattr(one, _NAMES[level]))
    ]
    nights = [say.night(one.night) for one in levels]
    axis = alt.Axis(labelAngle=0, values=nights[::-1][::7][::-1], labelFontSize=20, labelOverlap=False)
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(stroke=ink.line, strokeWidth=1)
        .encode(
            x=alt.X("night:O", scale=alt.Scale(domain=nights, paddingInner=0.1, paddingOuter=0), title=None, axis=axis),
            y=alt.Y("sum(fields):Q", stack="zero", title=None,
                    axis=alt.Axis(tickCount=3, format="d", labelFontSize=20, grid=False)),
            color=alt.Color("level:N", scale=alt.Scale(domain=words, range=fills), legend=None),
            # What is low is the ground on which the rest stands out.
            opacity=alt.condition(f"datum.level === {json.dumps(words[ORDER.index(Level.NONE)])}",
                                  alt.value(0.4), alt.value(1)),
            order=alt.Order("rank:Q"),
        )
        .properties(height=height)
        .configure(background="transparent", font=palette.FONT)
        .configure_view(strokeWidth=0)
        .configure_axis(labelColor=ink.text, domainColor=ink.line, tickColor=ink.line)
    )  # fmt: skip
    return chart


def change(strip: views.Strip, say: Words) -> tuple[str, str]:
    """The catch against the night before, and whether the level rose or fell; both in words, unknown is a dash."""
    if len(strip.nights) < 2:
        return "–", ""
    before, now = strip.nights[-2], strip.nights[-1]
    if before.value is None or now.value is None:
        return "–", ""
    step = round(now.value) - round(before.value)
    told = {1: "+", -1: "−"}.get((step > 0) - (step < 0), "") + say.number(abs(step))
    if before.level is None or now.level is None or before.level == now.level:
        return told, ""
    return told, say("nặng thêm") if now.level > before.level else say("nhẹ bớt")


def _count(level: Level, number: int, say: Words) -> str:
    look = palette.LOOKS[level]
    none = "" if number else " wall-zero"
    return (
        f'<div class="wall-count wall-{look.key}{none}"><span class="wall-number">{say.number(number)}</span>'
        f'<span><span aria-hidden="true">{look.sign}</span> {escape(panels.level_word(level, say))}</span></div>'
    )


def _row(strip: views.Strip, names: Names, say: Words) -> str:
    field = strip.field
    step, word = change(strip, say)
    worse = ' class="wall-worse"' if word == say("nặng thêm") else ""
    ratio = None if field.value is None or not field.threshold else field.value / field.threshold
    times = "–" if ratio is None else f"{say.number(ratio, 1)}×"
    return (
        f"<tr{worse}><td>{panels.badge(field.level, say)}</td>"
        f"<td><strong>{escape(names.commune_of(field.field_id))}</strong> <small>{escape(names.pest(field.species))}"
        f"</small></td><td>{escape(say.number(field.value))}</td><td>{escape(times)}</td>"
        f"<td>{escape(step)} <small>{escape(word)}</small></td></tr>"
    )
