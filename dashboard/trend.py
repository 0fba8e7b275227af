"""The chart of a field's or a trap's nights, the heart of the dashboard: rows for it, and its layers; pure.

Nights go to the browser as local noons without a zone, so that no browser anywhere draws them on another day. A night
that nothing is known of is a cross on the axis; zero is a tick on it; neither is a bar.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

import altair as alt
import numpy as np

from dashboard import palette, panels
from dashboard.palette import Ink
from dashboard.words import Words
from lighttrap import views
from lighttrap.agronomy import smooth

Row = dict[str, Any]
HEIGHT = 340
_UNKNOWN = {"lost", "silent", "pending"}


@dataclass(frozen=True)
class Series:
    """What is drawn as bars: a field's value, or one trap's catch."""

    nights: Sequence[date]
    values: Sequence[float | None]
    states: Sequence[str | None]
    levels: Sequence[int | None] | None
    """As the rules judged them; None for a trap by itself, which no rule judges."""
    notes: Sequence[str]
    recounts: Sequence[str | None]
    """What was put right in a night, in words."""
    median: Sequence[float | None]


class Span(NamedTuple):
    """Days from `first` to `last`, both in it, for something."""

    first: date
    last: date
    told: str


def of_field(found: views.Trend, say: Words) -> Series:
    """The field's value as its rules have it, with the median of seven nights."""
    field = found.field
    if field is None:
        raise ValueError("the trend of a trap has no field")
    notes = [
        say("{n} trên {all} bẫy", n=say.number(n), all=say.number(all_))
        for n, all_ in zip(field.reporting, field.in_service, strict=True)
    ]
    known = np.array([math.nan if one is None else one for one in field.value], float)
    median = [None if math.isnan(one) else float(one) for one in smooth.centred_median(known)]
    recounts = _recounts_of(found, say)
    return Series(found.nights, field.value, list(field.state), field.level, notes, recounts, median)


def of_trap(found: views.Trend, trap: views.TrapNights, say: Words) -> Series:
    """One trap's normalised catch; of a night without one, what is known of it."""
    recounts = _recounts(trap, say)
    notes = []
    for lamp_s, recount in zip(trap.lamp_s, recounts, strict=True):
        parts = [say("đèn sáng {h} giờ", h=say.number(lamp_s / 3600, 1))] if lamp_s is not None else []
        notes.append("; ".join([*parts, *([recount] if recount else [])]))
    states = [None if state is None else str(state) for state in trap.state]
    return Series(found.nights, trap.catch, states, None, notes, recounts, trap.centred_median)


def _recounts(trap: views.TrapNights, say: Words) -> list[str | None]:
    return [
        None
        if correction is None
        else say("đã sửa: máy đếm {machine}, người đếm {count}", machine=say.number(machine), count=say.number(count))
        for count, machine, correction in zip(trap.count, trap.machine_count, trap.correction_id, strict=True)
    ]


def _recounts_of(found: views.Trend, say: Words) -> list[str | None]:
    """Those of all traps of a field, each with the trap's name."""
    by_trap = [(trap.name, _recounts(trap, say)) for trap in found.traps]
    told = [
        "; ".join(f"{name}: {recounts[place]}" for name, recounts in by_trap if recounts[place])
        for place in range(len(found.nights))
    ]
    return [one or None for one in told]


def rows(series: Series, say: Words) -> list[Row]:
    """A row for each night in service: bar, tick of zero, or cross."""
    found = []
    for place, (night, value, state) in enumerate(zip(series.nights, series.values, series.states, strict=True)):
        if state is None:
            continue
        is_unknown = value is None or state in _UNKNOWN
        level = None if is_unknown or series.levels is None else (series.levels[place] or 0)
        found.append(
            {
                "night": noon(night),
                "day": f"{say.weekday(night)} {say.night(night, year=True)}",
                "value": None if is_unknown else value,
                "told": say.number(value) if not is_unknown else state_word(state, say),
                "mark": "unknown" if is_unknown else "zero" if value == 0 else "bar",
                "sure": "no" if state in ("partial", "so-far") else "yes",
                "state": state_word(state, say),
                "level": "" if series.levels is None else panels.level_word(level, say),
                "note": series.notes[place],
                "recount": series.recounts[place],
            }
        )
    return found


def state_word(state: str | None, say: Words) -> str:
    """What is known of a night, in words."""
    words = {
        "complete": say("đủ"), "final": say("đủ"), "partial": say("một phần"), "lost": say("mất đêm"),
        "silent": say("im lặng"), "pending": say("đang chờ"), "so-far": say("tính đến lúc này"),
        "manual": say("sổ tay"),
    }  # fmt: skip
    return words.get(state or "", "–")


def chart(
    found: views.Trend,
    series: Series,
    say: Words,
    ink: Ink,
    *,
    log: bool = False,
    beside: Sequence[tuple[str, Sequence[date], Sequence[float | None]]] = (),
    happened: Sequence[tuple[date, str]] = (),
) -> alt.VConcatChart:
    """Catch on top with all that explains it; below what follows, what happened, rain, and lunar days.

    `beside` are series to compare with, `happened` events and visits by their night. The axis goes on to the end of
    what follows the newest peak.
    """
    nights, following = rows(series, say), spans(found, say)
    ends = [*found.nights[:1], *found.nights[-1:], *(span.last for span in following)]
    scale = alt.Scale(type="symlog", constant=10) if log else alt.Scale(zero=True, nice=True)
    y = alt.Y("value:Q", title=say("con/bẫy/đêm"), scale=scale, axis=alt.Axis(labelExpr=_thousands(say), grid=True))
    x = _x(ends, axis=alt.Axis(format="%d/%m", title=None, labelOverlap=True, tickCount="week"))
    layers: list[alt.Chart] = [*_band(found, ink, x, y), *_bars(nights, say, ink, x, y, log=log)]
    layers += [_rings(nights, ink, x, y)]
    layers += [_line(series.nights, series.median, say("trung vị 7 đêm"), ink.text, x, y)]
    layers += [
        _line(dates, values, name, ink.accent, x, y, dash=[2 + 3 * place, 3])
        for place, (name, dates, values) in enumerate(beside)
    ]
    layers += [*_thresholds(found, say, ink, x, y), *_peaks(found, say, ink, x)]
    top = alt.layer(*layers).properties(height=HEIGHT, width="container")
    bare = _x(ends, axis=None)
    below = (
        _following(following, ink, bare), _news(happened, say, ink, bare), _rain(found, say, ink, bare),
        _moon(found, say, ink, bare),
    )  # fmt: skip
    rest = [part for part in below if part is not None]
    made: alt.VConcatChart = (
        alt.vconcat(top, *rest, spacing=6)
        .configure_view(strokeWidth=0)
        .configure(background="transparent", font=palette.FONT)
        .configure_axis(labelColor=ink.text, titleColor=ink.text, gridColor=ink.line, domainColor=ink.line)
        .configure_legend(labelColor=ink.text, orient="bottom", title=None, symbolStrokeColor=ink.outline)
    )
    return made


def noon(night: date) -> str:
    """A night as the local noon after its evening began, without a zone."""
    return f"{night.isoformat()}T12:00:00"


def _data(values: Sequence[Row]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=list(values)))


def _x(shown: Sequence[date], **how: Any) -> alt.X:  # noqa: ANN401 - of Altair
    ends = [noon(min(shown) - timedelta(days=1)), noon(max(shown) + timedelta(days=1))] if shown else []
    return alt.X("night:T", scale=alt.Scale(domain=ends), **how)


def _thousands(say: Words) -> str:
    mark = say.number(1000)[1]
    return f"replace(format(datum.value, ',.0f'), /,/g, '{mark}')"


def _bars(nights: Sequence[Row], say: Words, ink: Ink, x: alt.X, y: alt.Y, *, log: bool) -> Iterator[alt.Chart]:
    tips = [
        alt.Tooltip("day:N", title=say("Đêm")), alt.Tooltip("told:N", title=say("Con/bẫy/đêm")),
        alt.Tooltip("state:N", title=say("Trạng thái")), alt.Tooltip("level:N", title=say("Mức")),
        alt.Tooltip("note:N", title=say("Ghi chú")),
    ]  # fmt: skip
    width = max(2, min(14, round(760 / max(1, len(nights)))))
    levels = [look for level, look in palette.LOOKS.items() if level >= 0]
    words = [panels.level_word(level, say) for level in palette.LOOKS if level >= 0]
    color: Any = alt.Color("level:N", scale=alt.Scale(domain=words, range=[look.fill for look in levels]))
    if not any(row["level"] for row in nights):
        color = alt.value(ink.accent)
    how = alt.condition("datum.sure == 'yes'", alt.value(1), alt.value(0.45))
    dash = alt.condition("datum.sure == 'yes'", alt.value([1, 0]), alt.value([3, 2]))
    known = _data([row for row in nights if row["mark"] == "bar"]).encode(x=x, tooltip=tips)
    if log:
        # The length of a bar means nothing on this axis; a point on a stem does not pretend that it does.
        yield known.mark_rule(color=ink.line).encode(y=y)
        shape: Any = alt.Shape("level:N", scale=alt.Scale(domain=words, range=[look.shape for look in levels]))
        if not any(row["level"] for row in nights):
            shape = alt.value("circle")
        yield known.mark_point(filled=True, size=70, stroke=ink.outline, strokeWidth=0.7).encode(
            y=y, color=color, shape=shape, opacity=how
        )
    else:
        yield known.mark_bar(width=width, stroke=ink.outline, strokeWidth=0.7).encode(
            y=y, color=color, opacity=how, strokeDash=dash
        )
    floor = alt.value(HEIGHT)
    zeros = _data([row for row in nights if row["mark"] == "zero"]).encode(x=x, tooltip=tips)
    yield zeros.mark_point(shape="stroke", size=width * 14, color=ink.text, strokeWidth=2.5, yOffset=-2).encode(y=floor)
    unknown = _data([row for row in nights if row["mark"] == "unknown"]).encode(x=x, tooltip=tips)
    yield unknown.mark_text(text="✕", color=ink.unknown, fontSize=12, fontWeight="bold", dy=-8).encode(y=floor)


def _line(
    nights: Sequence[date], values: Sequence[float | None], name: str, color: str, x: alt.X, y: alt.Y,
    dash: Sequence[float] | None = None,
) -> alt.Chart:  # fmt: skip
    points = [{"night": noon(night), "value": value, "name": name} for night, value in zip(nights, values, strict=True)]
    made: alt.Chart = (
        _data(points)
        .mark_line(color=color, strokeWidth=2, strokeDash=list(dash or [1, 0]), invalid="break-paths-filter-domains")
        .encode(x=x, y=y, tooltip=alt.Tooltip("name:N"))
    )
    return made


def _band(found: views.Trend, ink: Ink, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    if found.band is None:
        return
    for low, high, opacity in (("p10", "p90", 0.45), ("p30", "p70", 0.8)):
        points = [
            {"night": noon(night), "value": one, "high": other}
            for night, one, other in zip(
                found.nights, getattr(found.band, low), getattr(found.band, high), strict=True
            )
            if one is not None
        ]  # fmt: skip
        yield _data(points).mark_area(color=ink.band, opacity=opacity).encode(x=x, y=y, y2="high:Q")


def _thresholds(found: views.Trend, say: Words, ink: Ink, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    """Lines of the rule in force, on top of the bars, each with number and version."""
    rule = next((one for one in found.rules if one.is_in_force), None)
    if rule is None or not found.nights:
        return
    kind = say("ngưỡng đề xuất") if rule.is_proposal else say("ngưỡng")
    lines = [
        {
            "value": value,
            "night": noon(found.nights[0]),
            "told": f"{panels.level_word(level, say)} ≥ {say.number(value)} ({kind} v{rule.version})",
        }
        for level, value in ((1, rule.watch), (2, rule.warning), (3, rule.alarm))
        if value is not None
    ]
    yield _data(lines).mark_rule(color=ink.outline, strokeWidth=1.2, strokeDash=[6, 3]).encode(y=y)
    halo: dict[str, Any] = {"align": "left", "dy": -8, "fontSize": 12, "color": ink.text}
    for how in ({**halo, "stroke": ink.paper, "strokeWidth": 3}, halo):
        yield _data(lines).mark_text(**how).encode(x=x, y=y, text="told:N")


def _rings(nights: Sequence[Row], ink: Ink, x: alt.X, y: alt.Y) -> alt.Chart:
    """A dotted ring round what somebody recounted."""
    made: alt.Chart = (
        _data([row for row in nights if row["recount"] and row["value"] is not None])
        .mark_point(shape="circle", filled=False, size=220, stroke=ink.text, strokeWidth=1.5, strokeDash=[2, 2])
        .encode(x=x, y=y, tooltip=[alt.Tooltip("day:N"), alt.Tooltip("recount:N")])
    )
    return made


def spans(found: views.Trend, say: Words) -> list[Span]:
    """What follows the newest peak of the field's traps, and the days to sow, in the order of their first days."""
    made = []
    for one in leading(found):
        made += [Span(window.first, window.last, stage_word(window.stage, say)) for window in one.after]
        sowing = one.sowing
        if sowing and sowing.sow_first and sowing.sow_last:
            made.append(Span(sowing.sow_first.date, sowing.sow_last.date, say("sạ né rầy (đề xuất)")))
    return sorted(made)


def _following(found: Sequence[Span], ink: Ink, x: alt.X) -> alt.LayerChart | alt.FacetChart | None:
    """A bar for each span, its words before it."""
    if not found:
        return None
    bars = [
        {"night": noon(one.first), "end": noon(one.last + timedelta(days=1)), "told": one.told} for one in found
    ]  # fmt: skip
    base = _data(bars).encode(x=x, y=alt.Y("told:N", sort=None, axis=None), tooltip=alt.Tooltip("told:N"))
    bar = base.mark_bar(color=ink.band, stroke=ink.outline, strokeWidth=0.7, height=14).encode(x2="end:T")
    words = base.mark_text(align="right", dx=-6, fontSize=12, color=ink.text).encode(text="told:N")
    height = 20 * len({one.told for one in found})
    return alt.layer(bar, words).properties(height=height, width="container")


def _news(happened: Sequence[tuple[date, str]], say: Words, ink: Ink, x: alt.X) -> alt.Chart | None:
    """A mark under each night in which something happened at the trap."""
    marks = [{"night": noon(night), "day": say.night(night), "told": told} for night, told in happened]
    if not marks:
        return None
    made: alt.Chart = (
        _data(marks)
        .mark_text(text="◇", fontSize=15, color=ink.accent)
        .encode(x=x, tooltip=[alt.Tooltip("day:N"), alt.Tooltip("told:N")])
        .properties(height=18, width="container")
    )
    return made


def _peaks(found: views.Trend, say: Words, ink: Ink, x: alt.X) -> Iterator[alt.Chart]:
    """A triangle over each peak night of the field's traps; hollow while it is not final."""
    marks = [
        {
            "night": noon(peak.night), "name": trap.name,
            "told": say("đỉnh {night}", night=say.night(peak.night)) + ("" if peak.is_final else say(" (tạm)")),
            "sure": "yes" if peak.is_final else "no",
        }
        for trap in found.traps if trap.outlook
        for peak in trap.outlook.peaks if found.nights and found.nights[0] <= peak.night <= found.nights[-1]
    ]  # fmt: skip
    yield (
        _data(marks)
        .mark_point(shape="triangle-down", size=90, stroke=ink.text, strokeWidth=1.5, yOffset=8)
        .encode(
            x=x, y=alt.value(0), tooltip=[alt.Tooltip("name:N"), alt.Tooltip("told:N")],
            fill=alt.condition("datum.sure == 'yes'", alt.value(ink.text), alt.value(ink.paper)),
        )
    )  # fmt: skip


def _rain(found: views.Trend, say: Words, ink: Ink, x: alt.X) -> alt.Chart | None:
    """Rain of each night, the middle of its traps; None when no trap measures it."""
    middle = []
    for place, night in enumerate(found.nights):
        known = [one for trap in found.traps if (one := trap.rain_mm[place]) is not None]
        if known:
            middle.append({"night": noon(night), "value": float(np.median(known))})
    if not middle:
        return None
    made: alt.Chart = (
        _data(middle)
        .mark_bar(color=ink.accent, width=4)
        .encode(x=x, y=alt.Y("value:Q", title=say("mưa, mm"), axis=alt.Axis(tickCount=2)),
                tooltip=[alt.Tooltip("value:Q", title=say("mưa, mm"), format=".1f")])
        .properties(height=56, width="container")
    )  # fmt: skip
    return made


def _moon(found: views.Trend, say: Words, ink: Ink, x: alt.X) -> alt.Chart | None:
    """New and full moon under the axis, as context; no count is ever corrected for it."""
    signs = {1: "○", 8: "◐", 15: "●", 22: "◑"}
    marks = [
        {"night": noon(night), "sign": signs[day], "told": say("ngày {n} âm lịch", n=day)}
        for night, day in zip(found.nights, found.lunar_days, strict=True)
        if day in signs
    ]
    if not marks:
        return None
    made: alt.Chart = (
        _data(marks)
        .mark_text(fontSize=14, color=ink.quiet)
        .encode(x=x, text="sign:N", tooltip=alt.Tooltip("told:N"))
        .properties(height=18, width="container")
    )
    return made


def stage_word(stage: str, say: Words) -> str:
    """What happens in a window after a peak."""
    words = {
        "egg-laying": say("đẻ trứng"), "hatch": say("trứng nở"), "control": say("thăm ruộng tìm rầy cám"),
        "next-adults": say("lứa trưởng thành kế tiếp"),
    }  # fmt: skip
    return words.get(stage, stage)


def leading(found: views.Trend) -> list[views.Outlook]:
    """The outlook of the trap whose newest peak is the newest, which the field's dates are told by; none or one."""
    known = [trap.outlook for trap in found.traps if trap.outlook and trap.outlook.peaks]
    newest = max(known, key=lambda one: max(peak.night for peak in one.peaks), default=None)
    return [newest] if newest else []
