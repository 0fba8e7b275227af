from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lighttrap.agronomy import backtest, forecast, forecast_settings, hazard, peaks, windows
from lighttrap.agronomy.forecast import NEVER, Answer, Forecasts, Occasion
from lighttrap.agronomy.valid import Floats

DAILY, WEEKLY = forecast_settings.DAILY, forecast_settings.WEEKLY


def fleet(seed: int, traps: int = 6, nights: int = 365, spread_days: float = 5.0, kept: float = 0.8) -> Floats:
    """Catches of traps whose flights come 25 days apart, more or less, and are left out now and then."""
    rng = np.random.default_rng(seed)
    day = np.arange(nights)
    catch = np.zeros((traps, nights))
    for trap in range(traps):
        level = np.full(nights, 0.5)
        for peak in rng.uniform(-25, 0) + np.cumsum(rng.normal(25, spread_days, nights // 20)):
            if rng.random() < kept:
                flight = rng.normal(2.6, 0.4) * np.exp(-0.5 * ((day - peak) / rng.uniform(3, 5)) ** 2)
                level = np.maximum(level, flight)
        catch[trap] = np.round(10 ** np.maximum(0, level + rng.normal(0, 0.35, nights)) - 1)
    return catch


def up_to(looks: Forecasts, night: int) -> Forecasts:
    return looks.where(looks.night <= night)


def same(one: Forecasts, other: Forecasts) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in Forecasts.__slots__)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.integers(60, 190), st.data())
def test_what_is_said_on_a_night_rests_on_the_nights_up_to_it(seed: int, night: int, data: st.DataObject):
    catch = fleet(seed, traps=3, nights=220)
    other = catch.copy()
    kind = data.draw(st.sampled_from(["zero", "unknown", "other", "gone"]))
    if kind == "gone":
        other = other[:, : night + 1]
    else:
        fillings = {"zero": np.zeros((3, 220)), "unknown": np.full((3, 220), np.nan), "other": fleet(seed + 1, 3, 220)}
        other[:, night + 1 :] = fillings[kind][:, night + 1 :]
    assert same(up_to(forecast.run(catch, DAILY), night), up_to(forecast.run(other, DAILY), night))


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1000), st.integers(80, 200))
def test_a_weekly_series_knows_no_future_either(seed: int, week: int):
    catch = fleet(seed, traps=2, nights=7 * 240).reshape(2, 240, 7).mean(axis=-1)
    whole, cut = forecast.run(catch, WEEKLY), forecast.run(catch[:, : week + 1], WEEKLY)
    assert same(up_to(whole, week), cut)


@pytest.mark.slow
def test_stated_chances_come_true_on_traps_never_seen():
    results = [backtest.run(fleet(seed), DAILY) for seed in range(8)]
    held = np.concatenate(
        [(one.scored.came >= one.scored.made.first) & (one.scored.came <= one.scored.made.last) for one in results]
    )
    assert len(held) > 350
    assert 0.75 <= held.mean() <= 0.88


@pytest.mark.slow
def test_forecasts_beat_both_baselines_where_there_is_something_to_see():
    results = [backtest.run(fleet(seed), DAILY) for seed in range(20, 26)]
    for name in ("last_interval", "calendar_mean"):
        ours = np.mean([[one.ours.mae_days, -one.ours.hit_rate, -one.ours.hit_rate_80] for one in results], axis=0)
        theirs = [one.baselines[name] for one in results]
        plain = np.mean([[one.mae_days, -one.hit_rate, -one.hit_rate_80] for one in theirs], axis=0)
        assert (ours < plain).all(), (name, ours, plain)


def test_a_strict_clock_is_learnt():
    result = backtest.run(fleet(3, nights=730, spread_days=0.5, kept=1.0), DAILY)
    late = backtest.part(result.scored, (result.scored.made.night > 365) & (result.scored.came < NEVER))
    assert np.abs(late.came - late.made.point).mean() < 3.5


def test_white_noise_gets_no_long_list_of_forecasts():
    rng = np.random.default_rng(1)
    looks = forecast.run(rng.poisson(3, (4, 365)).astype(np.float64), DAILY)
    assert (looks.answer != Answer.FORECAST).mean() > 0.95


@pytest.mark.parametrize(
    ("catch", "answer"),
    [
        (np.zeros((2, 120)), Answer.PEAK_UNLIKELY),
        (np.full((2, 120), np.nan), Answer.NO_DATA),
        (np.full((1, 120), 400.0), Answer.NO_CLEAR_PEAK),
    ],
)
def test_where_nothing_can_be_said_nothing_is_and_why_is_told(catch: Floats, answer: Answer):
    looks = forecast.run(catch, DAILY)
    assert len(looks.trap) > 0
    assert (looks.answer == answer).all()
    assert (looks.point == -1).all()
    result = backtest.run(catch, DAILY)
    assert result.ours.forecasts == 0
    assert np.isnan(result.ours.mae_days)


@pytest.mark.parametrize("nights", [0, 1, 5, 31, 60])
def test_a_short_series_is_no_fault(nights: int):
    result = backtest.run(fleet(1, 2, 60)[:, :nights], DAILY)
    assert result.ours.forecasts == 0
    assert np.isnan(result.ours.hit_rate)


def test_a_single_trap_and_gaps_are_no_fault():
    catch = fleet(5, 1)
    catch[0, 100:140] = np.nan
    looks = forecast.run(catch, DAILY)
    assert (looks.answer == Answer.FORECAST).any()
    assert (looks.answer[(looks.night > 120) & (looks.night < 140)] == Answer.NO_DATA).all()


def test_windows_hold_what_they_say():
    chances = np.array([[0.1, 0.2, 0.4, 0.2, 0.05], [0.1, 0.1, 0.1, 0.1, 0.1]])
    first, last = windows.shortest_window(chances, 0.8)
    assert (first.tolist(), last.tolist()) == ([1, -1], [3, -1])
    assert windows.middle(chances).tolist() == [2, 2]
    assert windows.likely(chances, 2).tolist() == [1, 0]


def test_looks_are_taken_at_a_peak_when_rising_and_weekly():
    catch = fleet(7, 1)
    looks, seen = forecast.run(catch, DAILY), peaks.walk(catch)
    confirmed = looks.night[looks.occasion == Occasion.CONFIRMED]
    assert (np.diff(np.maximum.accumulate(seen.newest[0]))[confirmed - 1] > 0).all()
    assert (seen.state[0, looks.night[looks.occasion == Occasion.RISING]] == peaks.State.RISING).all()
    assert np.diff(looks.night).max() <= 7


def test_the_newest_look_at_each_trap_stands():
    looks = forecast.run(fleet(8, 3, 200), DAILY)
    stands = forecast.newest(looks, 150)
    assert stands.trap.tolist() == [0, 1, 2]
    for trap in range(3):
        assert stands.night[trap] == looks.night[(looks.trap == trap) & (looks.night <= 150)].max()
    assert len(forecast.newest(looks, 10).trap) == 0


def test_a_fit_finds_the_coefficients_it_was_made_with():
    rng = np.random.default_rng(2)
    terms = np.concatenate([np.ones((20_000, 1)), rng.normal(size=(20_000, 2))], axis=1)
    true = np.array([-2.0, 0.7, -0.4])
    happened = rng.poisson(np.exp(terms @ true)).astype(np.float64)
    found = hazard.fit(terms, happened, 1.0, 1.0, np.zeros(3), np.full(3, 1e-6))
    np.testing.assert_allclose(found, true, atol=0.05)
    kept = hazard.fit(terms, happened, 1.0, 1.0, true + 1, np.full(3, 1e9))
    np.testing.assert_allclose(kept, true + 1, atol=1e-3)


def test_chances_and_that_of_none_make_one():
    catch = fleet(9, 2)
    at = hazard.situation(catch, peaks.walk(catch), DAILY.peak, DAILY.scales)
    trap, night, far = np.array([0, 1]), np.array([200, 90]), np.arange(-4, 2000)
    [chances] = hazard.distributions(at, trap, night, far, [np.array(DAILY.prior)])
    assert (chances >= 0).all()
    np.testing.assert_allclose(chances.sum(axis=-1), 1, atol=1e-3)
    assert len(DAILY.prior) == len(WEEKLY.prior) == len(hazard.TERMS)


def test_species_have_their_own_floor_and_horizon():
    borer = forecast_settings.for_species("scirpophaga-incertulas")
    assert forecast_settings.for_species("nilaparvata-lugens") == DAILY
    assert (borer.peak.floor, borer.horizon_days) == (3.0, 67)
    assert forecast_settings.for_species("nilaparvata-lugens", floor=5.0) == replace(
        DAILY, peak=replace(DAILY.peak, floor=5.0)
    )
