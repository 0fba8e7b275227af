"""Who is told: people with their consent, what they subscribed to, STOP, and being forgotten."""

from __future__ import annotations

from datetime import date, datetime, time

import streamlit as st

from dashboard import panels, places
from dashboard.admin import acts, person, settings
from dashboard.places import Names
from dashboard.reader import Reader
from dashboard.words import ZONE, Words
from lighttrap import views
from lighttrap.notify.catalogue import LANGUAGES

FORM = "recipient"
CHANNELS = ("sms", "zns", "email", "webhook")
TIMES = [f"{half // 2:02d}:{half % 2 * 30:02d}" for half in range(48)]


def show(who: Reader, names: Names) -> None:
    """The org's own settings, the list, and beside it one person or a new one."""
    say = who.words
    people = {str(one.recipient_id): one for page in places.pages(who, "/recipients", views.Page[views.Recipient])
              for one in page.items}  # fmt: skip
    left, right = st.columns([3, 2], gap="large")
    with left:
        _list(list(people.values()), say)
        settings.show(who)
    with right:
        chosen = acts.picked(
            FORM, say("Người nhận"), list(people), lambda one: _told(people[one]), say("Thêm người nhận")
        )
        acts.show_refusal(FORM)
        if chosen:
            person.show(who, names, chosen)
        else:
            _add(who, names)


def state_word(one: views.Recipient, say: Words) -> str:
    """Whether somebody is told, and why not."""
    if one.stopped_at is not None:
        return say("đã ngừng nhận")
    if one.kind == "farmer" and one.consent_at is None:
        return say("chưa đồng ý, không gửi")
    if not one.addresses:
        return say("chưa có số, không gửi")
    return say("bị từ chối, cần xem lại") if any(where.is_refused for where in one.addresses) else say("đang nhận")


def kind_word(kind: str, say: Words) -> str:
    """A farmer or somebody of the office."""
    return say("nông dân") if kind == "farmer" else say("cán bộ")


def _told(one: views.Recipient) -> str:
    return f"{one.name} ({', '.join(where.address for where in one.addresses) or '–'})"


def _list(people: list[views.Recipient], say: Words) -> None:
    if not people:
        panels.empty(
            say("Chưa có người nhận tin."),
            [
                say("Cần có ruộng và ngưỡng trước; không có thì không có gì để báo."),
                say("Thêm người: tên, số điện thoại, họ đồng ý khi nào và bằng cách nào."),
                say("Hoặc in mã đăng ký của ruộng để bà con tự đăng ký."),
            ],
        )
        return
    st.dataframe(
        [
            {
                say("Tên"): one.name,
                say("Là"): kind_word(one.kind, say),
                say("Số, địa chỉ"): ", ".join(f"{where.channel}: {where.address}" for where in one.addresses) or "–",
                say("Ngôn ngữ"): LANGUAGES.get(one.language, one.language),
                say("Tình trạng"): state_word(one, say),
            }
            for one in sorted(people, key=lambda one: one.name)
        ],
        hide_index=True,
        alt=say("Danh sách người nhận tin"),
    )


def _add(who: Reader, names: Names) -> None:
    say, form = who.words, f"{FORM}-new"
    with st.form(form, border=True):
        st.text_input(say("Tên"), key=acts.key(form, "name"), max_chars=200)
        left, right = st.columns([1, 2])
        left.selectbox(say("Kênh"), CHANNELS, key=acts.key(form, "channel"))
        right.text_input(say("Số hoặc địa chỉ"), key=acts.key(form, "address"), max_chars=200, autocomplete="off")
        st.radio(say("Là"), ["farmer", "staff"], format_func=lambda kind: kind_word(kind, say), horizontal=True,
                 key=acts.key(form, "kind"))  # fmt: skip
        consent_inputs(say, form)
        person.way_inputs(say, form, None)
        st.markdown(f"**{say('Báo về')}**")
        person.subscription_inputs(who, names, form)
        st.form_submit_button(say("Thêm người nhận"), type="primary", on_click=add, args=(who, form), width="stretch")


def consent_inputs(say: Words, form: str) -> None:
    """How and when somebody agreed."""
    left, right = st.columns([2, 1])
    left.text_input(say("Đồng ý bằng cách nào"), key=acts.key(form, "how"), max_chars=200,
                    placeholder=say("phiếu giấy, gọi điện"))  # fmt: skip
    right.date_input(say("Ngày đồng ý"), "today", key=acts.key(form, "day"), format="DD/MM/YYYY", max_value="today")


def agreed_at(day: date | None) -> str | None:
    """Noon of an earlier day; None for today, which is now."""
    if day is None or day >= datetime.now(ZONE).date():
        return None
    return datetime.combine(day, time(12), ZONE).isoformat()


def add(who: Reader, form: str) -> None:
    """Adds the person, then what they are told of."""
    say = who.words
    name, address, how = (acts.typed(form, one) for one in ("name", "address", "how"))
    if not name or not address:
        acts.refuse(form, say("Hãy ghi tên và số hoặc địa chỉ."))
        return
    if acts.typed(form, "kind") == "farmer" and not how:
        acts.refuse(form, say("Nông dân phải đồng ý mới được gửi tin: ghi họ đồng ý bằng cách nào."))
        return
    if not person.has_place(form):
        acts.refuse(form, say("Hãy chọn nơi để báo về."))
        return
    about = person.subscription(form)
    body = {
        "name": name, "kind": acts.typed(form, "kind"), **person.way(form), "consent_how": how,
        "consent_at": agreed_at(acts.typed(form, "day")) if how else None,
        "addresses": [{"channel": acts.typed(form, "channel"), "address": address}],
    }  # fmt: skip
    done, made = acts.do(who, form, "POST", "/recipients", views.NewRecipient, body, say("Đã thêm người nhận."))
    if done and made:
        number = made.recipient.recipient_id
        st.session_state[f"pick_{FORM}"] = str(number)
        acts.do(who, form, "POST", f"/recipients/{number}/subscriptions", views.Subscription, about, say("Đã lưu."))
