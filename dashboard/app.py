"""The frame of every page: who looks, in which language, and the pages there are for them."""

from __future__ import annotations

import logging
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
        who = reader.current()
        if not who.org_id:
            shell.navigate([shell.page("no_org", say("Chưa có đơn vị"))])
            return
        shell.navigate(shell.pages(who))
    except SignedOut:
        reader.client().forget(st.session_state.get("api_session"))
        shell.navigate([shell.page("sign_in", say("Đăng nhập"))])
    except ApiAway as fault:
        number = fault.request_id[:8] or uuid.uuid4().hex[:8]
        log.warning("the API is away", extra={"number": number, "error": str(fault)})
        phone = reader.settings().phone
        panels.strip(
            say("Chưa kết nối được máy chủ. Hãy tải lại trang sau một phút. Mã lỗi {number}.", number=number)
            + panels.call(say, phone)
        )


main()
