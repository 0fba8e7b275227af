"""The code by which farmers sign up for a field: in force or not, its picture, and the sheet to print."""

from __future__ import annotations

from urllib.parse import quote

import streamlit as st

from dashboard.admin import acts
from dashboard.client import Refused
from dashboard.reader import Reader
from lighttrap import views

FORM = "field-signup"


def show(who: Reader, field_id: str) -> None:
    """The code of a field. It is no secret: it hangs at the trap."""
    say = who.words
    with st.container(border=True):
        st.markdown(f"**{say('Mã đăng ký cho bà con')}**")
        found = code(who, field_id)
        if found is None:
            st.write(say("Chưa có. Bà con quét mã ở bẫy, tự ghi số điện thoại và đồng ý nhận tin."))
            st.button(say("Tạo mã đăng ký"), key="signup", type="primary", on_click=make, args=(who, field_id))
            return
        acts.show_svg(found.qr_svg, say("Mã QR"))
        acts.line(say("Tạo ngày {at}, bởi {who}.", at=say.night(found.created_at.date(), year=True),
                      who=found.created_by))  # fmt: skip
        with st.container(horizontal=True):
            st.link_button(say("Mở tờ để in"), found.sheet_url)
            acts.confirm(
                say("Thay mã"), say("Những tờ đã in sẽ không dùng được nữa."), say("Đồng ý, thay mã"), make, who,
                field_id, name="signup",
            )  # fmt: skip


def code(who: Reader, field_id: str) -> views.SignupCode | None:
    """The code in force; None when there is none."""
    try:
        return who.get(f"/fields/{quote(field_id)}/signup-code", views.SignupCode).value
    except Refused as fault:
        if fault.kind != "not-found":
            raise
        return None


def make(who: Reader, field_id: str) -> None:
    """A code in place of the one there was."""
    done = who.words("Đã tạo mã. Hãy in tờ và treo ở bẫy.")
    acts.do(who, FORM, "POST", f"/fields/{quote(field_id)}/signup-code", views.SignupCode, done=done)
