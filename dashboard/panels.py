"""What pages are put together from: strips that say what is wrong, levels, ages, empty states."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

import streamlit as st

from dashboard import palette, reader
from dashboard.client import ApiAway, ApiFault, Refused, SignedOut
from dashboard.words import Words
from lighttrap.agronomy.level import Level
from lighttrap.notify import verdict

log = logging.getLogger(__name__)


@contextmanager
def calm(say: Words, phone: str = "") -> Iterator[None]:
    """Lets one panel fail by itself: a notice in its place, the other panels as they are, the reason in our log."""
    try:
        yield
    except SignedOut:
        # A part that runs by itself has nobody above it: the whole page begins anew, and shows where to log in.
        reader.forget()
        st.rerun()
    except Refused as fault:
        st.warning(say("Máy chủ không nhận: {why}", why=fault))
    except ApiAway as fault:
        number = fault.request_id[:8] or uuid.uuid4().hex[:8]
        log.warning("the API is away", extra={"number": number, "error": str(fault)})
        strip(say("Chưa lấy được số liệu; trang sẽ tự thử lại. Mã lỗi {number}.", number=number) + call(say, phone))
    except ApiFault as fault:
        st.warning(str(fault))


def call(say: Words, phone: str) -> str:
    """Whom to call, as a sentence; nothing without a number."""
    return " " + say("Gọi {phone}.", phone=phone) if phone else ""


def strip(text: str) -> None:
    """One quiet line across the page, for what a reader must know of all below it."""
    st.html(f'<p class="strip" role="status">{escape(text)}</p>')


def level_word(level: int | None, say: Words) -> str:
    """thấp, theo dõi, báo động, nguy hiểm; mất dữ liệu for what is not known."""
    known = Level.UNKNOWN if level is None else Level(level)
    return say("mất dữ liệu") if known is Level.UNKNOWN else verdict.level_word(known, say.texts)


def badge(level: int | None, say: Words) -> str:
    """A level as HTML: shape on its colour, and the word beside it in the colour of text."""
    look = palette.look(level)
    return (
        f'<span class="level level-{look.key}"><span class="sign" aria-hidden="true">{look.sign}</span>'
        f"{escape(level_word(level, say))}</span>"
    )


def sign(level: int | None) -> str:
    """The shape of a level on its colour, for a sentence that has its word."""
    look = palette.look(level)
    return f'<span class="level level-{look.key}"><span class="sign" aria-hidden="true">{look.sign}</span></span>'


def freshness(say: Words, newest_s: float | None, stale_after_s: float) -> None:
    """How old the newest data are, never how old the page is; a strip when they are old."""
    if newest_s is None:
        strip(say("Chưa có số liệu nào."))
    elif newest_s > stale_after_s:
        strip(say("Số liệu cũ: mới nhất {age}. Số dưới đây là của lúc đó.", age=say.age(newest_s)))
    else:
        st.html(f'<p class="fresh">{escape(say("Số liệu mới nhất: {age}", age=say.age(newest_s)))}</p>')


def empty(text: str, steps: list[str] | None = None) -> None:
    """What to do where there is nothing to see yet."""
    with st.container(border=True):
        st.markdown(f"**{text}**")
        for number, step in enumerate(steps or (), 1):
            st.markdown(f"{number}. {step}")
