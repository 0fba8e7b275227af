from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lighttrap.agronomy import course, normal, outlook, prospect, season, series
from lighttrap.agronomy.record import JudgedNight, TrapNight, TrapRecord
from lighttrap.agronomy.series import Counts
from lighttrap.agronomy.valid import Floats

BPH = "nilaparvata-lugens"
NOMINAL_S = 39_600
LAST = series.day_number(date(2025, 11, 22))


def counts(catch: Floats, last: int = LAST, over: int = 1, nominal_s: int = NOMINAL_S) -> Counts:
    """Counts of nights that end with `last`; NaN is none."""
    known = np.flatnonzero(~np.isnan(catch))
    same = np.ones(known.size, np.int64)
    count = catch[known].astype(np.int64)
    return Counts(
        last - (catch.size - 1 - known) * over, count, count, 0 * same, over * same, over * nominal_s * same,
        nominal_s * same, same < 0,
    )  # fmt: skip


def a_trap(catch: Floats, trap_id: str = "st-014", nominal_s: int = NOMINAL_S, until: int = LAST) -> TrapRecord:
    nights = {until - back: TrapNight(nominal_s, "complete", None, None, None) for back in range(catch.size)}
    return TrapRecord(trap_id, trap_id, nominal_s, nights, counts(catch, until, nominal_s=nominal_s))


def flights(nights: int, offset: int = 0) -> Floats:
    return np.round(5 + 900 * np.exp(-0.5 * (((np.arange(nights) + offset) % 25 - 12) / 2.5) ** 2))


@given(st.dates(date(1950, 1, 1), date(2099, 12, 31)))
def test_day_numbers_are_those_of_numpy(night: date):
    day = series.day_number(night)
    assert np.datetime64(day, "D") == np.datetime64(night)
    assert series.night(day) == night


def test_weekly_totals_are_averaged_and_never_dated():
    week = counts(np.array([700.0, 1400.0]), over=7)
    assert np.isnan(series.dated([week], LAST - 13, LAST)).all()
    np.testing.assert_array_equal(series.averaged([week], LAST - 13, LAST), [[100.0] * 7 + [200.0] * 7])


def test_nights_outside_the_axis_are_left_out_and_unknown_ones_stay_unknown():
    one = counts(np.array([1.0, np.nan, 3.0, 4.0]))
    np.testing.assert_array_equal(
        series.dated([one, series.nothing()], LAST - 2, LAST - 1), [[np.nan, 3.0], [np.nan] * 2]
    )
    assert series.dated([], LAST, LAST).shape == (0, 1)


def test_each_trap_is_moved_to_its_own_last_night():
    catch = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    np.testing.assert_array_equal(series.ended(catch, np.array([2, 1])), [[1, 2, 3], [np.nan, 4, 5]])


@pytest.mark.parametrize("cut", range(0, 60, 7))
def test_newest_peak_and_state_need_only_the_nights_asked_for(cut: int):
    catch = np.stack([flights(400, 3), flights(400, 11)])[:, : 400 - cut]
    last = np.array([LAST, LAST])
    whole = outlook.of_traps(catch, last, BPH)
    few = outlook.of_traps(catch[:, -outlook.newest_nights(BPH, 120) :], last, BPH, newest_only=True)
    for one, other in zip(whole, few, strict=True):
        assert (one.state, one.after, one.peaks[-1:]) == (other.state, other.after, other.peaks)
    shown = outlook.of_traps(catch[:, -outlook.context_nights(BPH) - 30 :], last, BPH)
    since = series.night(LAST - 29)
    for one, other in zip(whole, shown, strict=True):
        assert [peak for peak in one.peaks if peak.night >= since] == [p for p in other.peaks if p.night >= since]
        assert (one.state, one.sowing) == (other.state, other.sowing)


@given(st.integers(0, 700), st.integers(0, 5))
def test_season_now_is_that_of_the_normal_so_far(length: int, seed: int):
    value = np.random.default_rng(seed).integers(0, 500, 2300 + length).astype(np.float64)
    value[::7] = np.nan
    first = series.day_number(date(2015, 1, 1))
    told = season.now(season.past_of(value, first))
    assert told is not None
    wanted = normal.season_so_far(value, series.axis(first, first + value.size - 1))
    assert int(told.season) == int(wanted.classes[-1])
    assert told.years == int(wanted.years[-1])
    for one, other in ((told.typical, wanted.typical[-1]), (told.high, wanted.high[-1])):
        assert (one is None) == bool(np.isnan(other))
        assert one is None or one == pytest.approx(float(other), abs=0.006)


def test_band_along_nights_over_new_year_is_each_year_s_own():
    first = series.day_number(date(2010, 1, 1))
    nights = series.axis(first, series.day_number(date(2020, 1, 31)))
    value = (nights.astype("datetime64[Y]").astype(np.int64) + 1970 - 2009).astype(np.float64) * 100
    band = season.along(
        season.past_of(value, first), series.day_number(date(2019, 12, 31)), series.day_number(date(2020, 1, 1))
    )
    assert band is not None
    assert band.years == [9, 10]  # 2010-2018 behind the last night of 2019, 2010-2019 behind the first of 2020
    assert band.p90[1] is not None
    assert band.p90[0] is not None
    assert band.p90[1] > band.p90[0]


def test_forecast_does_not_depend_on_what_was_asked_before():
    catch = np.stack([flights(500), flights(500, 2)])
    first = LAST - 499
    told = prospect.of_traps(catch, first, BPH)
    prospect.of_traps(catch[:, ::-1], first, BPH)
    assert prospect.of_traps(catch.copy(), first, BPH) == told
    padded = np.concatenate([np.full((2, 90), np.nan), catch], axis=1)
    assert prospect.of_traps(padded, first - 90, BPH) == told


def test_forecast_begins_in_the_january_two_years_before():
    assert series.night(prospect.first_day(LAST)) == date(2023, 1, 1)


def test_a_lost_night_has_a_level_only_when_what_was_counted_reached_one():
    judged = {
        LAST - 2: JudgedNight(1, 20.0, 0, is_valid=False, is_final=True),
        LAST - 1: JudgedNight(1, 2000.0, 2, is_valid=False, is_final=True),
        LAST: JudgedNight(1, 3.0, 0, is_valid=True, is_final=False),
    }
    told = course.of_place([a_trap(flights(40))], judged, BPH, LAST - 3, LAST, LAST + 1).field
    assert told.level == [None, None, 2, 0]
    assert told.state == ["final", "lost", "lost", "so-far"]
    assert told.rule_id == [None, 1, 1, 1]


@pytest.mark.parametrize("nominal_s", [NOMINAL_S, 10_800])
def test_field_value_is_of_one_protocol(nominal_s: int):
    traps = [a_trap(flights(40)), a_trap(flights(40, 1), "st-015", nominal_s)]
    told = course.of_place(traps, {}, BPH, LAST - 9, LAST, LAST + 1)
    assert told.is_mixed == (nominal_s != NOMINAL_S)
    assert (told.field.value[-1] is None) == told.is_mixed
    assert (told.season is not None, told.field.reporting) == (True, [2] * 10)


def test_nights_that_are_shown_end_tonight_and_pending_ones_are_unknown():
    trap = a_trap(flights(40))
    trap.nights[LAST] = TrapNight(60, "pending", None, None, None)  # type: ignore[index]  # a dict, as it was made
    told = course.of_place([trap], {}, BPH, LAST - 4, LAST + 90, LAST)
    assert (told.nights[-1], told.as_of) == (series.night(LAST), series.night(LAST - 1))
    assert told.traps[0].catch[-1] is None
    assert told.traps[0].count[-1] is not None
    assert told.traps[0].trailing_median[-1] is None


def test_without_forecasts_there_are_none():
    told = course.of_place([a_trap(flights(60))], {}, BPH, LAST - 4, LAST, LAST + 1, forecasts=False)
    assert told.traps[0].forecast is None
    assert told.traps[0].outlook is not None
