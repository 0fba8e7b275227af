"""Where does the wave go? One night on the map, and a slider through the nights."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from dashboard import drawing, maps, morning, panels, places, reader, shell
from dashboard.places import Names
from dashboard.reader import Reader
from lighttrap import views

NIGHTS = 21


def show_map(who: Reader, names: Names, night: date | None, species: str | None, *, silent: bool) -> None:
    """The map of a night, its verdict, and the same as a table."""
    say = who.words
    answer = who.get("/overview", views.Overview, night=night, species=species)
    found = answer.value
    if answer.is_old:
        panels.strip(say("Máy chủ không trả lời. Dưới đây là số liệu lấy lúc {at}.", at=say.moment_of(answer.at)))
    st.markdown(f"**{morning.sentence(found, names, say)}**")
    drawn = drawing.show(
        who, say("Bản đồ mức của các ruộng đêm {night}", night=say.night(found.night)), (found.fields, names),
        ("map", 560, silent),
        lambda: maps.field_map(found.fields, names, say, who.ink, height=560, silent=silent),
    )  # fmt: skip
    if not drawn:
        panels.empty(say("Chưa ruộng nào có vị trí."), [say("Thêm vị trí hoặc ranh giới ruộng ở trang Quản trị.")])
    with st.expander(say("Bảng số liệu của bản đồ")):
        show_table(found, names, who)


def show_table(found: views.Overview, names: Names, who: Reader) -> None:
    """What the map shows, for whoever cannot see it; the worst first."""
    say = who.words
    rows = sorted(found.fields, key=lambda one: (-(one.level if one.level is not None else -1), one.field_id))
    st.dataframe(
        [
            {
                say("Mức"): panels.level_word(one.level, say),
                say("Xã, phường"): names.commune_of(one.field_id),
                say("Ruộng"): names.field(one.field_id),
                say("Loài"): names.pest(one.species) if one.species else "–",
                say("Con/bẫy/đêm"): say.number(one.value),
                say("Bẫy có báo"): f"{one.reported}/{one.traps}",
                say("Im lặng"): say.number(one.silent),
            }
            for one in rows
        ],
        hide_index=True,
        alt=say("Bảng số liệu của bản đồ"),
    )


def choose_night(who: Reader, last: date) -> date:
    """The slider; the night stands in the address."""
    say = who.words
    nights = [last - timedelta(days=back) for back in range(NIGHTS - 1, -1, -1)]
    asked = st.query_params.get("night", "")
    at_first = next((night for night in nights if night.isoformat() == asked), last)
    if "map_night" in st.session_state and st.session_state["map_night"] not in nights:
        del st.session_state["map_night"]
    chosen = st.select_slider(
        say("Đêm"), nights, value=at_first, format_func=lambda night: f"{say.weekday(night)} {say.night(night)}",
        key="map_night",
    )  # fmt: skip
    st.query_params["night"] = chosen.isoformat()
    return chosen


def choose_species(who: Reader, names: Names) -> str | None:
    """A species that a rule judges, or the worst of each field."""
    rules = who.get("/rules", list[views.Rule]).value
    ruled = sorted({rule.species for rule in rules}, key=names.pest)
    asked = st.query_params.get("species")
    options = [None, *ruled]
    chosen = st.selectbox(
        who.words("Loài"), options, index=options.index(asked) if asked in ruled else 0,
        format_func=lambda key: names.pest(key) if key else who.words("Loài nặng nhất ở mỗi ruộng"), key="map_species",
    )  # fmt: skip
    if chosen:
        st.query_params["species"] = chosen
    else:
        st.query_params.pop("species", None)
    return chosen


def main() -> None:
    """The page."""
    who = reader.current()
    say = who.words
    shell.head(who, say("Bản đồ"))
    with panels.calm(say, who.settings.phone):
        names = places.names(who)
        last = who.get("/overview", views.Overview).value.night
        left, right = st.columns([2, 1], vertical_alignment="bottom")
        with right:
            species = choose_species(who, names)
            silent = st.toggle(say("Hiện bẫy im lặng"), value=True, key="map_silent")
        with left:
            night = choose_night(who, last)
        show_map(who, names, night, species, silent=silent)


main()
