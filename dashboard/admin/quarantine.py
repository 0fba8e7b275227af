"""Messages that could not be stored: why, what is in one, and asking that they be taken up after all."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from dashboard import panels
from dashboard.admin import acts
from dashboard.places import Names
from dashboard.reader import Reader
from dashboard.words import Words
from lighttrap import views

FORM = "quarantine"
SHOWN = 500
LONGEST = 4000


def show(who: Reader, _names: Names) -> None:
    """How many by reason, the messages of one, and one whole."""
    say = who.words
    every = st.toggle(say("Cả những tin đã xử lý xong"), key="quarantine_every")
    found = who.get("/quarantine", views.Page[views.QuarantinedMessage], limit=SHOWN, every=str(every).lower()).value
    acts.show_refusal(FORM)
    if not found.items:
        panels.empty(say("Không có tin nào bị giữ lại: mọi tin bẫy gửi đều đã lưu được."))
        return
    if found.next:
        panels.strip(say("Chỉ hiện {n} tin cũ nhất.", n=say.number(SHOWN)))
    reasons = Counter(one.reason for one in found.items)
    reason = acts.picked(
        "reason", say("Lý do"), list(reasons), lambda one: f"{reason_word(one, say)} ({say.number(reasons[one])})",
        say("Mọi lý do"),
    )  # fmt: skip
    kept = [one for one in found.items if reason in (None, one.reason)]
    left, right = st.columns([3, 2], gap="large")
    with left:
        _list(kept, say)
        _ask_all(who, reason)
    with right:
        known = {str(one.quarantine_id): one for one in kept}
        chosen = acts.picked(
            "message", say("Xem một tin"), list(known), lambda one: _told(known[one]), say("Chưa chọn")
        )
        if chosen:
            _whole(who, chosen)


def reason_word(reason: str, say: Words) -> str:
    """Why a message was kept, in words; the API's own word where there is none."""
    words = {
        "unknown_trap": say("bẫy chưa đăng ký"), "wrong_org": say("bẫy của đơn vị khác"),
        "retired": say("bẫy đã ngừng"), "clock_ahead": say("đồng hồ bẫy chạy trước"),
        "clock_behind": say("trước ngày bẫy hoạt động"), "key_conflict": say("trùng số thứ tự, nội dung khác"),
        "too_large": say("quá dài"), "invalid": say("nội dung sai"), "unknown_version": say("phiên bản lạ"),
        "not_utf8": say("không đọc được"), "not_json": say("không đọc được"), "too_deep": say("không đọc được"),
        "duplicate_key": say("không đọc được"), "database": say("cơ sở dữ liệu từ chối"),
    }  # fmt: skip
    return words.get(reason, reason)


def state_word(one: views.QuarantinedMessage, say: Words) -> str:
    """What became of a message."""
    if one.state == "replayed":
        if one.kept_again_as:
            return say("đã thử lại, vẫn: {why}", why=reason_word(one.kept_again_as, say))
        return say("đã lưu được")
    if one.state == "asked":
        return say("đang chờ thử lại")
    return say("đã thử, vẫn như cũ") if one.tried_at else say("đang giữ")


def _told(one: views.QuarantinedMessage) -> str:
    return f"{one.quarantine_id} · {one.topic}"


def _list(kept: list[views.QuarantinedMessage], say: Words) -> None:
    st.dataframe(
        [
            {
                say("Số"): str(one.quarantine_id),
                say("Nhận lúc"): say.moment(one.received_at),
                say("Lý do"): reason_word(one.reason, say),
                say("Chủ đề"): one.topic,
                say("Số lần"): say.number(one.times),
                say("Tình trạng"): state_word(one, say),
            }
            for one in kept
        ],
        hide_index=True,
        alt=say("Tin bị giữ lại"),
    )


def _ask_all(who: Reader, reason: str | None) -> None:
    say = who.words
    if reason is None:
        st.write(say("Chọn một lý do để thử lại tất cả tin của lý do đó."))
        return
    st.write(say("Sửa nguyên nhân trước (ví dụ đăng ký bẫy), rồi thử lại."))
    st.button(say("Thử lại mọi tin của lý do này"), key="replay_reason", on_click=replay,
              args=(who, {"reason": reason}))  # fmt: skip


def _whole(who: Reader, quarantine_id: str) -> None:
    say = who.words
    one = who.get(f"/quarantine/{quarantine_id}", views.WholeMessage).value
    with st.container(border=True):
        st.text(one.topic)
        st.text(f"{reason_word(one.reason, say)}: {one.detail}")
        st.text(state_word(one, say))
        st.code(one.payload[:LONGEST], language=None, wrap_lines=True)
        st.text(say("{n} byte; ký tự lạ được ghi bằng mã.", n=say.number(one.payload_bytes)))
        if one.is_whole and one.state == "kept":
            st.button(
                say("Thử lại tin này"), key="replay_one", on_click=replay, args=(who, {"ids": [one.quarantine_id]})
            )
        elif not one.is_whole:
            st.text(say("Tin bị cắt vì quá dài, không thử lại được."))


def replay(who: Reader, body: dict[str, object]) -> None:
    """Asks ingest to take messages up again, and says how many."""
    say = who.words
    done, asked = acts.do(who, FORM, "POST", "/quarantine/replay", views.Asked, body, say("Đã nhờ thử lại."))
    if done and asked:
        st.toast(
            say("{n} tin sẽ được thử lại trong vài giây; tải lại trang để xem kết quả.", n=say.number(asked.asked))
        )
