"""A person's own account: where they are logged in."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard.admin import acts
from dashboard.client import ApiFault
from dashboard.places import Names
from dashboard.reader import Reader
from lighttrap import views


def show(who: Reader, _names: Names) -> None:
    """Their sessions, and ending them."""
    say = who.words
    st.subheader(say("Nơi đang đăng nhập"), anchor=False)
    acts.line(say("{who}. Thấy chỗ lạ thì đăng xuất chỗ đó và đổi mật khẩu.", who=who.me.name))
    acts.show_refusal("session")
    found = who.client.get(who.session, "/v1/me/sessions", list[views.LoginSession]).value
    for one in found:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            since = say("từ {at}, hết hạn {end}", at=say.moment(one.created_at), end=say.moment(one.expires_at))
            agent = browser(one.agent) or say("không rõ trình duyệt")
            st.html(f'<div title="{escape(one.agent)}"><strong>{escape(agent)}</strong><br>{escape(since)}</div>')
            if one.is_this_one:
                st.write(say("chỗ này"))
            else:
                st.button(say("Đăng xuất"), key=f"end-{one.session_id}", on_click=end,
                          args=(who, f"/{one.session_id}"))  # fmt: skip
    if len(found) > 1:
        st.button(say("Đăng xuất mọi chỗ khác"), on_click=end, args=(who, ""))
    _password(who)


def browser(agent: str) -> str:
    """A browser and its system as people call them; what it called itself when neither is known."""
    names = [
        next((told for sign, told in signs if sign in agent), "")
        for signs in (
            (("Edg", "Edge"), ("OPR", "Opera"), ("coc_coc", "Cốc Cốc"), ("Firefox", "Firefox"), ("Chrome", "Chrome"),
             ("Safari", "Safari")),
            (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "Mac"),
             ("Linux", "Linux")),
        )
    ]  # fmt: skip
    return ", ".join(name for name in names if name) or agent[:80]


def _password(who: Reader) -> None:
    say, form = who.words, "password"
    st.subheader(say("Đổi mật khẩu"), anchor=False)
    acts.show_refusal(form)
    with st.form(form, border=True, width=480, clear_on_submit=True):
        st.text_input(say("Mật khẩu cũ"), type="password", key="password_old", autocomplete="current-password")
        st.text_input(say("Mật khẩu mới, từ 12 ký tự"), type="password", key="password_new", max_chars=200,
                      autocomplete="new-password")  # fmt: skip
        st.write(say("Sau khi đổi phải đăng nhập lại ở mọi nơi."))
        st.form_submit_button(say("Đổi mật khẩu"), on_click=change_password, args=(who,))


def change_password(who: Reader) -> None:
    """Puts another password in place of the own one, which ends every session."""
    say = who.words
    old, new = st.session_state["password_old"], st.session_state["password_new"]
    if not old or len(new) < 12:
        acts.refuse("password", say("Mật khẩu cần ít nhất 12 ký tự."))
        return
    try:
        who.client.change(who.session, "PUT", "/v1/me/password", views.Me, {"old": old, "new": new})
    except ApiFault as fault:
        wrong = say("Mật khẩu cũ không đúng.") if fault.kind == "forbidden" else acts.refusal(fault, say)
        acts.refuse("password", wrong)


def end(who: Reader, which: str) -> None:
    """Logs the reader out elsewhere."""
    try:
        who.client.change(who.session, "DELETE", f"/v1/me/sessions{which}", views.LoginSession)
    except ApiFault as fault:
        acts.refuse("session", acts.refusal(fault, who.words))
        return
    st.toast(who.words("Đã đăng xuất."))
