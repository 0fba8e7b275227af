"""Approval: what farmers would be told, in which words and at what cost, and a person's word on it in two taps."""

from __future__ import annotations

from html import escape
from typing import Literal

import streamlit as st

from dashboard import caretaking, said
from dashboard.client import ApiFault
from dashboard.reader import Reader
from dashboard.words import Words
from lighttrap import views
from lighttrap.notify.catalogue import LANGUAGES
from lighttrap.permissions import Permission


def show(who: Reader, case: views.AlertCase) -> None:
    """Every event that awaits a word. Raises as `Reader.get` does."""
    say = who.words
    waiting = said.awaited(case.events)
    if not waiting:
        return
    st.subheader(say("Chờ duyệt trước khi báo nông dân"), anchor=False)
    if not who.may(Permission.APPROVE):
        st.write(say("Quản trị hoặc cán bộ kỹ thuật của đơn vị duyệt."))
    for event in waiting:
        _show_event(who, case.alert, event)


def _show_event(who: Reader, alert: views.Alert, event: views.AlertEvent) -> None:
    say = who.words
    preview = who.get(f"{_path(alert, event)}/preview", views.EventPreview).value
    told, parts = said.consequence(preview, say), said.parts(preview)
    cost = f" ({say('tổng {n} phần SMS phải trả', n=say.number(parts))})" if parts else ""
    with st.container(border=True):
        st.html(
            f"<div><strong>{escape(said.event_word(event, say))}, "
            f"{escape(say('đêm {night}', night=say.night(event.night)))}</strong><br>{escape(told + cost)}</div>"
        )
        for one in preview.waiting:
            _show_waiting(one, say)
        _show_skipped(preview, say)
        if who.may(Permission.APPROVE):
            _show_buttons(who, alert, event, told)
        with st.expander(say("Xem tin ở mọi ngôn ngữ và kênh")):
            for text in preview.texts:
                _show_text(text, say)


def _show_waiting(one: views.WaitingText, say: Words) -> None:
    facts = [said.channel_word(one.channel, say), say("{n} người", n=say.number(one.recipients))]
    if one.segments:
        facts.append(say("{n} phần SMS mỗi tin", n=one.segments))
    subject = f"<strong>{escape(one.subject)}</strong><br>" if one.subject else ""
    st.html(f'<p class="fresh">{escape(", ".join(facts))}</p><blockquote class="text">{subject}{escape(one.text)}'
            "</blockquote>")  # fmt: skip


def _show_skipped(preview: views.EventPreview, say: Words) -> None:
    skipped = sum(one.skipped for one in preview.reach)
    if skipped:
        text = say("{n} người không nhận: đã xin thôi, chưa đồng ý hoặc đã có tin mới hơn.", n=say.number(skipped))
        st.html(f'<p class="fresh">{escape(text)}</p>')


def _show_text(one: views.EventText, say: Words) -> None:
    facts = [LANGUAGES.get(one.language, one.language), said.channel_word(one.kind, say)]
    if one.kind == "sms":
        facts.append(say("có dấu") if one.accents else say("không dấu"))
    if one.segments:
        facts.append(say("{code}, {units} ký tự, {n} phần SMS", code=one.encoding, units=one.units, n=one.segments))
    marks = []
    if one.is_fallback:
        marks.append(say("dùng tiếng Việt: bản {language} chưa được duyệt",
                         language=LANGUAGES.get(one.language, one.language)))  # fmt: skip
    if one.needs_review:
        marks.append(say("lời văn chờ người có trách nhiệm duyệt"))
    subject = f"<strong>{escape(one.subject)}</strong><br>" if one.subject else ""
    st.html(
        f'<p class="fresh"><strong>{escape(", ".join(facts))}</strong>'
        + "".join(f'<br><span class="mark">! {escape(mark)}</span>' for mark in marks)
        + f'</p><blockquote class="text" lang="{one.written_in}">{subject}{escape(one.text)}</blockquote>'
    )


def _show_buttons(who: Reader, alert: views.Alert, event: views.AlertEvent, told: str) -> None:
    """The first tap asks; the second one names what will happen, and does it."""
    say, asked = who.words, f"approve_asked_{event.event_id}"
    wanted: Literal["approve", "reject"] | None = st.session_state.get(asked)
    with st.container(horizontal=True, gap="small"):
        if wanted is None:
            st.button(say("Duyệt…"), key=f"approve-{event.event_id}", type="primary", on_click=_ask,
                      args=(asked, "approve"))  # fmt: skip
            st.button(say("Không gửi…"), key=f"reject-{event.event_id}", on_click=_ask, args=(asked, "reject"))
            return
        label = (
            say("Duyệt: {what}", what=told) if wanted == "approve"
            else say("Không gửi: không nông dân nào nhận tin này")
        )  # fmt: skip
        st.button(label, key=f"sure-{event.event_id}", type="primary", on_click=_judge,
                  args=(who, alert, event, wanted, asked))  # fmt: skip
        st.button(say("Thôi"), key=f"not-{event.event_id}", on_click=_ask, args=(asked, None))


def _ask(asked: str, wanted: str | None) -> None:
    st.session_state[asked] = wanted


def _judge(who: Reader, alert: views.Alert, event: views.AlertEvent, wanted: str, asked: str) -> None:
    st.session_state.pop(asked, None)
    try:
        who.change("POST", f"{_path(alert, event)}/{wanted}", views.AlertCase)
    except ApiFault as fault:
        caretaking.explain(who, alert.alert_id, fault)


def _path(alert: views.Alert, event: views.AlertEvent) -> str:
    return f"/alerts/{alert.alert_id}/events/{event.event_id}"
