"""What was changed, by whom: the log, with before and after of each change told as a difference."""

from __future__ import annotations

import re
from html import escape
from typing import Any

import streamlit as st

from dashboard import panels
from dashboard.admin import acts
from dashboard.places import Names
from dashboard.reader import Reader
from dashboard.words import Words
from lighttrap import views

KINDS = (
    "alert",
    "account",
    "correction",
    "field",
    "quarantine",
    "recipient",
    "rule",
    "setting",
    "token",
    "trap",
    "visit",
)
PAGE = 50
_PAGES = "audit_pages"


def show(who: Reader, _names: Names) -> None:
    """The newest first, of one kind or of all, page by page."""
    say = who.words
    with st.container(width=360):
        kind = acts.picked("kind", say("Về"), KINDS, lambda one: kind_word(one, say), say("Tất cả"))
    before = st.session_state.setdefault(_PAGES, [])
    if st.session_state.get("audit_kind") != kind:
        st.session_state["audit_kind"], before = kind, []
        st.session_state[_PAGES] = before
    found = who.get(
        "/audit", views.Page[views.AuditEntry], object_kind=kind, limit=PAGE, after=before[-1] if before else None
    ).value
    if not found.items:
        panels.empty(say("Chưa có thay đổi nào được ghi."))
    for one in found.items:
        _entry(one, say)
    with st.container(horizontal=True):
        if before:
            st.button(say("Mới hơn"), key="audit_newer", on_click=before.pop)
        if found.next:
            st.button(say("Cũ hơn"), key="audit_older", on_click=before.append, args=(found.next,))


def kind_word(kind: str, say: Words) -> str:
    """What a change was made to; the log's own word where there is none."""
    words = {
        "alert": say("Cảnh báo"), "account": say("Người dùng"), "correction": say("Sửa số đếm"), "field": say("Ruộng"),
        "quarantine": say("Tin bị giữ lại"), "recipient": say("Người nhận tin"), "rule": say("Ngưỡng"),
        "setting": say("Quyết định của đơn vị"), "token": say("Thẻ cho chương trình"), "trap": say("Bẫy"),
        "visit": say("Lần thăm bẫy"), "signup-code": say("Mã đăng ký cho bà con"),
    }  # fmt: skip
    return words.get(kind, kind)


def difference(one: views.AuditEntry) -> list[tuple[str, str | None, str | None]]:
    """What is another value than before: name, before, after; None where there was or is no such thing."""
    before, after = one.before or {}, one.after or {}
    names = [*before, *(name for name in after if name not in before)]
    if one.before is None or one.after is None:
        names = [name for name in names if (before or after)[name] is not None]
    rows = [(name, _told(before, name), _told(after, name)) for name in names]
    return [row for row in rows if row[1] != row[2]]


def _told(values: dict[str, Any], name: str) -> str | None:
    if values.get(name) is None:
        return None
    text = re.sub(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d):\d\d(\.\d+)?", r"\1 \2", str(values[name]))
    return text if len(text) <= 120 else f"{text[:119]}…"


def _entry(one: views.AuditEntry, say: Words) -> None:
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{_cell(old, 'del')}</td><td>{_cell(new, 'ins')}</td></tr>"
        for name, old, new in difference(one)
    )
    heads = "".join(f"<th>{escape(text)}</th>" for text in (say("Mục"), say("Trước"), say("Sau")))
    table = f'<div class="changes"><table><tr>{heads}</tr>{rows}</table></div>' if rows else ""
    with st.container(border=True):
        st.html(
            f"<div><strong>{escape(kind_word(one.object_kind, say))} {escape(one.object_id)}</strong>: "
            f"{escape(action_word(one.action, say))}</div>"
            f'<div class="fresh">{escape(say.moment(one.at))} · {escape(one.who)}</div>{table}'
        )


def _cell(text: str | None, tag: str) -> str:
    return "–" if text is None else f"<{tag}>{escape(text)}</{tag}>"


def action_word(action: str, say: Words) -> str:
    """What was done; the log's own word where there is none."""
    words = {
        "put": say("đặt, sửa"), "add": say("thêm"), "end": say("kết thúc"), "register": say("đăng ký"),
        "move": say("dời"), "retire": say("ngừng dùng"), "provision": say("cấp mã kết nối"), "revoke": say("thu hồi"),
        "put address": say("đổi số"), "drop address": say("bỏ số"), "retry": say("gửi lại"), "change": say("sửa"),
        "change role": say("đổi vai trò"), "remove": say("bỏ"), "reveal": say("xem số thật"),
        "erase": say("xóa hẳn"), "stop": say("ngừng gửi"), "resume": say("gửi lại"),
        "note consent": say("ghi lời đồng ý"),
        "ask for replay": say("nhờ thử lại"), "undo": say("bỏ sửa"), "subscribe": say("báo thêm nơi"),
        "unsubscribe": say("bỏ một nơi báo"), "make": say("tạo"), "acknowledge": say("nhận xử lý"),
        "approve": say("duyệt"), "reject": say("không duyệt"), "comment": say("ghi chú"), "assign": say("giao việc"),
    }  # fmt: skip
    return words.get(action, action)
