from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from dashboard import outlook, palette, trend
from lighttrap import views
from tests.unit.dashboard.test_morning import SAY, names

FIRST = date(2026, 11, 20)
VALUES = [12.0, 0.0, None, 1200.0, 40.0]
STATES = ["final", "final", "lost", "final", "so-far"]
LEVELS = [0, 0, None, 2, 0]


def a_rule(**own: Any) -> views.ThresholdLine:  # noqa: ANN401 - of the view
    values: dict[str, Any] = {
        "rule_id": 1, "field_id": None, "commune_code": None, "watch": 300.0, "warning": 1000.0, "alarm": None,
        "floor": None, "jump_ratio": None, "trend_ratio": None, "is_proposal": True, "version": 4, "author": "Chị Lan",
        "created_at": datetime(2026, 1, 1, tzinfo=UTC), "is_in_force": True,
    }  # fmt: skip
    return views.ThresholdLine(**{**values, **own})


def a_trap(**own: Any) -> views.TrapNights:  # noqa: ANN401 - of the view
    empty: list[Any] = [None] * 5
    values: dict[str, Any] = {
        "trap_id": "t1", "name": "Bẫy 1", "nominal_s": 39_600, "count": [12, 0, 3, 900, 40],
        "machine_count": [12, 0, 3, 1200, 40], "correction_id": [None, None, None, 7, None],
        "lamp_s": [39_600, 39_600, 9_000, 36_000, 20_000],
        "state": ["complete", "complete", "lost", "complete", "partial"],
        "catch": [12.0, 0.0, None, 990.0, 79.2], "trailing_median": empty, "centred_median": empty, "rain_mm": empty,
        "temperature_min_c": empty, "temperature_max_c": empty, "left_out": 0, "outlook": None, "slope": None,
        "forecast": None,
    }  # fmt: skip
    return views.TrapNights(**{**values, **own})


def a_trend(**own: Any) -> views.Trend:  # noqa: ANN401 - of the view
    field = views.FieldNights(
        value=VALUES, state=STATES, level=LEVELS, rule_id=[1] * 5, reporting=[3, 3, 0, 3, 2], in_service=[3] * 5,
        typical=VALUES, highest=VALUES, highest_trap_id=[None] * 5, change=None, slope=None,
    )  # fmt: skip
    values: dict[str, Any] = {
        "org_id": "o", "field_id": "f1", "species": "nilaparvata-lugens",
        "nights": [FIRST + timedelta(days=step) for step in range(5)], "lunar_days": [11, 12, 13, 14, 15],
        "as_of": FIRST + timedelta(days=3), "heard_at": datetime(2026, 11, 24, tzinfo=UTC), "is_mixed": False,
        "field": field, "rules": [a_rule()], "band": None, "season": None, "traps": [a_trap()],
    }  # fmt: skip
    return views.Trend(**{**values, **own})


def drawn(found: views.Trend, **how: Any) -> dict[str, Any]:  # noqa: ANN401 - of chart
    spec: dict[str, Any] = trend.chart(found, trend.of_field(found, SAY), SAY, palette.LIGHT, **how).to_dict()
    return spec


def rows_of(spec: dict[str, Any], layer: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = spec["datasets"][layer["data"]["name"]]
    return found


def layers(spec: dict[str, Any], mark: str) -> list[dict[str, Any]]:
    return [layer for layer in spec["vconcat"][0]["layer"] if layer["mark"]["type"] == mark]


def test_zero_unknown_and_catch_are_three_different_marks():
    marks = [row["mark"] for row in trend.rows(trend.of_field(a_trend(), SAY), SAY)]
    assert marks == ["bar", "zero", "unknown", "bar", "bar"]


def test_night_that_is_not_known_has_no_value_and_says_why():
    row = trend.rows(trend.of_field(a_trend(), SAY), SAY)[2]
    assert (row["value"], row["told"], row["level"]) == (None, "mất đêm", "mất dữ liệu")


def test_night_before_the_trap_stood_there_is_not_drawn():
    trap = a_trap(state=[None, "complete", "lost", "complete", "partial"])
    assert len(trend.rows(trend.of_trap(a_trend(), trap, SAY), SAY)) == 4


def test_recount_is_told_beside_what_the_machine_had():
    rows = trend.rows(trend.of_trap(a_trend(), a_trap(), SAY), SAY)
    assert "máy đếm 1.200, người đếm 900" in rows[3]["note"]
    assert "sửa" not in rows[0]["note"]


def test_nights_are_local_noons_without_a_zone():
    assert trend.noon(FIRST) == "2026-11-20T12:00:00"
    bars = layers(drawn(a_trend()), "bar")[0]
    assert bars["encoding"]["x"]["type"] == "temporal"


def test_linear_axis_begins_at_zero_and_a_logarithmic_one_draws_no_bars():
    linear, log = drawn(a_trend()), drawn(a_trend(), log=True)
    assert layers(linear, "bar")[0]["encoding"]["y"]["scale"]["zero"] is True
    assert layers(log, "bar") == []
    assert layers(log, "point")[0]["encoding"]["y"]["scale"]["type"] == "symlog"


def test_threshold_lines_carry_number_version_and_that_they_are_proposed():
    spec = drawn(a_trend())
    told = [row["told"] for layer in layers(spec, "text") for row in rows_of(spec, layer) if "told" in row]
    assert "báo động ≥ 1.000 (ngưỡng đề xuất v4)" in told
    assert not any("nguy hiểm" in text for text in told if "≥" in text)


def test_rule_that_is_no_longer_in_force_draws_no_line():
    spec = drawn(a_trend(rules=[a_rule(is_in_force=False)]))
    assert [layer for layer in layers(spec, "rule") if rows_of(spec, layer)] == []


def test_full_moon_stands_under_its_night():
    spec = drawn(a_trend())
    moon = spec["vconcat"][-1]
    assert [(row["night"][:10], row["sign"]) for row in rows_of(spec, moon)] == [("2026-11-24", "●")]


def test_peak_is_hollow_while_it_may_still_go():
    peak = views.Outlook.model_validate(
        {"as_of": FIRST, "state": "peak", "after": [], "sowing": None,
         "peaks": [{"night": FIRST, "highest_night": FIRST, "typical": 900, "is_final": False}]}
    )  # fmt: skip
    spec = drawn(a_trend(traps=[a_trap(outlook=peak)]))
    [row] = next(
        rows_of(spec, layer) for layer in layers(spec, "point") if layer["mark"].get("shape") == "triangle-down"
    )
    assert row["sure"] == "no"
    assert "tạm" in row["told"]


def an_outlook() -> views.Outlook:
    window = {"earliest": FIRST, "latest": FIRST, "point": None, "basis": "assumed", "source": "x"}
    lunar = {"lunar_day": 1, "lunar_month": 10, "is_leap_month": False}
    return views.Outlook.model_validate(
        {
            "as_of": FIRST, "state": "peak",
            "peaks": [{"night": FIRST, "highest_night": FIRST, "typical": 900, "is_final": True}],
            "after": [{**window, "stage": "control", "first": FIRST + timedelta(12), "last": FIRST + timedelta(18)}],
            "sowing": {
                "is_confirmed": True, "soak_first": None, "soak_last": None, "rice_age_days": None, "notes": [],
                "basis": "assumed", "sow_first": {**lunar, "date": FIRST + timedelta(1)},
                "sow_last": {**lunar, "date": FIRST + timedelta(5)},
            },
        }
    )  # fmt: skip


def test_axis_goes_on_to_the_end_of_what_follows_the_peak():
    found = a_trend(traps=[a_trap(outlook=an_outlook())])
    spec = drawn(found)
    assert spec["vconcat"][0]["layer"][0]["encoding"]["x"]["scale"]["domain"][1][:10] == "2026-12-09"
    told = [(row["told"], row["night"][:10]) for rows in spec["datasets"].values() for row in rows if "end" in row]
    assert told == [("sạ né rầy (đề xuất)", "2026-11-21"), ("thăm ruộng tìm rầy cám", "2026-12-02")]
    assert {layer["mark"]["type"] for layer in spec["vconcat"][1]["layer"]} == {"bar", "text"}


def test_recount_of_any_trap_is_ringed_on_the_fields_chart():
    spec = drawn(a_trend())
    [ring] = next(rows_of(spec, layer) for layer in layers(spec, "point") if layer["mark"].get("strokeDash"))
    assert ring["night"][:10] == "2026-11-23"
    assert ring["recount"] == "Bẫy 1: đã sửa: máy đếm 1.200, người đếm 900"


def test_what_happened_is_marked_under_its_night():
    happened = [(FIRST, "bẫy báo: tray-cleaned")]
    spec = drawn(a_trend(), happened=happened)
    rows = rows_of(spec, spec["vconcat"][1])
    assert [(row["night"][:10], row["told"]) for row in rows] == [("2026-11-20", "bẫy báo: tray-cleaned")]


def test_sentence_is_of_the_last_night_that_is_over():
    text = outlook.sentence(a_trend(), names(), "f1", "nilaparvata-lugens", SAY)
    assert text.startswith("Báo động: rầy nâu ở Xã Tân Hòa, đêm 23/11: 1.200 con/bẫy")
    assert "ngưỡng đề xuất 1.000" in text


@pytest.mark.parametrize("lost", [{"as_of": None}, {"field": None}])
def test_without_data_the_sentence_says_so(lost: dict[str, None]):
    assert "Chưa thể nói" in outlook.sentence(a_trend(**lost), names(), "f1", "nilaparvata-lugens", SAY)


def test_forecast_without_scores_says_that_nobody_knows_its_worth():
    skill = {"forecasts": 2, "without_peak": 0, "mae_days": None, "hit_rate": None, "coverage_80": None,
             "window_80_days": None}  # fmt: skip
    values = {
        "answer": "forecast", "made_on": FIRST, "occasion": "weekly", "point": FIRST, "likely_first": FIRST,
        "likely_last": FIRST, "first": FIRST, "last": FIRST, "chance": 0.8, "peak_chance": 0.9, "horizon_days": 40,
        "is_scored": False, "score": skill, "last_interval": skill, "calendar_mean": skill, "basis": "derived",
    }  # fmt: skip
    told = list(outlook.trap_lines(a_trap(forecast=views.Forecast.model_validate(values)), SAY))
    assert told == ["Dự báo đỉnh kế tiếp: 20/11–20/11 (80 %); chưa đánh giá được."]
    none = views.Forecast.model_validate({**values, "answer": "too-wide"})
    assert "quá rộng" in next(iter(outlook.trap_lines(a_trap(forecast=none), SAY)))
