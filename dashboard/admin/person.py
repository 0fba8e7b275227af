"""One recipient: how they are told, of what, their consent and STOP, and what admins alone may do."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from dashboard import panels
from dashboard.admin import acts, fields, recipients
from dashboard.places import Names
from dashboard.reader import Reader
from dashboard.words import Words
from lighttrap import views
from lighttrap.notify.catalogue import LANGUAGES
from lighttrap.permissions import Permission

_DEVICE = "device:"
"""Among the species: no species, but what befalls traps."""
_WAY = ("language", "accents", "quiet_from", "quiet_to")


def show(who: Reader, names: Names, recipient_id: str) -> None:
    """Everything of one person; their addresses masked."""
    say = who.words
    found = who.get(f"/recipients/{recipient_id}", views.RecipientCase).value
    one = found.recipient
    where = ", ".join(f"{place.channel}: {place.address}" for place in one.addresses) or "–"
    with st.container(border=True):
        st.html(
            f"<div><strong>{escape(one.name)}</strong> · {escape(recipients.kind_word(one.kind, say))} · "
            f"{escape(recipients.state_word(one, say))}<br>{escape(where)}<br>{escape(consent_line(one, say))}</div>"
        )
        _stop(who, one)
    _change(who, one)
    _subscriptions(who, names, found)
    _note_consent(who, one)
    if who.may(Permission.KEEP_PEOPLE):
        _admin(who, one)


def consent_line(one: views.Recipient, say: Words) -> str:
    """When and how they agreed, or that they did not."""
    if one.consent_at is None:
        return say("Chưa đồng ý.")
    return say("Đồng ý ngày {at}: {how}.", at=say.night(one.consent_at.date(), year=True), how=one.consent_how or "–")


def _stop(who: Reader, one: views.Recipient) -> None:
    say = who.words
    if one.stopped_at is None:
        acts.confirm(
            say("Ngừng gửi"), say("Từ giờ không gửi gì nữa, kể cả tin đang chờ. Mở lại cần họ đồng ý lần nữa."),
            say("Đồng ý, ngừng gửi"), _post, who, one, "stop", None, name="stop",
        )  # fmt: skip


def _post(who: Reader, one: views.Recipient, what: str, body: dict[str, Any] | None) -> None:
    acts.do(
        who, f"{recipients.FORM}-{what}", "POST", f"/recipients/{one.recipient_id}/{what}", views.RecipientCase, body
    )


def _change(who: Reader, one: views.Recipient) -> None:
    say, form = who.words, f"{recipients.FORM}-{one.recipient_id}"
    with st.expander(say("Ngôn ngữ, giờ yên lặng")), st.form(form, border=False):
        way_inputs(say, form, one)
        st.form_submit_button(say("Lưu thay đổi"), on_click=change, args=(who, form, one))


def way_inputs(say: Words, form: str, one: views.Recipient | None) -> None:
    """Language, accents and quiet hours."""
    left, right = st.columns(2, vertical_alignment="bottom")
    codes = list(LANGUAGES)
    left.selectbox(say("Ngôn ngữ"), codes, codes.index(one.language) if one else 0, lambda code: LANGUAGES[code],
                   key=acts.key(form, "language"))  # fmt: skip
    right.checkbox(say("SMS có dấu (dài hơn, tốn hơn)"), one.accents if one else True, key=acts.key(form, "accents"))
    hours = [None, *recipients.TIMES]
    quiet = (one.quiet_from, one.quiet_to) if one else ("21:00", "05:30")
    for place, name, label, at in zip(
        (left, right), ("quiet_from", "quiet_to"), (say("Yên lặng từ"), say("đến")), quiet, strict=True
    ):
        known = hours if at in hours else [*hours, at]
        place.selectbox(label, known, known.index(at), lambda hour: hour or say("không"), key=acts.key(form, name))


def way(form: str) -> dict[str, Any]:
    """What was chosen of those."""
    return {name: acts.typed(form, name) for name in _WAY}


def change(who: Reader, form: str, one: views.Recipient) -> None:
    """Sends only what the reader made another, so that the rest stays as others may have put it."""
    wanted = {name: value for name, value in way(form).items() if value != getattr(one, name)}
    if {"quiet_from", "quiet_to"} & set(wanted):
        wanted |= {name: acts.typed(form, name) for name in ("quiet_from", "quiet_to")}
    if (acts.typed(form, "quiet_from") is None) != (acts.typed(form, "quiet_to") is None):
        acts.refuse(form, who.words("Giờ yên lặng cần cả lúc bắt đầu và lúc hết, hoặc không có cả hai."))
        return
    if wanted:
        acts.do(who, form, "PUT", f"/recipients/{one.recipient_id}", views.RecipientCase, wanted)


def _subscriptions(who: Reader, names: Names, found: views.RecipientCase) -> None:
    say, number = who.words, found.recipient.recipient_id
    with st.container(border=True):
        st.markdown(f"**{say('Báo về')}**")
        if not found.subscriptions:
            st.write(say("Chưa báo về nơi nào, nên chưa nhận gì."))
        for one in found.subscriptions:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.html(f"<div>{_about(one, names, say)}</div>")
                st.button(say("Bỏ"), key=f"drop-{one.subscription_id}", on_click=_drop, args=(who, number, one))
        form = f"{recipients.FORM}-sub-{number}"
        with st.popover(say("Báo thêm nơi khác")), st.form(form, border=False):
            subscription_inputs(who, names, form)
            st.form_submit_button(say("Thêm"), on_click=_subscribe, args=(who, form, number))


def _about(one: views.Subscription, names: Names, say: Words) -> str:
    place = names.communes.get(one.commune_code or "", one.commune_code) or say("cả đơn vị")
    if one.field_id:
        place = f"{names.commune_of(one.field_id)} · {names.field(one.field_id)}"
    what = names.pest(one.species) if one.species else say("mọi loài")
    if one.kind == "device":
        what = say("bẫy hỏng, mất tín hiệu")
    return f"{escape(place)}, {escape(what)}, {escape(say('từ'))} {panels.badge(one.min_level, say)}"


def _drop(who: Reader, number: int, one: views.Subscription) -> None:
    path = f"/recipients/{number}/subscriptions/{one.subscription_id}"
    acts.do(who, f"{recipients.FORM}-drop", "DELETE", path, views.Subscription)


def _subscribe(who: Reader, form: str, number: int) -> None:
    if not has_place(form):
        acts.refuse(form, who.words("Hãy chọn nơi để báo về."))
        return
    acts.do(who, form, "POST", f"/recipients/{number}/subscriptions", views.Subscription, subscription(form))


def subscription_inputs(who: Reader, names: Names, form: str) -> None:
    """Of which place, pest and least level somebody is told."""
    say = who.words
    told = fields.scopes(who, names)
    # None is chosen beforehand: nobody should be told of the whole org because a field was passed over.
    st.selectbox(say("Nơi"), list(told), None, lambda one: told[one], key=acts.key(form, "place"),
                 placeholder=say("Chọn nơi"))  # fmt: skip
    known = who.client.get(who.session, "/v1/species", list[views.Species]).value
    pests = sorted((one.key for one in known if one.role == "pest"), key=names.pest)
    left, right = st.columns(2)
    told_of = {"": say("mọi loài"), **{one: names.pest(one) for one in pests}, _DEVICE: say("bẫy hỏng, mất tín hiệu")}
    left.selectbox(say("Về"), list(told_of), format_func=lambda one: told_of[one], key=acts.key(form, "about"))
    right.selectbox(say("Từ mức"), [1, 2, 3], 1, key=acts.key(form, "level"),
                    format_func=lambda level: panels.level_word(level, say))  # fmt: skip


def has_place(form: str) -> bool:
    """Whether a place was chosen; the whole org is one."""
    return st.session_state.get(acts.key(form, "place")) is not None


def subscription(form: str) -> dict[str, Any]:
    """What was chosen of those."""
    about = acts.typed(form, "about")
    return {
        **fields.scope(acts.typed(form, "place") or ""), "min_level": acts.typed(form, "level"),
        "kind": "device" if about == _DEVICE else "catch", "species": None if about == _DEVICE else about,
    }  # fmt: skip


def _note_consent(who: Reader, one: views.Recipient) -> None:
    say, form = who.words, f"{recipients.FORM}-consent-{one.recipient_id}"
    title = say("Gửi lại sau khi họ đồng ý") if one.stopped_at else say("Ghi lời đồng ý")
    with st.expander(title), st.form(form, border=False):
        recipients.consent_inputs(say, form)
        st.form_submit_button(title, on_click=consent, args=(who, form, one))


def consent(who: Reader, form: str, one: views.Recipient) -> None:
    """Writes a consent down; one that follows a STOP ends it."""
    how = acts.typed(form, "how")
    if not how:
        acts.refuse(form, who.words("Hãy ghi họ đồng ý bằng cách nào."))
        return
    what = "resume" if one.stopped_at else "consent"
    body = {"how": how, "at": recipients.agreed_at(acts.typed(form, "day"))}
    acts.do(who, form, "POST", f"/recipients/{one.recipient_id}/{what}", views.RecipientCase, body)


def _admin(who: Reader, one: views.Recipient) -> None:
    say = who.words
    with st.container(horizontal=True):
        acts.confirm(
            say("Xem số thật"), say("Việc xem được ghi vào nhật ký, với tên của bạn."), say("Đồng ý, xem"), reveal,
            who, one, name="reveal",
        )  # fmt: skip
        with st.popover(say("Xóa hẳn người này")):
            form = f"{recipients.FORM}-erase-{one.recipient_id}"
            with st.form(form, border=False):
                st.write(say("Tên, số và lời các tin đã gửi bị xóa vĩnh viễn; chỉ còn số đếm. Không lấy lại được."))
                acts.line(one.name)
                st.text_input(say("Ghi lại tên ở trên để xác nhận"), key=acts.key(form, "name"))
                st.form_submit_button(say("Xóa hẳn"), type="primary", on_click=erase, args=(who, form, one))


def reveal(who: Reader, one: views.Recipient) -> None:
    """Their addresses as they are, until they were taken down."""
    say = who.words
    path = f"/recipients/{one.recipient_id}/reveal"
    done, found = acts.do(who, recipients.FORM, "POST", path, views.Addresses, done=say("Đã ghi vào nhật ký."))
    if done and found:
        acts.tell_once(say("Số của {name}", name=one.name), **found.addresses)


def erase(who: Reader, form: str, one: views.Recipient) -> None:
    """Forgets them, when their name was typed as it stands."""
    if acts.typed(form, "name") != one.name:
        acts.refuse(form, who.words("Tên ghi lại chưa đúng; chưa xóa gì."))
        return
    acts.do(who, form, "DELETE", f"/recipients/{one.recipient_id}", views.Recipient, done=who.words("Đã xóa."))
