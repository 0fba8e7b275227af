"""The frame of every page: who looks, in which language, and the pages there are for them."""

from __future__ import annotations

import logging
import time
import uuid

import streamlit as st

from dashboard import panels, reader, shell, style
from dashboard.client import ApiAway, SignedOut

log = logging.getLogger(__name__)


def main() -> None:
    """One run of a page."""
    say = reader.language()
    st.set_page_config(page_title=say("Bẫy đèn"), page_icon=shell.ICON, layout="wide")
    st.html(style.sheet(shell.ink()))
    try:
        if reader.KEY in st.query_params:
            # The token in the address opens the wall and nothing else.
            shell.navigate([shell.page("sign_in", say("Đăng nhập")), shell.page("wall", say("Tường"), "wall")])
            return
        who = reader.current()
        if not who.org_id:
            shell.navigate([shell.page("no_org", say("Chưa có đơn vị"))])
            return
        shell.navigate(shell.pages(who))
    except SignedOut:
        reader.forget()
        shell.navigate([shell.page("sign_in", say("Đăng nhập"))])
    except ApiAway as fault:
        number = fault.request_id[:8] or uuid.uuid4().hex[:8]
        log.warning("the API is away", extra={"number": number, "error": str(fault)})
        phone = reader.settings().phone
        panels.strip(
            say("Chưa kết nối được máy chủ; trang sẽ tự thử lại. Mã lỗi {number}.", number=number)
            + panels.call(say, phone)
        )
        _try_again(reader.settings().refresh_s)


def _try_again(after_s: float) -> None:
    """Runs the page anew by itself after a while, so that a screen without a person comes back too."""
    started = time.monotonic()

    @st.fragment(run_every=after_s)
    def again() -> None:
        if time.monotonic() - started > after_s / 2:
            st.rerun()

    again()


main()
