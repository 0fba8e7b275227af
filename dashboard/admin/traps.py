"""Traps: register, move, retire, and the login by which each reaches the broker."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

import streamlit as st

from dashboard import panels
from dashboard.admin import acts
from dashboard.client import Refused
from dashboard.places import Names
from dashboard.reader import Reader
from dashboard.words import Words
from lighttrap import views

FORM = "trap"


def show(who: Reader, names: Names) -> None:
    """The list, and beside it one trap to work on, or a new one."""
    say = who.words
    left, right = st.columns([3, 2], gap="large")
    with left:
        _list(names, say)
    with right:
        chosen = acts.picked("trap", say("Bẫy"), sorted(names.traps), names.trap, say("Đăng ký bẫy mới"))
        acts.show_refusal(FORM)
        trap = names.traps.get(chosen or "")
        if trap is None:
            _register(who, names)
        elif trap.retired_at is not None:
            st.write(say("Bẫy này đã ngừng từ {at}.", at=say.night(trap.retired_at.date(), year=True)))
        else:
            _move(who, names, trap)
            _login(who, trap)
            _retire(who, trap)


def _list(names: Names, say: Words) -> None:
    if not names.traps:
        panels.empty(
            say("Chưa có bẫy nào."),
            [
                say("Thêm ruộng trước, ở phần Ruộng."),
                say("Đăng ký bẫy vào ruộng, rồi cấp mã kết nối và in mã QR."),
                say("Cài mã vào bẫy; sau đêm đầu tiên bẫy hiện ở trang Thiết bị."),
            ],
        )
        return
    st.dataframe(
        [
            {
                say("Bẫy"): names.trap(one.trap_id),
                say("Ruộng"): names.field(one.field_id),
                say("Xã, phường"): names.commune_of(one.field_id),
                say("Tình trạng"): state_word(one, say),
                say("Đèn, giờ/đêm"): say.number(one.nominal_s / 3600, 1),
            }
            for one in sorted(names.traps.values(), key=lambda one: (one.retired_at is not None, one.trap_id))
        ],
        hide_index=True,
        alt=say("Danh sách bẫy"),
    )


def state_word(trap: views.Trap, say: Words) -> str:
    """In use, in no field yet, or retired."""
    if trap.retired_at is not None:
        return say("đã ngừng")
    return say("đang dùng") if trap.field_id else say("chưa đặt vào ruộng")


def _register(who: Reader, names: Names) -> None:
    say, form = who.words, "trap-new"
    if not names.fields:
        st.write(say("Nên thêm ruộng trước; bẫy chưa ở ruộng nào thì không ai được báo."))
    with st.form(form, border=True):
        note = say("Chữ thường không dấu, số và gạch nối; in trên bẫy, sau này không đổi được.")
        st.text_input(say("Mã bẫy"), key=acts.key(form, "id"), max_chars=32, placeholder="st-014", help=note)
        st.text_input(say("Tên bẫy"), key=acts.key(form, "name"), max_chars=200, placeholder="Bẫy 14")
        st.selectbox(say("Đặt ở ruộng"), [None, *_ordered(names)], key=acts.key(form, "field"),
                     format_func=lambda one: _told(names, one) if one else say("Chưa đặt"))  # fmt: skip
        st.number_input(
            say("Đèn sáng theo kế hoạch, giờ mỗi đêm"), 0.5, 24.0, 11.0, 0.5, "%g", key=acts.key(form, "hours")
        )
        st.form_submit_button(say("Đăng ký bẫy"), type="primary", on_click=register, args=(who, form), width="stretch")


def register(who: Reader, form: str) -> None:
    """Sends the form."""
    trap_id = (acts.typed(form, "id") or "").lower()
    if not trap_id:
        acts.refuse(form, who.words("Hãy ghi mã bẫy."))
        return
    body = {
        "trap_id": trap_id, "name": acts.typed(form, "name"), "field_id": acts.typed(form, "field"),
        "nominal_s": round(acts.typed(form, "hours") * 3600),
    }  # fmt: skip
    done, _ = acts.do(who, form, "POST", "/traps", views.Trap, body, who.words("Đã đăng ký. Giờ hãy cấp mã kết nối."))
    if done:
        st.session_state["pick_trap"] = trap_id


def _move(who: Reader, names: Names, trap: views.Trap) -> None:
    say, form = who.words, f"{FORM}-move-{trap.trap_id}"
    others = [one for one in _ordered(names) if one != trap.field_id]
    with st.container(border=True):
        st.html(f"<div>{say('Đang ở')}: <strong>{escape(_told(names, trap.field_id))}</strong></div>")
        if others:
            with st.form(form, border=False):
                st.selectbox(say("Dời sang ruộng"), others, None, lambda one: _told(names, one),
                             key=acts.key(form, "field"), placeholder=say("Chọn ruộng"))  # fmt: skip
                st.form_submit_button(say("Dời bẫy"), on_click=move, args=(who, form, trap.trap_id))


def move(who: Reader, form: str, trap_id: str) -> None:
    """Puts the trap elsewhere from now on."""
    field_id = acts.typed(form, "field")
    if not field_id:
        acts.refuse(form, who.words("Hãy chọn ruộng."))
        return
    acts.do(who, form, "POST", f"/traps/{quote(trap_id)}/move", views.Trap, {"field_id": field_id},
            who.words("Đã dời; những đêm trước vẫn thuộc ruộng cũ."))  # fmt: skip


def _login(who: Reader, trap: views.Trap) -> None:
    say = who.words
    with st.container(border=True):
        st.markdown(f"**{say('Mã kết nối')}**")
        found = credential(who, trap.trap_id)
        if found is None or found.revoked_at is not None:
            st.write(
                say("Chưa cấp.") if found is None else say("Đã thu hồi lúc {at}.", at=say.moment(found.revoked_at))
            )
            st.button(say("Cấp mã kết nối"), key="provision", type="primary", on_click=provision, args=(who, trap))
            return
        acts.line(say("Cấp lúc {at}, bởi {who}.", at=say.moment(found.issued_at), who=found.issued_by))
        with st.container(horizontal=True):
            acts.confirm(
                say("Cấp mã mới"), say("Mã cũ sẽ không dùng được nữa; phải cài mã mới vào bẫy."),
                say("Đồng ý, cấp mã mới"), provision, who, trap, name="provision",
            )  # fmt: skip
            acts.confirm(
                say("Thu hồi"), say("Bẫy sẽ bị ngắt khỏi máy chủ trong vài giây."), say("Đồng ý, thu hồi"),
                revoke, who, trap, name="revoke",
            )  # fmt: skip


def credential(who: Reader, trap_id: str) -> views.TrapCredential | None:
    """The trap's login; None when it never had one."""
    try:
        return who.get(f"/traps/{quote(trap_id)}/credential", views.TrapCredential).value
    except Refused as fault:
        if fault.kind != "not-found":
            raise
        return None


def provision(who: Reader, trap: views.Trap) -> None:
    """Makes a login and keeps it to be shown this once."""
    say = who.words
    done, made = acts.do(who, FORM, "POST", f"/traps/{quote(trap.trap_id)}/credential", views.NewTrapCredential,
                         done=say("Đã cấp mã."))  # fmt: skip
    if done and made:
        told = {
            say("Tên đăng nhập"): made.username, say("Mật khẩu"): made.secret, say("Máy chủ"): made.broker_url,
            say("Cả đoạn mã, như trong mã QR"): made.connect_code,
        }  # fmt: skip
        title = say("Mã kết nối của {trap}: in mã QR, dán trong nắp bẫy", trap=trap.trap_id)
        acts.tell_once(title, **told, svg=made.qr_svg)


def revoke(who: Reader, trap: views.Trap) -> None:
    """Takes the login away."""
    acts.do(who, FORM, "DELETE", f"/traps/{quote(trap.trap_id)}/credential", views.TrapCredential,
            done=who.words("Đã thu hồi."))  # fmt: skip


def _retire(who: Reader, trap: views.Trap) -> None:
    say = who.words
    acts.confirm(
        say("Ngừng dùng bẫy này"),
        say("Số liệu cũ vẫn còn. Số liệu gửi từ giờ bị giữ lại, mã kết nối bị thu hồi. Không mở lại được."),
        say("Đồng ý, ngừng {trap}", trap=trap.trap_id), retire, who, trap, name="retire",
    )  # fmt: skip


def retire(who: Reader, trap: views.Trap) -> None:
    """Ends its service now."""
    acts.do(who, FORM, "POST", f"/traps/{quote(trap.trap_id)}/retire", views.Trap, {}, who.words("Đã ngừng bẫy."))


def _ordered(names: Names) -> list[str]:
    return sorted(names.fields, key=lambda one: (names.commune_of(one), names.field(one)))


def _told(names: Names, field_id: str | None) -> str:
    return f"{names.commune_of(field_id)} · {names.field(field_id)}" if field_id else "–"
