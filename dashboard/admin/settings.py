"""What the org decides for itself: approval, and whom farmers call."""

from __future__ import annotations

import streamlit as st

from dashboard.admin import acts
from dashboard.reader import Reader
from lighttrap import views

FORM = "setting"


def show(who: Reader) -> None:
    """The form, with who decided last."""
    say = who.words
    now = who.get("/settings", views.OrgSetting).value
    st.subheader(say("Quyết định của đơn vị"), anchor=False)
    acts.show_refusal(FORM)
    with st.form(FORM, border=True):
        st.checkbox(
            say("Nông dân chỉ nhận tin đã có người duyệt"), now.farmers_need_approval, key=acts.key(FORM, "approval")
        )
        st.text_input(say("Số điện thoại để bà con gọi"), now.phone or "", key=acts.key(FORM, "phone"), max_chars=30)
        if now.author and now.updated_at:
            note = say("Quyết định gần nhất: {who}, {at}.", who=now.author, at=say.moment(now.updated_at))
            acts.line(note)
        st.form_submit_button(say("Lưu quyết định"), on_click=save, args=(who, now))


def save(who: Reader, now: views.OrgSetting) -> None:
    """Decides anew, unless somebody else did since."""
    body = {
        "farmers_need_approval": acts.typed(FORM, "approval"), "phone": acts.typed(FORM, "phone"),
        "updated_at": now.updated_at.isoformat() if now.updated_at else None,
    }  # fmt: skip
    acts.do(who, FORM, "PUT", "/settings", views.OrgSetting, body, mine=body["phone"] or "–")
