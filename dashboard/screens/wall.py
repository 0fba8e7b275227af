"""What turned worse? A wall of 1920 by 1080 in a dark room, five metres away: nobody clicks, nothing scrolls."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from html import escape

import streamlit as st

from dashboard import board, drawing, maps, panels, places, reader, style
from dashboard.board import Board
from dashboard.client import ApiAway
from dashboard.reader import Reader
from dashboard.words import ZONE
from lighttrap import views

CLOCK_S = 15
KEPT = "wall"


def ask(who: Reader) -> Board:
    """All of the board. Raises as `Reader.get` does."""
    answer = who.get("/overview", views.Overview)
    night = answer.value.night
    return Board(
        found=answer.value,
        worst=who.get("/overview/worst", list[views.Strip], night=night, fields=board.WORST, nights=2).value,
        levels=who.get("/overview/levels", list[views.NightLevels], night=night, nights=board.NIGHTS).value,
        alerts=who.get("/alerts", views.Page[views.Alert], state="active", limit=100).value.items,
        names=places.names(who),
        at=answer.at,
    )


def look(who: Reader) -> tuple[Board | None, bool]:
    """The board, and whether it is of earlier because the API does not answer; None when there never was one."""
    try:
        st.session_state[KEPT] = ask(who)
    except ApiAway:
        return st.session_state.get(KEPT), True
    return st.session_state[KEPT], False


def show_age(who: Reader) -> None:
    """The clock, and the age of the newest data, which is another thing; grey all over when the data are old."""
    say, now = who.words, datetime.now(UTC)
    found, is_away = look(who)
    age = found.age_s(now) if found else None
    lines = [say("Số liệu mới nhất: {age}", age=say.age(age)) if age is not None else say("Chưa có số liệu nào.")]
    if is_away:
        lines = [say("Không kết nối được máy chủ"), *([say("từ {at}", at=say.moment_of(found.at))] if found else ())]
    is_old = is_away or age is None or age > who.settings.stale_after_s
    st.html(
        (style.grey(who.ink) if is_old else "")
        + f'<div class="wall-clock">{now.astimezone(ZONE):%H:%M}</div>'
        + f'<div class="wall-age{" wall-old" if is_old else ""}" role="status">{escape(" ".join(lines))}</div>'
    )


def show_board(who: Reader) -> None:
    """All but the clock."""
    found, _ = look(who)
    if found is None:
        return
    say, names = who.words, found.names
    title = next(org.name for org in who.orgs if org.org_id == who.org_id)
    st.html(board.heading(found, title, say) + board.counts(found.found, say))
    left, right = st.columns([9, 11], gap="medium")
    with left:
        drawing.show(
            who, say("Bản đồ mức của các ruộng"), (found.found.fields, names), "wall map",
            lambda: maps.field_map(found.found.fields, names, say, who.ink, height=480, zoom=1.4, legend=False),
        )  # fmt: skip
        st.html(f'<h2 class="wall-part">{escape(say("60 đêm: số ruộng ở mỗi mức"))}</h2>')
        drawing.show(
            who, say("60 đêm: số ruộng ở mỗi mức"), (found.levels,), "wall band",
            lambda: board.band(found.levels, say, who.ink, height=200),
        )  # fmt: skip
    with right:
        st.html(board.table(found.worst, names, say) + board.alerts(found, say))


def main() -> None:
    """The wall; always dark."""
    who = replace(reader.of_wall(), is_dark=True)
    st.html(style.wall(who.ink))
    st.html(style.NIGHTLY, unsafe_allow_javascript=True)

    @st.fragment(run_every=min(CLOCK_S, who.settings.refresh_s))
    def clock() -> None:
        with panels.calm(who.words, who.settings.phone):
            show_age(who)

    @st.fragment(run_every=who.settings.refresh_s)
    def body() -> None:
        with panels.calm(who.words, who.settings.phone):
            show_board(who)

    clock()
    body()


main()
