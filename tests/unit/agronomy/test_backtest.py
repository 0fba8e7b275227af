from __future__ import annotations

import numpy as np
import pytest

from lighttrap.agronomy import backtest, baselines, forecast_settings, peaks
from lighttrap.agronomy.backtest import Scored
from lighttrap.agronomy.forecast import NEVER, Forecasts
from tests import soctrang

DAILY = forecast_settings.DAILY


def made(*windows: tuple[int, int, int, int], trap: int = 0) -> Forecasts:
    """Forecasts from (night, first, point, last)."""
    night, first, point, last = (np.array(column) for column in zip(*windows, strict=True))
    zero = np.zeros(len(night), np.int64)
    return Forecasts(zero + trap, night, zero, zero, point, point - 3, first, last, np.ones(len(night)))


def scored(forecasts: Forecasts, came: list[int], point: list[float]) -> Scored:
    theirs = np.array(point)
    return Scored(forecasts, np.array(came), theirs, np.full(len(came), 2.0), theirs, np.full(len(came), 2.0))


def test_scores_by_hand():
    said = scored(
        made((100, 105, 110, 115), (200, 205, 210, 215), (300, 305, 310, 315)), [112, 216, NEVER], [120.0] * 3
    )
    ours, others = backtest.scores(said, DAILY, 2.0)
    assert (ours.forecasts, ours.without_peak, ours.window_days, ours.window_80_days) == (3, 1, 7, 11)
    # The likely weeks are 107-113, 207-213: one held; the windows 105-115, 205-215: one held.
    assert ours.hit_rate == pytest.approx(1 / 3)
    assert ours.coverage_80 == pytest.approx(1 / 3)
    assert ours.mae_days == 4.0
    # Three windows that do not touch; two held nothing, in two trap-years.
    assert ours.false_alarms_per_trap_year == 1.0
    theirs = others["last_interval"]
    # 120 ± 3 and ± 5 hold neither 112 nor 216.
    assert (theirs.hit_rate, theirs.hit_rate_80, theirs.mae_days) == (0, 0, (8 + 96) / 2)


def test_windows_that_touch_are_one_alarm():
    chain = made((100, 105, 110, 115), (107, 116, 118, 125), (150, 151, 155, 160))
    ours, _ = backtest.scores(scored(chain, [NEVER, 120, NEVER], [0.0] * 3), DAILY, 1.0)
    assert ours.false_alarms_per_trap_year == 1


def test_baselines_by_hand():
    last_peak = np.full((1, 900), -1)
    for confirmed, peak in ((34, 30), (64, 60), (84, 80), (430, 426)):
        last_peak[0, confirmed:] = peak
    at = made((50, 51, 52, 53), (85, 86, 87, 88), (120, 121, 122, 123), (400, 401, 402, 403), (440, 441, 442, 443))
    repeated, calendar = baselines.points(at, last_peak, DAILY)
    # 30 + 24; 80 + 20; 80 + 20 twice, for 100 is past; 80 + 16 * 20; 426 + 346.
    np.testing.assert_array_equal(repeated, [54, 100, 120, 400, 772])
    # The mean gap stands only from five gaps on, so 24; from the second year on the same date of the first year: night
    # 400 is 35 of it (nearest next peak from 31 on: 60), and 440 is 75 (80).
    np.testing.assert_allclose(calendar, [54, 104, 128, 400 + 60 - 34.7575, 440 + 80 - 74.7575], atol=1.0)


def test_the_truth_is_the_next_final_peak_within_the_horizon():
    _, catch = soctrang.catches()
    result = backtest.run(catch, DAILY)
    found = peaks.find(catch)
    last = np.maximum.accumulate(result.seen.newest, axis=-1)
    made, came = result.scored.made, result.scored.came
    assert len(came) > 50
    for one in range(len(came)):
        known, night = last[made.trap[one], made.night[one]], made.night[one]
        later = [
            peak
            for peak in found.night[found.final & (found.trap == made.trap[one])]
            if peak >= night - 4 and (known < 0 or peak > known + 10)
        ]
        assert came[one] == (later[0] if later and later[0] <= night + 40 else NEVER)


def test_a_fixed_gap_of_24_days_has_no_skill_in_soc_trang():
    """The handbook's own backtest (6.9): 71 issued, 67 scored, hit 21 %, error 6.4 days. So we forecast otherwise."""
    _, catch = soctrang.catches()
    newest, found = peaks.walk(catch).newest, peaks.find(catch)
    issued: list[tuple[int, int]] = []
    for trap, row in enumerate(newest):
        spoken: list[int] = []
        for night, peak in enumerate(row.tolist()):
            if night >= 30 and peak >= 0 and night - peak <= 10 and all(abs(peak - one) > 5 for one in spoken):
                spoken.append(peak)
        issued += [(trap, peak) for peak in spoken]
    waits = [
        [later - peak for later in found.of(trap).tolist() if 10 < later - peak <= 40][:1]
        for trap, peak in issued
        if peak + 40 <= 364
    ]
    came = [wait[0] for wait in waits if wait]
    assert (len(issued), len(waits), len(came)) == (71, 67, 51)
    assert sum(21 <= wait <= 27 for wait in came) / len(waits) == pytest.approx(0.21, abs=0.005)
    assert np.mean([abs(wait - 24) for wait in came]) == pytest.approx(6.4, abs=0.05)


def test_soc_trang_is_forecast_better_than_by_either_baseline():
    """Cross-validated figures stand in docs/forecast.md; this one was fitted to, and must not become worse."""
    _, catch = soctrang.catches()
    result = backtest.run(catch, DAILY)
    assert result.peaks.final.sum() == 65
    assert result.days_to_confirm == 4
    for other in result.baselines.values():
        assert result.ours.mae_days < 0.6 * other.mae_days
        assert result.ours.hit_rate > 1.5 * other.hit_rate
        assert result.ours.hit_rate_80 > other.hit_rate_80
        assert result.ours.false_alarms_per_trap_year < other.false_alarms_per_trap_year
    assert 0.75 <= result.ours.coverage_80 <= 0.85


def test_every_weekly_series_of_maruteru_can_be_tested():
    for name, key in (
        ("Nilaparvata lugens", "nilaparvata-lugens"),
        ("Scirpophaga incertulas", "scirpophaga-incertulas"),
    ):
        _, catch = soctrang.weekly(name)
        result = backtest.run(catch[None], forecast_settings.for_species(key, weekly=True))
        assert result.peaks.final.sum() > 30
        assert result.ours.forecasts > 5
        for other in result.baselines.values():
            assert result.ours.mae_days < other.mae_days
