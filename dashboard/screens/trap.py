"""What happens at one trap, and can it be trusted? Its nights, recounts, events and visits."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from html import escape
from urllib.parse import quote, urlencode

import streamlit as st

from dashboard import choices, drawing, health, outlook, panels, places, reader, shell, trend
from dashboard.client import ApiFault
from dashboard.places import Names
from dashboard.reader import Reader
from dashboard.words import ZONE, Words
from lighttrap import views
from lighttrap.night import night_of
from lighttrap.permissions import Permission

NIGHTS = 90
NEWS = 30


def show_trap(who: Reader, names: Names, trap_id: str, species: str) -> None:
    """Health, chart, the nights to correct, what happened."""
    say = who.words
    last = datetime.now(ZONE).date()
    answer = who.get(f"/traps/{quote(trap_id)}/trend", views.Trend, species=species,
                     first=last - timedelta(days=NIGHTS - 1), last=last)  # fmt: skip
    found = answer.value
    if answer.is_old:
        panels.strip(say("Máy chủ không trả lời. Dưới đây là số liệu lấy lúc {at}.", at=say.moment_of(answer.at)))
    if not found.traps:
        panels.empty(say("Bẫy này chưa có đêm nào."), [say("Nối bẫy bằng mã QR; đêm đầu tiên sẽ hiện ở đây.")])
        return
    [trap] = found.traps
    show_health(who, names, trap_id)
    st.markdown(
        "\n".join([f"- {say('Trạng thái')}: {outlook.state_word(trap, say)}",
                   *(f"- {line}" for line in outlook.trap_lines(trap, say))])
    )  # fmt: skip
    log = st.toggle(say("Trục logarit"), key="trap_log")
    told = news(who, trap_id)
    happened = [(night_of(at), text) for at, text in told if night_of(at) in found.nights]
    with shell.wide("trap"):
        drawing.show(
            who, names.trap(trap_id), (found,), ("trend", trap_id, log, *happened),
            lambda: trend.chart(found, trend.of_trap(found, trap, say), say, who.ink, log=log, happened=happened),
        )  # fmt: skip
    st.html(f'<p class="fresh">{escape(outlook.legend(found, say))}</p>')
    left, right = st.columns(2, gap="medium")
    with left:
        show_corrections(who, names, found, trap)
    with right:
        show_news(who, trap_id, told)


def show_health(who: Reader, names: Names, trap_id: str) -> None:
    """One line on whether the trap can be trusted now."""
    say = who.words
    devices = [one for page in places.pages(who, "/devices", views.Page[views.Device]) for one in page.items]
    found = health.conditions(
        [one for one in devices if one.trap_id == trap_id], datetime.now(UTC), who.settings.stale_after_s
    )
    place = f"{names.commune_of(names.field_of(trap_id))} · {names.field(names.field_of(trap_id))}"
    parts = [place]
    for one in found:
        parts.append(health.need_word(one.need, say))
        parts += [say("nghe lần cuối {age}", age=say.age(one.silent_s))] if one.silent_s is not None else []
        volts = one.device.battery_v
        parts += [say("pin {v} V", v=say.number(volts, 1))] if volts is not None else []
    st.html(f'<p class="verdict">{escape(" · ".join(parts))}</p>')


def show_corrections(who: Reader, names: Names, found: views.Trend, trap: views.TrapNights) -> None:
    """Recounts in force, each with what the machine had; and, for whoever may, a form for another."""
    say = who.words
    st.subheader(say("Sửa số đếm"), anchor=False)
    params = {"trap_id": trap.trap_id, "species": found.species, "first": found.nights[0], "last": found.nights[-1]}
    known = who.get("/corrections", views.Page[views.Correction], **params).value.items
    if not known:
        st.write(say("Chưa đêm nào được sửa."))
    for one in known:
        with st.container(border=True):
            st.html(
                f"<div><strong>{escape(say.night(one.night, year=True))}</strong>: "
                f"{escape(_counts(one, say))}"
                f"<br>{escape(one.reason)} ({escape(one.author)}, {escape(say.moment(one.at))})</div>"
            )
            if who.may(Permission.CORRECT):
                st.button(say("Bỏ sửa, lấy lại số máy"), key=f"undo-{one.correction_id}", on_click=undo,
                          args=(who, one))  # fmt: skip
    if who.may(Permission.CORRECT):
        write_correction(who, found, trap)


def write_correction(who: Reader, found: views.Trend, trap: views.TrapNights) -> None:
    """A recount of one night: what was counted, and why it differs."""
    say = who.words
    nights = {
        night: place
        for place, night in enumerate(found.nights)
        if trap.machine_count[place] is not None and trap.state[place] not in ("pending", "manual")
    }
    if not nights:
        return
    with st.form("correction", clear_on_submit=True):
        st.selectbox(
            say("Đêm"), list(nights)[::-1], key="correction_night",
            format_func=lambda night: say("{night}: máy đếm {machine}", night=say.night(night, year=True),
                                          machine=say.number(trap.machine_count[nights[night]])),
        )  # fmt: skip
        st.number_input(say("Số đếm lại"), 0, 1_000_000, None, 1, key="correction_count")
        st.text_input(say("Lý do (bắt buộc, được lưu lại)"), key="correction_reason", max_chars=200)
        st.form_submit_button(say("Lưu số đếm lại"), type="primary", on_click=correct, args=(who, found, trap))


def correct(who: Reader, found: views.Trend, trap: views.TrapNights) -> None:
    """Sends the recount, with what was seen, so that nobody else's is overwritten."""
    form, say = st.session_state, who.words
    night: date = form["correction_night"]
    place = found.nights.index(night)
    reason = form["correction_reason"].strip()
    if form["correction_count"] is None or not reason:
        st.toast(say("Hãy ghi số đếm lại và lý do."))
        return
    body = {
        "count": form["correction_count"], "reason": reason, "machine_count": trap.machine_count[place],
        "correction_id": trap.correction_id[place],
    }  # fmt: skip
    path = f"/traps/{quote(trap.trap_id)}/nights/{night.isoformat()}/species/{quote(found.species)}/correction"
    _send(who, "PUT", path, body)


def undo(who: Reader, one: views.Correction) -> None:
    """Lets the machine's count be in force again."""
    reason = who.words("bỏ sửa trên trang bẫy")
    _send(who, "DELETE", f"/corrections/{one.correction_id}?{urlencode({'reason': reason})}", None)


def news(who: Reader, trap_id: str) -> list[tuple[datetime, str]]:
    """What the trap told and what people did there, the newest first."""
    say = who.words
    events = who.get(f"/traps/{quote(trap_id)}/events", views.Page[views.TrapEvent], limit=NEWS).value.items
    visits = who.get("/visits", views.Page[views.Visit], trap_id=trap_id, limit=NEWS).value.items
    lines = [(one.at, say("bẫy báo: {what}", what=" ".join([one.event, one.note or ""]).strip())) for one in events]
    lines += [
        (one.at, say("{who} đã thăm: {what}", who=one.author, what=", ".join([*map(str, one.work), one.note or ""])))
        for one in visits
    ]
    return sorted(lines, reverse=True)


def show_news(who: Reader, trap_id: str, told: list[tuple[datetime, str]]) -> None:
    """The same as a list, and the way to write down a visit."""
    say = who.words
    st.subheader(say("Sự kiện và lần thăm"), anchor=False)
    if not told:
        st.write(say("Chưa có sự kiện nào."))
    for at, text in told[:NEWS]:
        st.html(f"<div><strong>{escape(say.moment(at))}</strong> {escape(text)}</div>")
    st.page_link("screens/devices.py", label=say("Ghi lần thăm bẫy"), query_params=shell.kept_params(trap=trap_id))


def _counts(one: views.Correction, say: Words) -> str:
    machine, count = say.number(one.machine_count_now), say.number(one.count)
    return say("máy đếm {machine}, người đếm {count}", machine=machine, count=count)


def _send(who: Reader, method: str, path: str, body: object) -> None:
    try:
        who.change(method, path, views.Correction, body)
        st.toast(who.words("Đã lưu."))
    except ApiFault as fault:
        who.client.forget(who.session)
        st.toast(who.words("Không ghi được: {why}", why=fault))


def main() -> None:
    """The page."""
    who = reader.current()
    say = who.words
    shell.head(who, say("Bẫy"))
    with panels.calm(say, who.settings.phone):
        names = places.names(who)
        if not names.traps:
            panels.empty(say("Chưa có bẫy nào."), [say("Đăng ký bẫy ở trang Quản trị.")])
            return
        left, right = st.columns(2)
        with left:
            trap_id = choices.trap(who, names)
        with right:
            species = choices.species(who, names)
        show_trap(who, names, trap_id, species)


main()
