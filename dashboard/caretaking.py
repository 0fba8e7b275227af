"""What people do with an alert: look after it, give it to somebody, say something of it. Buttons vanish once used."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard import panels, said
from dashboard.client import ApiFault
from dashboard.reader import Reader
from lighttrap import views
from lighttrap.permissions import Permission, allows

CONFLICT = "conflict"
"""The API's word for what somebody else changed before."""
_NOTICE = "alert_notice"


def show(who: Reader, case: views.AlertCase) -> None:
    """The buttons of whoever may work on alerts; nothing for the others. Raises as `Reader.get` does."""
    say, alert = who.words, case.alert
    if not who.may(Permission.WORK_ALERTS):
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        if alert.acknowledged_at is None and alert.state == "active":
            st.button(say("Nhận xử lý"), key=f"case-ack-{alert.alert_id}", type="primary", on_click=act,
                      args=(who, alert, "acknowledge", {}))  # fmt: skip
        if alert.assignee != who.me.who:
            st.button(say("Giao cho tôi"), key=f"case-mine-{alert.alert_id}", on_click=act,
                      args=(who, alert, "assign", {"assignee": who.me.who}))  # fmt: skip
        if alert.assignee:
            st.button(say("Bỏ giao"), key=f"case-nobody-{alert.alert_id}", on_click=act,
                      args=(who, alert, "assign", {"assignee": None}))  # fmt: skip
    with st.expander(say("Ghi chú, giao việc")):
        if who.may(Permission.KEEP_PEOPLE):
            _give(who, alert)
        with st.form(f"comment-{alert.alert_id}", clear_on_submit=True, border=False):
            st.text_area(say("Ghi chú"), key="case_comment", max_chars=1000, height=80)
            st.form_submit_button(say("Lưu ghi chú"), on_click=_comment, args=(who, alert))


def act(who: Reader, alert: views.Alert, what: str, body: dict[str, Any]) -> None:
    """Does something with an alert as it was seen; says so when somebody was faster."""
    path = f"/alerts/{alert.alert_id}"
    try:
        who.change("POST", f"{path}/{what}", views.AlertCase, {"version": alert.version, **body})
    except ApiFault as fault:
        explain(who, alert.alert_id, fault)


def explain(who: Reader, alert_id: int, fault: ApiFault) -> None:
    """Says why something was not done: who was faster, where that is why."""
    who.client.forget(who.session)
    say = who.words
    text = say("Không ghi được: {why}", why=fault)
    if fault.kind == CONFLICT:
        try:
            text = said.faster(who.get(f"/alerts/{alert_id}", views.AlertCase).value, say)
        except ApiFault:
            text = say("Cảnh báo vừa đổi theo số liệu mới. Dưới đây là trạng thái hiện nay.")
    st.session_state[_NOTICE] = text


def show_notice() -> None:
    """What the last tap came to, once, where it was not what was wanted."""
    if text := st.session_state.pop(_NOTICE, None):
        panels.strip(text)


def _give(who: Reader, alert: views.Alert) -> None:
    say = who.words
    users = [one for one in who.get("/users", list[views.User]).value if one.disabled_at is None]
    people = {one.login: f"{one.name} ({one.login})" for one in users if allows(one.role, Permission.WORK_ALERTS)}
    others = [login for login in people if login != alert.assignee]
    if others:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.selectbox(
                say("Giao cho"), others, format_func=lambda login: people[login], key="case_assignee", width=320
            )
            st.button(say("Giao"), key=f"case-give-{alert.alert_id}", on_click=_give_chosen, args=(who, alert))


def _give_chosen(who: Reader, alert: views.Alert) -> None:
    act(who, alert, "assign", {"assignee": st.session_state["case_assignee"]})


def _comment(who: Reader, alert: views.Alert) -> None:
    text = st.session_state["case_comment"].strip()
    if text:
        act(who, alert, "comments", {"text": text})
    else:
        st.toast(who.words("Hãy viết ghi chú."))
