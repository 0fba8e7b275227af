"""What do I send upward? Files of a span of nights; the browser takes them from the API itself."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from dashboard import panels, reader, shell
from dashboard.reader import Reader
from dashboard.words import Words
from lighttrap import views

NIGHTS = 7
# Older nights than these are final: nothing is expected of a night after thirty days.
ASKED = 366


def what(name: str, say: Words) -> str:
    """An export in words; its own name for one that is newer than this page."""
    words = {
        "nights": say("Từng đêm của từng bẫy: số con, giờ đèn, tình trạng"),
        "field-nights": say("Từng đêm của từng ruộng: giá trị, mức, ngưỡng"),
        "readings": say("Từng lần đọc của bẫy, như bẫy đã gửi"),
        "alerts": say("Cảnh báo, theo đêm đầu tiên"),
        "corrections": say("Số đã đếm lại, và ai đã đếm"),
        "deliveries": say("Tin đã gửi, không tên và không số điện thoại"),
    }
    return words.get(name, name)


def choose_span(who: Reader, last: date) -> tuple[date, date] | None:
    """First and last night; None while they are the wrong way round."""
    say = who.words
    left, right = st.columns(2)
    first = left.date_input(say("Đêm đầu"), last - timedelta(days=NIGHTS - 1), max_value=last, format="DD/MM/YYYY")
    until = right.date_input(say("Đêm cuối"), last, max_value=last, format="DD/MM/YYYY")
    if first > until:
        panels.strip(say("Đêm đầu phải trước đêm cuối."))
        return None
    return first, until


def show_provisional(who: Reader, first: date, last: date) -> bool:
    """Says which nights of the span more is expected of; the files say it of each row."""
    say = who.words
    nights = min((last - first).days + 1, ASKED)
    found = who.get("/overview/levels", list[views.NightLevels], night=last, nights=nights).value
    open_nights = [say.night(one.night) for one in found if not one.is_final]
    if open_nights:
        panels.strip(
            say("Tạm tính: {n} đêm còn chờ số liệu ({nights}). Trong tệp, cột is_final của các đêm đó là false.",
                n=say.number(len(open_nights)), nights=", ".join(open_nights[-7:]))
        )  # fmt: skip
    return bool(open_nights)


def show_files(who: Reader, first: date, last: date) -> None:
    """A row for each export that the reader may see, a button for each kind of file; made when it is clicked."""
    say = who.words
    for kind in who.get("/exports", list[views.ExportKind]).value:
        if who.role not in kind.may_see:
            continue
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(what(kind.name, say), width=420)
            if (last - first).days >= kind.nights:
                st.markdown(say("Nhiều nhất {n} đêm một tệp.", n=say.number(kind.nights)))
                continue
            for form in kind.formats:
                url = f"{who.settings.sign_in_url()}{kind.path}?first={first}&last={last}&format={form}"
                st.link_button(form.upper(), url)


def main() -> None:
    """The page."""
    who = reader.current()
    say = who.words
    shell.head(who, say("Báo cáo"))
    with panels.calm(say, who.settings.phone):
        span = choose_span(who, who.get("/overview", views.Overview).value.night)
        if span is not None:
            show_provisional(who, *span)
            show_files(who, *span)
    st.markdown(
        say("CSV mở được bằng Excel; XLSX giữ tối đa 100.000 dòng; Parquet cho nghiên cứu; GeoJSON cho bản đồ.")
    )
    st.markdown(say("Bản tin tuần (thứ Hai, thứ Ba) chưa có ở đây; sẽ làm sau. Hiện hãy lập bản tin từ các tệp trên."))


main()
