"""Which alerts a page shows: filters that stand in its address as machine codes, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import streamlit as st

from dashboard import panels
from dashboard.places import Names
from dashboard.reader import Reader
from dashboard.words import Words

DEFAULTS: Final[Mapping[str, str]] = {
    "state": "active", "taken": "all", "level": "all", "kind": "all", "commune": "all", "field": "all",
    "assignee": "all", "approve": "all",
}  # fmt: skip
_MORE: Final = ("level", "kind", "commune", "field", "assignee", "approve")
SHOWN: Final = "alerts_shown"
"""In the session's state: how many pages of the list are open."""


def chosen() -> dict[str, str]:
    """The filters of the address."""
    return {name: st.query_params.get(name, usual) for name, usual in DEFAULTS.items()}


def asked(found: Mapping[str, str], login: str) -> dict[str, str | bool]:
    """The filters as the API is asked."""
    # What is over is history: the newest first, however bad it was.
    asks: dict[str, str | bool] = {"order": "worst" if found["state"] == "active" else "newest"}
    for name, param in (("state", "state"), ("kind", "kind"), ("level", "level"), ("field", "field_id"),
                        ("commune", "commune_code")):  # fmt: skip
        if found[name] != "all":
            asks[param] = found[name]
    if found["taken"] != "all":
        asks["acknowledged"] = found["taken"] == "yes"
    if found["approve"] == "yes":
        asks["to_approve"] = True
    if found["assignee"] == "me":
        asks["assignee"] = login
    elif found["assignee"] == "nobody":
        asks["assigned"] = False
    return asks


def told(found: Mapping[str, str], names: Names, say: Words) -> list[str]:
    """The filters that are not as usual, in words."""
    return [
        _options(name, names, say)[2](found[name])
        for name, usual in DEFAULTS.items()
        if name != "state" and found[name] != usual
    ]


def show(who: Reader, names: Names) -> dict[str, str]:
    """The filters to choose from; returns those that hold."""
    say, found = who.words, chosen()
    with st.container(horizontal=True, gap="small"):
        _segments("state", names, say)
        _segments("taken", names, say)
    others = sum(found[name] != DEFAULTS[name] for name in _MORE)
    label = say("Lọc thêm ({n})", n=others) if others else say("Lọc thêm")
    with st.expander(label, expanded=False), st.container(horizontal=True, gap="small"):
        for name in _MORE:
            _select(name, names, say)
    return found


def state_word(state: str, names: Names, say: Words) -> str:
    """Whether alerts go on or are over, in words."""
    return _options("state", names, say)[2](state)


def clear() -> None:
    """Shows all that is going on again."""
    for name in DEFAULTS:
        st.query_params.pop(name, None)
    st.session_state.pop(SHOWN, None)


def _segments(name: str, names: Names, say: Words) -> None:
    label, options, word = _options(name, names, say)
    _put(name, options)
    st.segmented_control(label, options, format_func=word, key=f"sieve_{name}", on_change=_take, args=(name,),
                         label_visibility="collapsed", required=True)  # fmt: skip


def _select(name: str, names: Names, say: Words) -> None:
    label, options, word = _options(name, names, say)
    _put(name, options)
    st.selectbox(label, options, format_func=word, key=f"sieve_{name}", on_change=_take, args=(name,), width=240)


def _put(name: str, options: Sequence[str]) -> None:
    asked_for = st.query_params.get(name, DEFAULTS[name])
    if asked_for not in options:
        st.query_params.pop(name, None)
        asked_for = DEFAULTS[name]
    st.session_state[f"sieve_{name}"] = asked_for


def _take(name: str) -> None:
    value = st.session_state[f"sieve_{name}"]
    st.session_state.pop(SHOWN, None)
    if value == DEFAULTS[name]:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value


def _options(name: str, names: Names, say: Words) -> tuple[str, list[str], Callable[[str], str]]:
    """The label of a filter, its codes, and the word for each."""
    every = {"all": say("Tất cả")}
    fixed = {
        "state": {"active": say("Đang mở"), "cleared": say("Đã qua"), "withdrawn": say("Đã rút lại")},
        "taken": {**every, "no": say("Mới"), "yes": say("Đã nhận")},
        "level": {**every, **{str(level): panels.level_word(level, say) for level in (3, 2, 1)}},
        "kind": {**every, "catch": say("Sâu rầy"), "device": say("Thiết bị")},
        "commune": {**every, **_sorted({one.properties.commune_code: names.commune_of(key)
                                        for key, one in names.fields.items() if one.properties.commune_code})},
        "field": {**every, **_sorted({key: f"{names.commune_of(key)} · {names.field(key)}" for key in names.fields})},
        "assignee": {**every, "me": say("Của tôi"), "nobody": say("Chưa giao ai")},
        "approve": {**every, "yes": say("Có tin chờ duyệt")},
    }  # fmt: skip
    labels = {
        "state": say("Tình trạng"), "taken": say("Đã nhận"), "level": say("Mức"), "kind": say("Loại"),
        "commune": say("Xã, phường"), "field": say("Ruộng"), "assignee": say("Người phụ trách"),
        "approve": say("Chờ duyệt"),
    }  # fmt: skip
    words = fixed[name]
    return labels[name], list(words), lambda code: words.get(code, code)


def _sorted(words: Mapping[str | None, str]) -> dict[str, str]:
    return dict(sorted(((key, word) for key, word in words.items() if key), key=lambda one: one[1]))
