"""What happens in one field, against its thresholds and its normal, and what follows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from html import escape

import streamlit as st

from dashboard import choices, drawing, outlook, panels, places, reader, shell, trend
from dashboard.client import Answer
from dashboard.places import Names
from dashboard.reader import Reader
from dashboard.words import ZONE
from lighttrap import views

SPANS = {"60": 60, "120": 120, "365": 365}
BESIDE = 3


def show_field(who: Reader, names: Names, field_id: str, species: str, days: int) -> None:
    """The sentence, the chart, what follows, and each trap."""
    say = who.words
    last = datetime.now(ZONE).date()
    first = last - timedelta(days=days - 1)
    answer = ask(who, field_id, species, first, last)
    found = answer.value
    if answer.is_old:
        panels.strip(say("Máy chủ không trả lời. Dưới đây là số liệu lấy lúc {at}.", at=say.moment_of(answer.at)))
    heard_s = (datetime.now(UTC) - found.heard_at).total_seconds() if found.heard_at else None
    panels.freshness(say, heard_s, who.settings.stale_after_s)
    if found.is_mixed or found.field is None:
        panels.strip(say("Các bẫy ở đây thắp đèn khác giờ nhau nên không gộp lại; xem từng bẫy."))
    else:
        st.html(
            f'<p class="verdict" role="heading" aria-level="2">'
            f"{escape(outlook.sentence(found, names, field_id, species, say))}</p>"
        )
        st.markdown("\n".join(f"- {line}" for line in outlook.lines(found, say)))
        left, right = st.columns([3, 1], vertical_alignment="bottom")
        with left:
            beside = choose_beside(who, names, field_id, species, first, last)
        log = right.toggle(say("Trục logarit"), key="trend_log")
        with shell.wide("field"):
            drawing.show(
                who, outlook.alt_text(found, say), (found, *(values for _, _, values in beside)),
                ("trend", "field", log, *(name for name, _, _ in beside)),
                lambda: trend.chart(found, trend.of_field(found, say), say, who.ink, log=log, beside=beside),
            )  # fmt: skip
        st.html(f'<p class="fresh">{escape(outlook.legend(found, say))}</p>')
    st.subheader(say("Từng bẫy"), anchor=False)
    for trap in found.traps:
        show_trap(who, names, found, trap)


def show_trap(who: Reader, names: Names, found: views.Trend, trap: views.TrapNights) -> None:
    """A trap in a line, and its own chart when opened."""
    say = who.words
    with st.expander(f"{names.trap(trap.trap_id)}: {outlook.state_word(trap, say)}"):
        st.markdown("\n".join(f"- {line}" for line in outlook.trap_lines(trap, say)))
        with shell.wide(trap.trap_id):
            drawing.show(
                who, names.trap(trap.trap_id), (found,), ("trend", trap.trap_id, False),
                lambda: trend.chart(found, trend.of_trap(found, trap, say), say, who.ink),
            )  # fmt: skip
        st.page_link("screens/trap.py", label=say("Mở trang của bẫy"),
                     query_params=shell.kept_params(trap=trap.trap_id, species=found.species))  # fmt: skip


def ask(
    who: Reader, field_id: str, species: str, first: date, last: date, *, forecasts: bool = True
) -> Answer[views.Trend]:
    """The trend of a field, from the API; without forecasts it is quicker."""
    wanted = {"species": species, "first": first, "last": last, "forecasts": str(forecasts).lower()}
    return who.get(f"/fields/{field_id}/trend", views.Trend, **wanted)


def choose_beside(
    who: Reader, names: Names, field_id: str, species: str, first: date, last: date
) -> list[tuple[str, list[date], list[float | None]]]:
    """Other fields, or the same nights of last year, to compare with."""
    say = who.words
    others = [one for one in names.fields if one != field_id]
    chosen = st.multiselect(
        say("So với"), ["last-year", *others], max_selections=BESIDE, key="trend_beside",
        placeholder=say("chọn ruộng hoặc năm trước"),
        format_func=lambda one: say("năm trước") if one == "last-year" else names.field(one),
    )  # fmt: skip
    found: list[tuple[str, list[date], list[float | None]]] = []
    for one in chosen:
        back = timedelta(days=365) if one == "last-year" else timedelta(0)
        other = ask(who, field_id if back else one, species, first - back, last - back, forecasts=False).value
        if other.field is None:
            panels.strip(say("{name}: bẫy thắp đèn khác giờ nhau, không so được.", name=names.field(one)))
            continue
        name = say("năm trước") if back else names.field(one)
        found.append((name, [night + back for night in other.nights], other.field.value))
    if "last-year" in chosen:
        panels.strip(say("Cùng ngày năm trước lệch khoảng 11 ngày âm lịch."))
    return found


def main() -> None:
    """The page."""
    who = reader.current()
    say = who.words
    shell.head(who, say("Xu hướng và né rầy"))
    with panels.calm(say, who.settings.phone):
        names = places.names(who)
        if not names.fields:
            panels.empty(say("Chưa có ruộng nào."), [say("Thêm ruộng ở trang Quản trị.")])
            return
        left, middle, right = st.columns(3)
        with left:
            field_id = choices.field(who, names)
        with middle:
            species = choices.species(who, names)
        with right:
            span = st.segmented_control(say("Số đêm"), list(SPANS), default="60", key="trend_span", required=True)
        show_field(who, names, field_id, species, SPANS[span or "60"])


main()
