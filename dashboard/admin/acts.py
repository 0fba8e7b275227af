"""Doing something, and saying what became of it: where it was asked for, in a sentence, and never over others' changes.

A form's fields are keyed by its name and a number that rises when it was taken: a form that was refused keeps what
was typed, one that was taken begins anew.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, TypeVar

import streamlit as st

from dashboard import shell
from dashboard.client import ApiAway, ApiFault
from dashboard.reader import Reader
from dashboard.words import Words

Shape = TypeVar("Shape")
_REFUSED = "refused_act"


def key(form: str, name: str) -> str:
    """The key of a field of a form."""
    return f"{form}-{st.session_state.get(f'times-{form}', 0)}-{name}"


def typed(form: str, name: str) -> Any:  # noqa: ANN401 - of any widget
    """What stands in a field of a form; text without blanks round it, None for none."""
    value = st.session_state.get(key(form, name))
    return (value.strip() or None) if isinstance(value, str) else value


def begin_anew(form: str) -> None:
    """Empties a form."""
    st.session_state[f"times-{form}"] = st.session_state.get(f"times-{form}", 0) + 1


def do(
    who: Reader,
    form: str,
    method: str,
    path: str,
    shape: type[Shape],
    body: Any = None,  # noqa: ANN401 - JSON
    done: str | None = None,
    mine: str = "",
) -> tuple[bool, Shape | None]:
    """Asks the API to change something of the org. Returns whether it did, and its answer.

    When somebody was faster the form shows theirs, and `mine` beside it in words.
    """
    try:
        answer = who.change(method, path, shape, body)
    except ApiFault as fault:
        who.client.forget(who.session)
        why = refusal(fault, who.words)
        if fault.kind == "conflict" and mine:
            begin_anew(form)
            why += " " + who.words("Bạn đã ghi: {mine}.", mine=mine)
        refuse(form, why)
        return False, None
    begin_anew(form)
    st.toast(done or who.words("Đã lưu."))
    return True, answer


def refuse(form: str, why: str) -> None:
    """Leaves a sentence for the place where something was asked for."""
    st.session_state[_REFUSED] = (form, why)


def show_refusal(forms: str) -> None:
    """That sentence, this once, where forms of this name are."""
    found = st.session_state.get(_REFUSED)
    if found and found[0].split("-")[0] == forms:
        del st.session_state[_REFUSED]
        st.error(plain(found[1]))


def plain(text: str) -> str:
    """Text of which Markdown makes no picture, link or formula: names are other people's."""
    return re.sub(r"([\\`*_\[\]!$<])", r"\\\1", text)


def refusal(fault: ApiFault, say: Words) -> str:
    """Why nothing was changed, in a sentence."""
    if fault.kind == "too-many-tries":
        return say("Thử quá nhiều lần. Hãy đợi vài phút.")
    if isinstance(fault, ApiAway):
        return say("Máy chủ không trả lời, chưa chắc đã ghi. Hãy tải lại trang để xem.")
    told = {
        "conflict": say("Đã có sẵn, hoặc đã có người đổi trước; chưa ghi đè gì. ({why})", why=fault),
        "forbidden": say("Vai trò của bạn không được làm việc này."),
        "not-found": say("Không còn nữa. ({why})", why=fault),
    }  # fmt: skip
    return told.get(fault.kind) or say("Máy chủ không nhận: {why}", why=fault)


def picked(name: str, label: str, options: Sequence[str], told: Callable[[str], str], new: str) -> str | None:
    """One of some things, or a new one (None); kept in the address by its machine code."""
    asked = st.query_params.get(name, "")
    if st.session_state.get(f"pick_{name}") not in (*options, ""):
        st.session_state[f"pick_{name}"] = asked if asked in options else ""
    chosen = st.selectbox(label, ["", *options], format_func=lambda one: told(one) if one else new, key=f"pick_{name}")
    if chosen:
        st.query_params[name] = chosen
    else:
        st.query_params.pop(name, None)
    return chosen or None


def confirm(label: str, warning: str, yes: str, act: Callable[..., None], *args: object, name: str) -> None:
    """A button that asks once more before it does what cannot be taken back."""
    with st.popover(label):
        line(warning)
        st.button(yes, key=f"yes-{name}", on_click=act, args=args, type="primary")


def tell_once(title: str, **told: str) -> None:
    """Keeps secrets until they were taken down or the page is left."""
    st.session_state[shell.TOLD_ONCE] = {"title": title, **told}


def show_once(say: Words) -> None:
    """The secrets that were just made: in plain text, as a picture where there is one, until the reader has them."""
    found = st.session_state.get(shell.TOLD_ONCE)
    if not found:
        return
    with st.container(border=True):
        st.html(f"<div><strong>{escape(found['title'])}</strong></div>")
        st.write(say("Chỉ hiện lần này. Chép hoặc in ngay, đừng chụp gửi qua tin nhắn."))
        words, picture = st.columns([2, 1], gap="large") if "svg" in found else (st.container(), None)
        with words:
            for name, value in found.items():
                if name not in ("title", "svg"):
                    line(name)
                    st.code(value, language=None, wrap_lines=True)
        if picture:
            with picture:
                show_svg(found["svg"], say("Mã QR"))
                st.download_button(
                    say("Tải mã QR để in (SVG)"), found["svg"], "qr.svg", "image/svg+xml", on_click="ignore"
                )
        st.button(say("Đã chép, cất đi"), key="told", on_click=lambda: st.session_state.pop(shell.TOLD_ONCE, None))


def line(text: str) -> None:
    """A line of plain text, of which nothing becomes a link or a sign of Markdown."""
    st.html(f"<div>{escape(text)}</div>")


def show_svg(svg: str, told: str) -> None:
    """A QR code on white, on a dark page too, or no camera reads it.

    As an image, for Streamlit takes SVG out of HTML.
    """
    if "xmlns=" not in svg:
        svg = svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    data = base64.b64encode(svg.encode()).decode()
    st.html(f'<div class="qr"><img alt="{escape(told)}" src="data:image/svg+xml;base64,{data}"></div>')
