"""The frame around a page: which pages there are for whom, and the choices that hold on all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboard import palette, panels, reader
from dashboard.palette import Ink
from dashboard.reader import Reader
from dashboard.words import Words
from lighttrap.notify.catalogue import FIRST, LANGUAGES

ICON = str(Path(__file__).parent / "static" / "icon.png")
ADMIN = "quan-tri"
TOLD_ONCE = "told_once"
"""In the session's state: secrets that are shown this once, dropped when the page that shows them is left."""
_SCREENS = Path(__file__).parent / "screens"


def ink() -> Ink:
    """The colours of this browser's page, before anybody has logged in too."""
    return palette.ink(dark=st.context.theme.type == "dark")


def page(
    screen: str, title: str, slug: str | None = None, *, default: bool = False, hidden: bool = False
) -> StreamlitPage:
    """A screen under its address."""
    return st.Page(
        _SCREENS / f"{screen}.py", title=title, url_path=slug, default=default,
        visibility="hidden" if hidden else "visible",
    )  # fmt: skip


def pages(who: Reader) -> list[StreamlitPage]:
    """The pages for a reader; slugs are part of the public surface. The API decides anew what each may show."""
    say = who.words
    return [
        page("last_night", say("Đêm qua"), default=True),
        # Streamlit has the first page at the root only; its address is as public as the others'.
        page("last_night", say("Đêm qua"), "dem-qua", hidden=True),
        page("trends", say("Xu hướng"), "xu-huong"),
        page("trap", say("Bẫy"), "bay"),
        page("alerts", say("Cảnh báo"), "canh-bao"),
        page("map", say("Bản đồ"), "ban-do"),
        page("devices", say("Thiết bị"), "thiet-bi"),
        page("report", say("Báo cáo"), "bao-cao"),
        page("wall", say("Tường"), "wall", hidden=True),
        page("admin", say("Quản trị"), ADMIN),
    ]


def navigate(found: list[StreamlitPage]) -> None:
    """Shows the bar of pages, then the one that was asked for."""
    chosen = st.navigation(found, position="top")
    if chosen.url_path != ADMIN:
        st.session_state.pop(TOLD_ONCE, None)
    chosen.run()


def head(who: Reader, title: str) -> None:
    """The title, and beside it the choices of org and language."""
    say = who.words
    # A telephone hides the bar of pages behind a sign that nobody taps.
    with st.container(key="phone_pages", horizontal=True, gap="small"):
        for one in pages(who):
            if one.visibility == "visible":
                st.page_link(one, query_params=kept_params())
    left, right = st.columns([3, 2], vertical_alignment="center")
    left.title(title, anchor=False)
    with right.container(horizontal=True, horizontal_alignment="right"):
        _choose_org(who)
        _choose_language(say)
    if say.is_draft:
        panels.strip(say("Bản dịch này là bản nháp, chưa có người bản ngữ duyệt."))


@contextmanager
def wide(key: str) -> Iterator[None]:
    """Room for a chart of several parts: Vega puts its axis beside the width it is given."""
    with st.container(key=f"wide_{key}"):
        yield


def kept_params(**params: str | None) -> dict[str, str]:
    """The parameters of a link: org and language go along, and what is given; never a person."""
    kept = {"org": st.session_state.get("org"), "lang": st.session_state.get("lang")}
    return {name: value for name, value in {**kept, **params}.items() if value is not None}


def sign_in_url() -> str:
    """Where to log in, and come back from."""
    back = {"next": st.context.url or "", "lang": st.session_state.get("lang", FIRST)}
    return f"{reader.settings().sign_in_url()}/login?{urlencode(back)}"


def _choose_language(say: Words) -> None:
    st.segmented_control(
        say("Ngôn ngữ"), list(LANGUAGES), default=say.language, format_func=lambda code: LANGUAGES[code],
        key="language", on_change=_take_language, label_visibility="collapsed", required=True,
    )  # fmt: skip


def _take_language() -> None:
    st.session_state["lang"] = st.query_params["lang"] = st.session_state["language"]


def _choose_org(who: Reader) -> None:
    if len(who.orgs) > 1:
        names = {org.org_id: org.name for org in who.orgs}
        st.selectbox(
            who.words("Đơn vị"), list(names), index=list(names).index(who.org_id),
            format_func=lambda org_id: names[org_id], key="chosen_org", on_change=_take_org,
            label_visibility="collapsed", width=240,
        )  # fmt: skip


def _take_org() -> None:
    st.session_state["org"] = st.query_params["org"] = st.session_state["chosen_org"]
