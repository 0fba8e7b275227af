"""Is anything wrong this morning? Verdict, figures, inbox, map, the worst fields; all from one snapshot."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

import streamlit as st

from dashboard import charts, drawing, inbox, maps, morning, panels, places, reader, shell
from dashboard.admin import parts
from dashboard.places import Names
from dashboard.reader import Reader
from lighttrap import views

WORST = 10


def show_night(who: Reader, names: Names) -> None:
    """All of the page below its head, from one answer of the API."""
    say = who.words
    answer = who.get("/overview", views.Overview)
    found = answer.value
    newest = found.figures.newest_at
    if found.figures.traps == 0 and newest is None:
        teach(who)
        return
    panels.freshness(say, (datetime.now(UTC) - newest).total_seconds() if newest else None, who.settings.stale_after_s)
    if answer.is_old:
        panels.strip(say("Máy chủ không trả lời. Dưới đây là số liệu lấy lúc {at}.", at=say.moment_of(answer.at)))
    if not found.figures.is_final:
        panels.strip(
            say("Chưa đủ: {reported} trên {traps} bẫy đã báo.",
                reported=say.number(found.figures.reported), traps=say.number(found.figures.traps))
        )  # fmt: skip
    st.html(f'<p class="verdict" role="heading" aria-level="2">{escape(morning.sentence(found, names, say))}</p>')
    at_levels = morning.counts(found)
    st.html(
        '<p class="levels">'
        + " ".join(
            f"<span>{say.number(at_levels[level])} {panels.badge(level, say)}</span>"
            for level in maps.ORDER
            if at_levels[level]
        )
        + "</p>"
    )
    show_figures(who, found, names)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.subheader(say("Hộp cảnh báo"), anchor=False)
        with panels.calm(say, who.settings.phone):
            inbox.show(who, names, found)
    with right:
        st.subheader(say("Bản đồ"), anchor=False)
        show_map(who, found, names)
    st.subheader(say("Những ruộng nặng nhất, 14 đêm"), anchor=False)
    with panels.calm(say, who.settings.phone):
        worst = who.get("/overview/worst", list[views.Strip], night=found.night, fields=WORST).value
        if worst:
            drawing.show(
                who, say("Mức của mười ruộng nặng nhất trong 14 đêm"), (worst, names), "strips",
                lambda: charts.strips(worst, names, say, who.ink),
            )  # fmt: skip


def show_figures(who: Reader, found: views.Overview, names: Names) -> None:
    """Four plain numbers. A zero is quiet; severity is never told by the arrow of a metric."""
    say, figures = who.words, found.figures
    top = figures.highest
    where = f"{names.pest(top.species)}, {names.trap(top.highest_trap_id)}" if top else ""
    boxes = [
        (say("Ruộng từ mức theo dõi"), f"{say.number(figures.over_threshold)}/{say.number(figures.known)}",
         figures.over_threshold, say("có số liệu: {n}/{all} ruộng", n=figures.known, all=figures.fields)),
        (say("Cao nhất, con/bẫy/đêm"), say.number(top.highest if top else None), top.highest if top else 0, where),
        (say("Bẫy im lặng"), say.number(figures.silent), figures.silent,
         say("{reported}/{traps} bẫy có báo", reported=figures.reported, traps=figures.traps)),
        (say("Cảnh báo đang mở"), say.number(figures.open_alerts), figures.open_alerts, ""),
    ]  # fmt: skip
    with st.container(key="figures"):
        for title, figure, weight, note in boxes:
            with st.container(border=True):
                quiet = " none" if not weight else ""
                st.html(
                    f'<div class="figures"><div>{escape(title)}</div><div class="figure{quiet}">{escape(figure)}</div>'
                    f'<div class="fresh">{escape(note) or "&nbsp;"}</div></div>'
                )


def show_map(who: Reader, found: views.Overview, names: Names) -> None:
    """The map, or why there is none."""
    drawn = drawing.show(
        who, who.words("Bản đồ mức của các ruộng"), (found.fields, names), "map",
        lambda: maps.field_map(found.fields, names, who.words, who.ink),
    )  # fmt: skip
    if not drawn:
        panels.empty(
            who.words("Chưa ruộng nào có vị trí."), [who.words("Thêm vị trí hoặc ranh giới ruộng ở trang Quản trị.")]
        )


def teach(who: Reader) -> None:
    """What a new org does first, each step with the part of the admin page where it is done."""
    say = who.words
    steps = [
        ("fields", say("Thêm ruộng: tên, xã, vị trí.")),
        ("traps", say("Đăng ký bẫy và in mã QR để nối bẫy vào máy chủ.")),
        ("rules", say("Đặt ngưỡng: mức theo dõi, báo động, nguy hiểm.")),
        ("recipients", say("Thêm người nhận tin và đồng ý của họ.")),
    ]
    own = parts.of(who.role)
    with st.container(border=True):
        st.markdown(f"**{say('Đơn vị này chưa có số liệu. Làm lần lượt:')}**")
        for number, (part, text) in enumerate(steps, 1):
            if part in own:
                st.page_link("screens/admin.py", label=f"{number}. {text}", query_params=shell.kept_params(part=part))
            else:
                st.markdown(f"{number}. {text}")


def main() -> None:
    """The page; its body looks for something new by itself."""
    who = reader.current()
    shell.head(who, who.words("Đêm qua"))

    @st.fragment(run_every=who.settings.refresh_s)
    def body() -> None:
        with panels.calm(who.words, who.settings.phone):
            show_night(who, places.names(who))

    body()


main()
