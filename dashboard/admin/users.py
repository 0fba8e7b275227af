"""People of the org and what they may do, and the tokens of programs."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard.admin import acts
from dashboard.places import Names
from dashboard.reader import Reader
from dashboard.words import Words
from lighttrap import views
from lighttrap.model import Role

FORM = "user"
DAYS = (30, 90, 365, 730)


def show(who: Reader, _names: Names) -> None:
    """People on the left, tokens on the right."""
    left, right = st.columns(2, gap="large")
    with left:
        _people(who)
    with right:
        _tokens(who)


def role_word(role: Role, say: Words) -> str:
    """A role in words."""
    return {
        Role.ADMIN: say("quản trị"), Role.AGRONOMIST: say("cán bộ kỹ thuật"), Role.TECHNICIAN: say("thợ bẫy"),
        Role.VIEWER: say("chỉ xem"), Role.SERVICE: say("chương trình"),
    }[role]  # fmt: skip


def _people(who: Reader) -> None:
    say = who.words
    people = {str(one.account_id): one for one in who.get("/users", list[views.User]).value}
    st.subheader(say("Người dùng"), anchor=False)
    _list(list(people.values()), say)
    chosen = acts.picked(FORM, say("Người dùng"), list(people), lambda one: people[one].login, say("Thêm người dùng"))
    acts.show_refusal(FORM)
    if chosen:
        _change(who, people[chosen])
    else:
        _add(who)


def _list(people: list[views.User], say: Words) -> None:
    if not people:
        st.write(say("Chưa ai có vai trò riêng ở đơn vị này; chỉ người quản trị chung vào được."))
        return
    st.dataframe(
        [
            {
                say("Tên"): one.name,
                say("Đăng nhập"): one.login,
                say("Vai trò"): role_word(one.role, say),
                say("Tình trạng"): _state(one, say),
            }
            for one in people
        ],
        hide_index=True,
        alt=say("Người dùng"),
    )


def _state(one: views.User, say: Words) -> str:
    if one.disabled_at is not None:
        return say("đã khóa")
    return say("tạm khóa đến {at}", at=say.moment(one.locked_until)) if one.locked_until else say("đang dùng")


def _role_input(say: Words, form: str, role: Role) -> None:
    roles = [Role.VIEWER, Role.TECHNICIAN, Role.AGRONOMIST, Role.ADMIN, Role.SERVICE]
    st.selectbox(say("Vai trò"), roles, roles.index(role), lambda one: role_word(one, say), key=acts.key(form, "role"))


def _add(who: Reader) -> None:
    say, form = who.words, f"{FORM}-new"
    with st.form(form, border=True):
        st.text_input(say("Tên đăng nhập hoặc email"), key=acts.key(form, "login"), max_chars=254, autocomplete="off")
        _role_input(say, form, Role.VIEWER)
        st.write(say("Người đã có tài khoản: bỏ trống hai ô dưới."))
        st.text_input(say("Tên"), key=acts.key(form, "name"), max_chars=200)
        st.text_input(say("Mật khẩu đầu tiên, từ 12 ký tự"), type="password", key=acts.key(form, "password"),
                      max_chars=200, autocomplete="new-password")  # fmt: skip
        st.form_submit_button(
            say("Thêm người dùng"), type="primary", on_click=add, args=(who, form), width="stretch"
        )  # fmt: skip


def add(who: Reader, form: str) -> None:
    """Lets somebody in; the password goes from the form at once, taken or not."""
    login, name = (acts.typed(form, one) for one in ("login", "name"))
    password = st.session_state.get(acts.key(form, "password")) or None
    if not login:
        acts.refuse(form, who.words("Hãy ghi tên đăng nhập."))
        return
    if password and len(password) < 12:
        acts.refuse(form, who.words("Mật khẩu cần ít nhất 12 ký tự."))
        return
    body = {"login": login.lower(), "role": acts.typed(form, "role"), "name": name, "password": password}
    acts.do(who, form, "POST", "/users", views.User, body)


def _change(who: Reader, one: views.User) -> None:
    say, form = who.words, f"{FORM}-{one.account_id}"
    with st.form(form, border=True):
        _role_input(say, form, one.role)
        st.form_submit_button(say("Đổi vai trò"), on_click=change, args=(who, form, one))
    acts.confirm(
        say("Bỏ khỏi đơn vị"),
        say("{name} không còn thấy đơn vị này. Thẻ của chương trình do họ tạo vẫn còn.", name=one.name),
        say("Đồng ý, bỏ"), remove, who, one, name="remove-user",
    )  # fmt: skip


def change(who: Reader, form: str, one: views.User) -> None:
    """Makes somebody something else."""
    path = f"/users/{one.account_id}"
    acts.do(who, form, "PUT", path, views.User, {"role": acts.typed(form, "role")})


def remove(who: Reader, one: views.User) -> None:
    """Takes somebody out of the org."""
    acts.do(who, FORM, "DELETE", f"/users/{one.account_id}", views.User, done=who.words("Đã bỏ."))


def _tokens(who: Reader) -> None:
    say = who.words
    found = who.get("/tokens", list[views.Token]).value
    st.subheader(say("Thẻ cho chương trình"), anchor=False)
    st.write(say("Cho hệ thống khác (IOC, trang tỉnh) đọc số liệu; mỗi nơi một thẻ riêng."))
    acts.show_refusal("token")
    for one in found:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            told = f"{role_word(one.role, say)}<br>{escape(_token_line(one, say))}"
            st.html(f"<div><strong>{escape(one.name)}</strong> · {told}</div>")
            if one.revoked_at is None:
                acts.confirm(
                    say("Thu hồi"), say("Chương trình dùng thẻ này sẽ bị từ chối ngay."), say("Đồng ý, thu hồi"),
                    revoke, who, one, name=f"token-{one.token_id}",
                )  # fmt: skip
    form = "token-new"
    with st.form(form, border=True):
        st.text_input(say("Thẻ cho"), key=acts.key(form, "name"), max_chars=200, placeholder="IOC")
        _role_input(say, form, Role.SERVICE)
        st.selectbox(say("Hết hạn sau"), DAYS, 2, lambda days: say("{n} ngày", n=days), key=acts.key(form, "days"))
        st.form_submit_button(say("Tạo thẻ"), type="primary", on_click=add_token, args=(who, form), width="stretch")


def _token_line(one: views.Token, say: Words) -> str:
    used = say("dùng lần cuối {at}", at=say.moment(one.last_used_at)) if one.last_used_at else say("chưa dùng")
    if one.revoked_at is not None:
        return say("đã thu hồi ngày {at}", at=say.night(one.revoked_at.date(), year=True))
    return say("hết hạn {at}", at=say.night(one.expires_at.date(), year=True)) + f"; {used}"


def add_token(who: Reader, form: str) -> None:
    """Makes a token and keeps its secret to be shown this once."""
    say = who.words
    name = acts.typed(form, "name")
    if not name:
        acts.refuse(form, say("Hãy ghi thẻ cho ai."))
        return
    body = {"name": name, "role": acts.typed(form, "role"), "days": acts.typed(form, "days")}
    done, made = acts.do(who, form, "POST", "/tokens", views.NewToken, body, say("Đã tạo thẻ."))
    if done and made:
        acts.tell_once(say("Thẻ cho {name}", name=name), **{"Authorization: Bearer": made.secret})


def revoke(who: Reader, one: views.Token) -> None:
    """Lets a token open nothing more."""
    acts.do(who, "token", "DELETE", f"/tokens/{one.token_id}", views.Token, done=who.words("Đã thu hồi."))
