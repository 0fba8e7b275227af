"""The parts of the page, and for whom each is; the API decides anew."""

from __future__ import annotations

import streamlit as st

from dashboard.reader import Reader
from dashboard.words import Words
from lighttrap.model import Role
from lighttrap.permissions import Permission, allows

NEEDS = {
    "fields": Permission.KEEP_FIELDS,
    "traps": Permission.KEEP_TRAPS,
    "rules": Permission.SET_RULES,
    "recipients": Permission.KEEP_RECIPIENTS,
    "users": Permission.KEEP_PEOPLE,
    "quarantine": Permission.REPLAY,
    "audit": Permission.SEE_AUDIT,
    "me": None,
}


def title(part: str, say: Words) -> str:
    """A part's name."""
    return {
        "fields": say("Ruộng"), "traps": say("Bẫy"), "rules": say("Ngưỡng"), "recipients": say("Người nhận tin"),
        "users": say("Người dùng"), "quarantine": say("Tin bị giữ lại"), "audit": say("Nhật ký"),
        "me": say("Tài khoản của tôi"),
    }[part]  # fmt: skip


def of(role: Role) -> list[str]:
    """The parts for a role."""
    return [part for part, needed in NEEDS.items() if needed is None or allows(role, needed)]


def choose(who: Reader) -> str:
    """The part that is asked for: of the address, else the first."""
    known = of(who.role)
    asked = st.query_params.get("part", "")
    if st.session_state.get("admin_part") not in known:
        st.session_state["admin_part"] = asked if asked in known else known[0]
    chosen = st.segmented_control(
        who.words("Phần"), known, format_func=lambda part: title(part, who.words), key="admin_part",
        label_visibility="collapsed", required=True,
    )  # fmt: skip
    st.query_params["part"] = str(chosen)
    return str(chosen)
