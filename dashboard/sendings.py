"""What became of an alert's messages, and what can be done about those that did not arrive."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard import panels, said
from dashboard.client import ApiFault
from dashboard.reader import Reader
from lighttrap import views
from lighttrap.permissions import Permission

PAGE = 20
STATES = ("dead", "unknown", "failed", "queued", "sent", "delivered", "skipped")
GIVEN_UP = ("dead", "unknown")


def show_stalled(who: Reader) -> None:
    """A strip when what is due has waited too long. Raises as `Reader.get` does."""
    if not who.may(Permission.KEEP_RECIPIENTS):
        return
    say = who.words
    found = who.get("/outbox", views.Outbox).value
    if found.oldest_s is not None and found.oldest_s > who.settings.stalled_after_s:
        panels.strip(
            say("Tin nhắn đang kẹt: {n} tin tới giờ mà chưa đi, tin cũ nhất chờ từ {age}. Xem lại bộ gửi tin.",
                n=say.number(found.due + found.events), age=say.age(found.oldest_s))
        )  # fmt: skip


def show(who: Reader, case: views.AlertCase) -> None:
    """Counts for everybody; each message for whoever looks after recipients. Raises as `Reader.get` does."""
    say, alert = who.words, case.alert
    st.subheader(say("Tin đã báo"), anchor=False)
    waiting = sum(one.waiting for one in case.events)
    lines = said.far(alert, waiting, say)
    st.write(", ".join(lines).capitalize() + "." if lines else say("Chưa gửi tin nào."))
    if not who.may(Permission.KEEP_RECIPIENTS):
        return
    key = f"sendings_{alert.alert_id}"
    with st.expander(say("Từng tin"), expanded=bool(alert.dead or alert.unknown)):
        usual = "dead" if alert.dead else "unknown" if alert.unknown else "all"
        state = st.pills(say("Trạng thái tin"), ["all", *STATES], default=usual, key=key, required=True,
                         label_visibility="collapsed", format_func=lambda one: said.state_word(one, say))  # fmt: skip
        shown = st.session_state.get(f"{key}_shown", PAGE)
        found = who.get("/deliveries", views.Page[views.Delivery], alert_id=alert.alert_id, limit=shown,
                        state=None if state == "all" else state).value  # fmt: skip
        if not found.items:
            st.write(say("Không có tin nào như vậy."))
        for one in found.items:
            _show_one(who, one)
        if found.next:
            st.button(say("Xem thêm"), key=f"{key}_more", on_click=_more, args=(f"{key}_shown", shown))


def _show_one(who: Reader, one: views.Delivery) -> None:
    say = who.words
    facts = [said.channel_word(one.channel, say), one.address or say("không có địa chỉ")]
    facts += [say("thử {n} lần", n=one.attempts)] if one.attempts else []
    facts += [say.moment(one.sent_at or one.finished_at or one.created_at)]
    state = say("chờ duyệt") if one.awaits_approval else said.state_word(one.state, say)
    why = f" ({said.reason_word(one.reason, say)})" if one.reason else ""
    with st.container(border=True):
        st.html(
            f"<div><strong>{escape(one.recipient)}</strong>: {escape(state + why)}<br>"
            f'<span class="fresh">{escape(", ".join(facts))}</span></div>'
        )
        if one.state in GIVEN_UP:
            _show_retry(who, one)


def _show_retry(who: Reader, one: views.Delivery) -> None:
    say, asked = who.words, f"retry_asked_{one.delivery_id}"
    with st.container(horizontal=True, gap="small"):
        if not st.session_state.get(asked):
            st.button(say("Gửi lại…"), key=f"retry-{one.delivery_id}", on_click=_ask, args=(asked, True))
            return
        label = (
            say("Gửi lại, {who} có thể đọc hai lần", who=one.recipient) if one.state == "unknown"
            else say("Gửi lại cho {who}", who=one.recipient)
        )  # fmt: skip
        st.button(label, key=f"retry-sure-{one.delivery_id}", type="primary", on_click=_retry, args=(who, one, asked))
        st.button(say("Thôi"), key=f"retry-not-{one.delivery_id}", on_click=_ask, args=(asked, False))


def _ask(asked: str, value: bool) -> None:
    st.session_state[asked] = value


def _more(key: str, shown: int) -> None:
    st.session_state[key] = shown + PAGE


def _retry(who: Reader, one: views.Delivery, asked: str) -> None:
    say = who.words
    st.session_state.pop(asked, None)
    try:
        body = {"may_repeat": one.state == "unknown"}
        who.change("POST", f"/deliveries/{one.delivery_id}/retry", views.DeliveryCase, body)
        st.toast(say("Đã xếp hàng gửi lại."))
    except ApiFault as fault:
        who.client.forget(who.session)
        is_late = fault.kind == "conflict"
        st.toast(
            say("Không gửi lại được: người này đã có tin sau của cùng cảnh báo, hoặc tin đã đổi trạng thái.")
            if is_late else say("Không ghi được: {why}", why=fault)
        )  # fmt: skip
