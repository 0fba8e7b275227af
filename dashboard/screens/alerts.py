"""Who handles what? The inbox on its two axes, and one alert with all that was said of it and done with it."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

import streamlit as st

from dashboard import approving, caretaking, inbox, panels, places, reader, said, sendings, shell, sieve
from dashboard.client import ApiFault, Refused
from dashboard.places import Names
from dashboard.reader import Reader
from lighttrap import views
from lighttrap.permissions import Permission

PAGE = 20


def show_list(who: Reader, names: Names) -> None:
    """The alerts that the filters leave, the worst of the newest first."""
    say = who.words
    found = sieve.show(who, names)
    pages = st.session_state.get(sieve.SHOWN, 1)
    answer = who.get("/alerts", views.Page[views.Alert], limit=PAGE * pages, **sieve.asked(found, who.me.who))
    if answer.is_old:
        panels.strip(say("Máy chủ không trả lời. Dưới đây là số liệu lấy lúc {at}.", at=say.moment_of(answer.at)))
    alerts = answer.value.items
    if not alerts:
        show_none(who, names, found)
        return
    for alert in alerts:
        show_card(who, names, alert)
    if answer.value.next:
        st.button(say("Xem thêm"), key="alerts_more", on_click=show_more, args=(pages,))


def show_none(who: Reader, names: Names, found: dict[str, str]) -> None:
    """Which filter leaves nothing; or what makes an alert, where none is going on."""
    say = who.words
    narrowed = sieve.told(found, names, say)
    if narrowed or found["state"] != "active":
        panels.empty(say("Không có cảnh báo nào với bộ lọc này: {what}.",
                         what=", ".join([sieve.state_word(found["state"], names, say), *narrowed])))  # fmt: skip
        st.button(say("Bỏ lọc"), key="sieve_clear", on_click=sieve.clear)
        return
    panels.empty(
        say("Không có cảnh báo nào đang mở. Cảnh báo sinh ra như sau:"),
        [
            say("Một đêm của ruộng tới ngưỡng: cần ruộng có bẫy, và quy tắc với ngưỡng theo dõi, báo động, nguy hiểm."),
            say("Bẫy im lặng, pin yếu hoặc đèn không sáng đủ: báo cho kỹ thuật viên."),
            say("Tin cho nông dân chờ duyệt ở trang này; mọi việc đã làm được ghi lại."),
        ],
    )


def show_card(who: Reader, names: Names, alert: views.Alert) -> None:
    """One alert of the list."""
    say = who.words
    facts = [*said.standing(alert, say)[1:], *said.far(alert, 0, say)]
    asks = f'<br><span class="mark">! {escape(say("có tin chờ duyệt"))}</span>' if alert.to_approve else ""
    level = alert.level if alert.state == "active" else alert.highest
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.html(
            f"<div>{panels.badge(level, say)} <strong>{escape(inbox.title(alert, names, say))}</strong><br>"
            f"{escape('; '.join([said.lasting(alert, say), *facts]))}{asks}</div>"
        )
        with st.container(horizontal=True, width="content", gap="small"):
            if alert.acknowledged_at is None and alert.state == "active" and who.may(Permission.WORK_ALERTS):
                st.button(say("Nhận xử lý"), key=f"ack-{alert.alert_id}", on_click=caretaking.act,
                          args=(who, alert, "acknowledge", {}))  # fmt: skip
            st.button(say("Mở"), key=f"open-{alert.alert_id}", on_click=open_alert, args=(alert.alert_id,))


def show_alert(who: Reader, names: Names, alert_id: int) -> None:
    """One alert: what it says, what to decide, what was done, the rule behind it, who was told."""
    say = who.words
    st.button(say("← Mọi cảnh báo"), key="back", on_click=close_alert)
    try:
        case = who.get(f"/alerts/{alert_id}", views.AlertCase).value
    except Refused:
        panels.empty(say("Không có cảnh báo số {n} trong đơn vị này.", n=alert_id))
        return
    alert, rule = case.alert, rule_of(who, case.alert)
    sign = panels.sign(alert.level if alert.state == "active" else alert.highest)
    text = said.sentence(case, rule, names, say)
    st.html(f'<p class="verdict" role="heading" aria-level="2">{sign} {escape(text)}</p>')
    st.html(f"<div>{escape('; '.join(said.standing(alert, say)))}</div>")
    with panels.calm(say, who.settings.phone):
        caretaking.show(who, case)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        with panels.calm(say, who.settings.phone):
            approving.show(who, case)
        st.subheader(say("Diễn biến"), anchor=False)
        for line in said.time_line(case, rule, names, say):
            badge = f" {panels.badge(line.level, say)}" if line.level else ""
            st.html(
                f'<div class="moment"><span class="fresh">{escape(say.moment(line.at))}</span> '
                f"<strong>{escape(line.title)}</strong>{badge}<br>{escape(line.detail)}</div>"
            )
    with right:
        show_place(alert, names, who)
        if rule:
            st.subheader(say("Quy tắc"), anchor=False)
            if rule.is_proposal:
                st.html(f'<span class="mark">! {escape(say("ngưỡng đề xuất, chưa ai duyệt"))}</span>')
            st.markdown("\n".join(f"- {line}" for line in said.rule_lines(rule, names, say)))
        with panels.calm(say, who.settings.phone):
            sendings.show(who, case)


def show_place(alert: views.Alert, names: Names, who: Reader) -> None:
    """Where it is, with the ways to the trends and traps of the place."""
    say = who.words
    st.subheader(say("Ở đâu"), anchor=False)
    field = alert.field_id or names.field_of(alert.trap_id)
    traps = [alert.trap_id] if alert.trap_id else sorted(one for one in names.traps if names.field_of(one) == field)
    if field:
        st.write(f"{names.commune_of(field)} · {names.field(field)}")
    with st.container(horizontal=True, gap="small"):
        if field:
            st.page_link("screens/trends.py", label=say("Xu hướng của ruộng"),
                         query_params=shell.kept_params(field=field, species=alert.species))  # fmt: skip
        for trap in traps:
            st.page_link("screens/trap.py", label=names.trap(trap), width="content",
                         query_params=shell.kept_params(trap=trap, species=alert.species))  # fmt: skip


def show_age(who: Reader) -> None:
    """How old the newest data are."""
    newest = who.get("/overview", views.Overview).value.figures.newest_at
    age_s = (datetime.now(UTC) - newest).total_seconds() if newest else None
    panels.freshness(who.words, age_s, who.settings.stale_after_s)


def rule_of(who: Reader, alert: views.Alert) -> views.Rule | None:
    """The version of the rule that an alert stands under; None for a fault of a trap."""
    if alert.rule_id is None:
        return None
    try:
        versions = who.get(f"/rules/{alert.rule_id}/versions", list[views.Rule]).value
    except ApiFault:
        return None
    return next((one for one in versions if one.rule_id == alert.rule_id), None)


def open_alert(alert_id: int) -> None:
    """Opens one; the filters stay in the address."""
    st.query_params["alert"] = str(alert_id)


def close_alert() -> None:
    """Back to the list as it was."""
    st.query_params.pop("alert", None)


def show_more(pages: int) -> None:
    """One page more of the list."""
    st.session_state[sieve.SHOWN] = pages + 1


def asked_alert() -> int | None:
    """The alert of the address; None without one, and for what is no number."""
    text = st.query_params.get("alert", "")
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 16 else None


def main() -> None:
    """The page; its body looks for something new by itself."""
    who = reader.current()
    shell.head(who, who.words("Cảnh báo"))

    @st.fragment(run_every=who.settings.refresh_s)
    def body() -> None:
        caretaking.show_notice()
        with panels.calm(who.words, who.settings.phone):
            sendings.show_stalled(who)
        with panels.calm(who.words, who.settings.phone):
            show_age(who)
            names, alert_id = places.names(who), asked_alert()
            if alert_id is None:
                show_list(who, names)
            else:
                show_alert(who, names, alert_id)

    body()


main()
