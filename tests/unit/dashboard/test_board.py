"""The wall: what is read from five metres away, and what must not shine."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from dashboard import board, charts, maps, palette, words
from dashboard.places import Names
from lighttrap import views

SAY = words.load("vi")
NIGHT = date(2026, 11, 23)


class _Nobody:
    words = SAY


def names() -> Names:
    return Names({}, {}, {}, _Nobody())  # type: ignore[arg-type]  # only its words


def a_field(number: int = 1, **own: Any) -> views.FieldOverview:  # noqa: ANN401 - of the view
    values: dict[str, Any] = {
        "field_id": f"ruong-{number}", "name": "x", "commune_code": None, "point": [105.8, 9.4],
        "species": "nilaparvata-lugens", "value": 952.0, "level": 1, "rule_id": 1, "rule_version": 1,
        "threshold": 300.0,
        "is_final": True, "traps": 3, "reported": 3, "complete": 3, "partial": 0, "lost": 0, "silent": 0, "pending": 0,
        "highest": 1000, "highest_trap_id": "t",
    }  # fmt: skip
    return views.FieldOverview(**{**values, **own})


def a_strip(before: tuple[float | None, int | None], now: tuple[float | None, int | None]) -> views.Strip:
    nights = [
        views.StripNight(night=NIGHT - timedelta(days=1 - at), value=value, level=level, is_final=True)
        for at, (value, level) in enumerate((before, now))
    ]
    return views.Strip(field=a_field(value=now[0], level=now[1]), nights=nights)


def an_overview(*fields: views.FieldOverview, newest_at: datetime | None = None) -> views.Overview:
    figures = views.Figures(
        fields=len(fields), known=len(fields), over_threshold=0, is_final=True, traps=3, reported=3, silent=0,
        highest=None, open_alerts=0, newest_at=newest_at,
    )  # fmt: skip
    return views.Overview(night=NIGHT, asked_at=datetime(2026, 11, 24, tzinfo=UTC), figures=figures, fields=[*fields])


def test_count_of_zero_is_dim_and_others_are_not():
    boxes = re.findall(r'class="wall-count wall-(\w+)( wall-zero)?"><span class="wall-number">(\d+)',
                       board.counts(an_overview(a_field(level=3), a_field(level=0)), SAY))  # fmt: skip
    assert boxes == [
        ("alarm", "", "1"), ("warning", " wall-zero", "0"), ("watch", " wall-zero", "0"), ("none", "", "1"),
        ("unknown", " wall-zero", "0"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ((100, 0), (952, 1), ("+852", "nặng thêm")),
        ((2000, 2), (952, 1), ("−1.048", "nhẹ bớt")),
        ((900, 1), (952, 1), ("+52", "")),
        ((952, 1), (952, 1), ("0", "")),
        ((None, None), (952, 1), ("–", "")),
        ((100, None), (952, 1), ("+852", "")),
    ],
)
def test_change_is_told_in_numbers_and_words_and_unknown_is_no_change(before, now, told):
    assert board.change(a_strip(before, now), SAY) == told


def test_table_holds_seven_rows_and_no_half_one():
    found = board.table([a_strip((100, 0), (952, 1))] * 9, names(), SAY)
    assert found.count("<tr class=") == board.WORST
    assert "3,2×" in found


def test_names_of_devices_are_text_and_no_html():
    strip = views.Strip(field=a_field(field_id="<b>x"), nights=[])
    assert "&lt;b&gt;x" in board.table([strip], names(), SAY)


def test_band_shows_nights_that_are_not_known_as_a_level_of_their_own():
    levels = [
        views.NightLevels(
            night=NIGHT - timedelta(days=1), none=0, watch=0, warning=0, alarm=0, unknown=12, is_final=True
        ),
        views.NightLevels(night=NIGHT, none=10, watch=1, warning=0, alarm=1, unknown=0, is_final=False),
    ]
    spec = board.band(levels, SAY, palette.DARK, height=100).to_dict()
    drawn = [(one["night"], one["level"], one["fields"]) for one in next(iter(spec["datasets"].values()))]
    assert drawn == [
        ("22/11", "mất dữ liệu", 12), ("23/11", "nguy hiểm", 1), ("23/11", "theo dõi", 1), ("23/11", "thấp", 10)
    ]  # fmt: skip
    assert spec["encoding"]["x"]["scale"]["domain"] == ["22/11", "23/11"]


def test_data_have_an_age_of_their_own():
    seen = datetime(2026, 11, 24, 6, tzinfo=UTC)
    found = board.Board(an_overview(newest_at=seen), [], [], [], names(), 0)
    assert found.age_s(seen + timedelta(hours=27)) == 27 * 3600
    assert board.Board(an_overview(), [], [], [], names(), 0).age_s(seen) is None


@pytest.mark.parametrize("dark", [False, True])
def test_letters_of_charts_have_the_colour_of_the_page(dark: bool):
    ink = palette.ink(dark=dark)
    strip = charts.strips([a_strip((100, 0), (952, 1))], names(), SAY, ink).to_dict()
    field_map = maps.field_map([a_field()], names(), SAY, ink)
    assert field_map is not None
    assert strip["config"]["axis"]["labelColor"] == ink.text
    assert field_map.to_dict()["config"]["legend"]["labelColor"] == ink.text
    for spec in (strip, field_map.to_dict()):
        assert spec["config"]["background"] == "transparent"
        assert spec["config"]["view"]["strokeWidth"] == 0
