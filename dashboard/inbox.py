"""The inbox: active alerts, those that nobody looks after first; what can be done with them in one tap."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard import panels, shell
from dashboard.client import ApiFault
from dashboard.places import Names
from dashboard.reader import Reader
from dashboard.words import Words
from lighttrap import views
from lighttrap.permissions import Permission

SHOWN = 6


def show(who: Reader, names: Names, found: views.Overview) -> None:
    """The first few; the rest is a page of its own. Raises as `Reader.get` does."""
    say = who.words
    alerts = who.get("/alerts", views.Page[views.Alert], state="active", limit=100).value.items
    alerts = sorted(alerts, key=lambda one: (one.acknowledged_at is not None, -one.level, one.kind, -one.alert_id))
    if not alerts:
        st.write(say("Không có cảnh báo nào đang mở."))
        return
    values = {one.field_id: one for one in found.fields}
    for alert in alerts[:SHOWN]:
        _card(who, names, alert, values.get(alert.field_id or ""))
    if len(alerts) > SHOWN:
        st.page_link(
            "screens/alerts.py", label=say("Xem cả {n} cảnh báo", n=say.number(len(alerts))),
            query_params=shell.kept_params(),
        )  # fmt: skip


def title(alert: views.Alert, names: Names, say: Words) -> str:
    """What an alert is about, in a few words: pest and place, or fault and trap."""
    if alert.kind == "device":
        return (
            f"{fault_word(alert.fault, say)} · {names.trap(alert.trap_id)}"
            if alert.trap_id
            else fault_word(alert.fault, say)
        )
    return f"{names.pest(alert.species)} · {names.commune_of(alert.field_id)}"


def fault_word(fault: str | None, say: Words) -> str:
    """A fault of a trap in words."""
    words = {
        "silent": say("Mất tín hiệu"), "silent-many": say("Nhiều bẫy mất tín hiệu"), "battery": say("Pin yếu"),
        "lamp": say("Đèn không sáng đủ"), "gap": say("Thiếu số liệu"),
    }  # fmt: skip
    return words.get(fault or "", fault or "–")


def _card(who: Reader, names: Names, alert: views.Alert, field: views.FieldOverview | None) -> None:
    say = who.words
    facts = [say("từ đêm {night}", night=say.night(alert.opened_night))]
    if field and field.species == alert.species and field.value is not None:
        facts.append(say("đêm qua {value} con/bẫy", value=say.number(field.value)))
    if alert.acknowledged_by:
        facts.append(say("{who} đang xử lý", who=alert.acknowledged_by))
    with st.container(key=f"alert_card{alert.alert_id}", border=True, horizontal=True, vertical_alignment="center"):
        st.html(
            f"<div>{panels.badge(alert.level, say)} <strong>{escape(title(alert, names, say))}</strong><br>"
            f"{escape('; '.join(facts))}</div>"
        )
        if alert.acknowledged_at is None and who.may(Permission.WORK_ALERTS):
            st.button(
                say("Nhận xử lý"), key=f"ack-{alert.alert_id}", on_click=acknowledge, args=(who, alert),
                width="content",
            )  # fmt: skip
        st.page_link(
            "screens/alerts.py", label=say("Mở"), query_params=shell.kept_params(alert=str(alert.alert_id)),
            width="content",
        )  # fmt: skip


def acknowledge(who: Reader, alert: views.Alert) -> None:
    """Says that the reader looks after an alert; when somebody was faster, says who it is now."""
    path = f"/alerts/{alert.alert_id}/acknowledge"
    try:
        who.change("POST", path, views.AlertCase, {"version": alert.version})
    except ApiFault as fault:
        who.client.forget(who.session)
        st.toast(who.words("Không ghi được: {why}", why=fault))
