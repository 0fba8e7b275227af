"""Which trap do I visit today, and with what part? The worst first, for a telephone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from html import escape

import streamlit as st

from dashboard import health, panels, places, reader, shell
from dashboard.client import ApiFault
from dashboard.health import Condition, Need
from dashboard.places import Names
from dashboard.reader import Reader
from dashboard.words import ZONE, Words
from lighttrap import views
from lighttrap.model import Work
from lighttrap.permissions import Permission

VISITS = 20


def show_devices(who: Reader, names: Names) -> None:
    """Everything below the head."""
    say = who.words
    devices = [one for page in places.pages(who, "/devices", views.Page[views.Device]) for one in page.items]
    found = health.conditions(devices, datetime.now(UTC), who.settings.stale_after_s)
    st.html(f'<p class="verdict" role="heading" aria-level="2">{escape(health.sentence(found, say))}</p>')
    if not found:
        panels.empty(say("Đăng ký bẫy đầu tiên ở trang Quản trị, rồi nối bẫy bằng mã QR."))
        return
    communes = sorted({names.commune_of(names.field_of(one.device.trap_id)) for one in found})
    chosen = st.selectbox(
        say("Xã, phường"), [None, *communes], format_func=lambda name: name or say("Tất cả"), key="device_commune"
    )
    near = [one for one in found if chosen in (None, names.commune_of(names.field_of(one.device.trap_id)))]
    urgent = [one for one in near if one.need is not Need.NONE]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        for need in Need:
            of_need = [one for one in urgent if one.need is need]
            if of_need:
                st.subheader(f"{health.need_word(need, say)} ({say.number(len(of_need))})", anchor=False)
                st.write(health.bring(need, say).capitalize() + ".")
                for one in of_need:
                    show_card(who, names, one)
        show_well(names, [one for one in near if one.need is Need.NONE], say)
    with right:
        if who.may(Permission.VISIT):
            write_visit(who, names, [one.device.trap_id for one in near])
        with panels.calm(say, who.settings.phone):
            show_visits(who, names)


def show_card(who: Reader, names: Names, one: Condition) -> None:
    """One trap that needs somebody."""
    say, device = who.words, one.device
    facts = [say("nghe lần cuối {age}", age=say.age(one.silent_s)) if one.silent_s is not None else ""]
    facts += [say("pin {v} V", v=say.number(device.battery_v, 1)) if device.battery_v is not None else ""]
    facts += [say("sóng {dbm} dBm", dbm=say.number(device.signal_dbm)) if device.signal_dbm is not None else ""]
    facts += [say("thiếu {n} lần đọc", n=say.number(device.missing)) if device.missing else ""]
    place = f"{names.commune_of(names.field_of(device.trap_id))} · {names.field(names.field_of(device.trap_id))}"
    with st.container(border=True):
        st.html(
            f"<div><strong>{escape(names.trap(device.trap_id))}</strong><br>{escape(place)}<br>"
            f"{escape(', '.join(fact for fact in facts if fact))}</div>"
        )


def show_well(names: Names, found: list[Condition], say: Words) -> None:
    """The traps that are well, as a table."""
    if not found:
        return
    with st.expander(f"{health.need_word(Need.NONE, say)} ({say.number(len(found))})"):
        st.dataframe(
            [
                {
                    say("Bẫy"): names.trap(one.device.trap_id),
                    say("Xã, phường"): names.commune_of(names.field_of(one.device.trap_id)),
                    say("Nghe lần cuối"): say.age(one.silent_s or 0),
                    say("Pin, V"): say.number(one.device.battery_v, 1),
                    say("Sóng, dBm"): say.number(one.device.signal_dbm),
                    say("Phần mềm"): one.device.firmware or "–",
                }
                for one in found
            ],
            hide_index=True,
            alt=say("Những bẫy đang ổn"),
        )


def write_visit(who: Reader, names: Names, traps: list[str]) -> None:
    """A form for what was done at a trap; made to be filled in standing beside it."""
    say = who.words
    st.subheader(say("Ghi lần thăm bẫy"), anchor=False)
    asked = st.query_params.get("trap")
    with st.form("visit", clear_on_submit=True):
        st.selectbox(say("Bẫy"), traps, index=traps.index(asked) if asked in traps else 0, format_func=names.trap,
                     key="visit_trap")  # fmt: skip
        st.pills(say("Đã làm"), list(Work), selection_mode="multi", format_func=lambda one: work_word(one, say),
                 key="visit_work")  # fmt: skip
        st.number_input(say("Pin đo được, V (bỏ trống nếu không đo)"), 0.0, 30.0, None, 0.1, key="visit_battery")
        st.date_input(say("Ngày"), datetime.now(ZONE).date(), key="visit_day",
                      format="DD/MM/YYYY", max_value=datetime.now(ZONE).date())  # fmt: skip
        st.text_area(say("Ghi chú"), key="visit_note", max_chars=1000, height=80)
        st.form_submit_button(say("Lưu"), type="primary", on_click=save_visit, args=(who,), width="stretch")


def save_visit(who: Reader) -> None:
    """Sends the form to the API, and says what became of it."""
    form = st.session_state
    body = {
        "work": [str(one) for one in form["visit_work"]],
        "battery_v": form["visit_battery"],
        "note": form["visit_note"].strip() or None,
        "at": _moment(form["visit_day"]),
    }
    try:
        who.change("POST", f"/traps/{form['visit_trap']}/visits", views.Visit, body)
        st.toast(who.words("Đã lưu."))
    except ApiFault as fault:
        st.toast(who.words("Không ghi được: {why}", why=fault))


def show_visits(who: Reader, names: Names) -> None:
    """The last visits."""
    say = who.words
    found = who.get("/visits", views.Page[views.Visit], limit=VISITS).value.items
    st.subheader(say("Những lần thăm gần đây"), anchor=False)
    if not found:
        st.write(say("Chưa ghi lần thăm nào."))
    for one in found:
        done = ", ".join(work_word(work, say) for work in one.work)
        measured = say("pin {v} V", v=say.number(one.battery_v, 1)) if one.battery_v is not None else ""
        text = "; ".join(part for part in (done, measured, one.note or "") if part)
        st.html(
            f"<div><strong>{escape(names.trap(one.trap_id))}</strong>, {escape(say.moment(one.at))}, "
            f"{escape(one.author)}<br>{escape(text) or '–'}</div>"
        )


def work_word(work: Work, say: Words) -> str:
    """What was done at a trap, in words."""
    words = {
        "tray-cleaned": say("dọn khay"), "lamp-changed": say("thay đèn"), "battery-changed": say("thay pin"),
        "panel-cleaned": say("lau tấm pin mặt trời"), "camera-cleaned": say("lau camera"), "moved": say("dời bẫy"),
        "other": say("việc khác"),
    }  # fmt: skip
    return words.get(str(work), str(work))


def _moment(day: date) -> str | None:
    """None for today, which is now; noon for an earlier day."""
    return None if day == datetime.now(ZONE).date() else datetime.combine(day, time(12), ZONE).isoformat()


def main() -> None:
    """The page."""
    who = reader.current()
    shell.head(who, who.words("Thiết bị"))
    with panels.calm(who.words, who.settings.phone):
        show_devices(who, places.names(who))


main()
