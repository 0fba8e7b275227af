from __future__ import annotations

from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lighttrap.agronomy import normal
from lighttrap.agronomy.normal import SeasonClass, Standing, Timing
from tests import soctrang

C = SeasonClass


def nights(first: str, last: str) -> np.ndarray:
    return np.arange(first, last, dtype="datetime64[D]")


def test_five_day_periods_of_a_year():
    bins = normal.five_day_bin(nights("2012-01-01", "2013-01-01"))
    assert (bins.min(), bins.max()) == (0, 71)
    assert np.bincount(bins[:31]).tolist() == [5, 5, 5, 5, 5, 6]  # January
    assert np.bincount(bins[31:60] - 6).tolist() == [5, 5, 5, 5, 5, 4]  # February 2012
    assert (np.diff(bins) >= 0).all()


def test_standard_weeks_of_a_leap_year():
    weeks = normal.standard_week(nights("2012-01-01", "2013-01-01"))
    assert np.bincount(weeks).tolist() == [7] * 51 + [9]


def test_year_values_need_three_valid_nights():
    axis = nights("2009-01-01", "2011-01-01")
    catch = np.full(axis.size, np.nan)
    catch[:3] = [0, 9, 99]
    catch[365:367] = [9, 9]
    found = normal.year_values(catch, axis)
    assert found.years.tolist() == [2009, 2010]
    np.testing.assert_allclose(np.expm1(found.values[0, 0]), 9)
    assert np.count_nonzero(~np.isnan(found.values)) == 1


def test_history_is_the_ten_years_before_and_never_this_one():
    found = normal.YearValues(np.arange(2000, 2015), np.arange(15.0)[:, None])
    assert found.history(2013)[:, 0].tolist() == list(range(3, 13))


@pytest.mark.parametrize(
    ("years", "said"),
    [
        (0, Standing.NONE),
        (4, Standing.NONE),
        (5, Standing.PROVISIONAL),
        (9, Standing.PROVISIONAL),
        (10, Standing.NORMAL),
    ],
)
def test_how_much_history_is_enough(years: int, said: Standing):
    assert normal.standing(years) is said


def test_band_is_drawn_in_insects_and_only_from_five_years():
    history = np.log1p(np.array([[0.0, 1.0], [10, 1], [20, 1], [30, 1], [40, np.nan]]))
    found = normal.band(history)
    np.testing.assert_allclose(found[:, 0], np.expm1(np.quantile(history[:, 0], normal.BAND)))
    assert np.isnan(found[:, 1]).all()


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (0.5, C.FEW),  # a = 0
        (1.0, C.FEW),  # equal to the lowest: a = 1, 10 < 20
        (1.5, C.SOMEWHAT_FEW),  # a = 2, 20 = 2n
        (3.0, C.SOMEWHAT_FEW),  # a = 5
        (3.5, C.NORMAL),  # a = 6, 60 = 6n
        (7.5, C.NORMAL),  # a = 14, 140 = 14n
        (8.0, C.SOMEWHAT_MANY),  # a = 15
        (9.5, C.SOMEWHAT_MANY),  # a = 18, 180 = 18n
        (10.0, C.MANY),  # a = 19
        (99.0, C.MANY),
        (np.nan, C.UNKNOWN),
    ],
)
def test_five_classes_among_ten_years(x: float, said: SeasonClass):
    assert normal.season_class(x, np.arange(1.0, 11)) == said


def test_no_class_below_five_years():
    assert normal.season_class(9.0, np.array([1, 2, 3, 4, np.nan])) == C.UNKNOWN
    assert normal.season_class(9.0, np.array([1.0, 2, 3, 4, 5])) == C.MANY


@given(st.lists(st.integers(0, 9), min_size=5, max_size=10), st.integers(0, 9))
def test_classes_are_the_shares_of_the_rule_exactly(history: list[int], x: int):
    n = len(history)
    share = Fraction(2 * sum(h < x for h in history) + sum(h == x for h in history), 2 * n)
    said = (
        C.FEW if share < Fraction(1, 10) else C.SOMEWHAT_FEW if share < Fraction(3, 10)
        else C.NORMAL if share <= Fraction(7, 10) else C.SOMEWHAT_MANY if share <= Fraction(9, 10) else C.MANY
    )  # fmt: skip
    assert normal.season_class(float(x), np.array(history, np.float64)) == said


def test_season_so_far_counts_from_the_third_valid_night_of_a_period():
    axis = nights("2004-01-01", "2010-01-08")
    catch = np.full(axis.size, 10.0)
    this = np.flatnonzero(axis == np.datetime64("2010-01-01"))[0]
    catch[this : this + 5] = [1_000, np.nan, 1_000, 1_000, 1_000]
    catch[this + 5 :] = 0
    found = normal.season_so_far(catch, axis).classes
    assert found[this : this + 5].tolist() == [C.UNKNOWN, C.UNKNOWN, C.UNKNOWN, C.MANY, C.MANY]
    assert found[this + 5 : this + 7].tolist() == [C.UNKNOWN, C.UNKNOWN]
    later = catch.copy()
    later[this + 5 :] = 99_999
    np.testing.assert_array_equal(normal.season_so_far(later, axis).classes[: this + 5], found[: this + 5])
    before = axis < np.datetime64("2009-01-01")
    assert (found[before] == C.UNKNOWN).all()  # fewer than 5 years behind it


def test_season_so_far_ends_where_the_whole_period_stands():
    chance = np.random.default_rng(7)
    axis = nights("2000-01-01", "2008-01-01")
    catch = np.where(chance.random((2, axis.size)) < 0.2, np.nan, chance.pareto(1, (2, axis.size)) * 20)
    found, h = normal.season_so_far(catch, axis), normal.year_values(catch, axis)
    last = np.flatnonzero(axis == np.datetime64("2007-08-25"))[0]
    place = normal.five_day_bin(axis)[last]
    whole = normal.season_class(h.values[:, 7, place], h.history(2007)[:, :, place])
    np.testing.assert_array_equal(found.classes[:, last], whole)
    np.testing.assert_allclose(found.typical[:, last], np.expm1(h.values[:, 7, place]))
    np.testing.assert_allclose(found.high[:, last], normal.band(h.history(2007))[-1, :, place])
    past = catch[:, np.isin(axis.astype("datetime64[Y]").astype(int) + 1970, range(2000, 2007))]
    days = normal.five_day_bin(axis[axis < np.datetime64("2007-01-01")]) == place
    valid_nights = (~np.isnan(past[:, days])).reshape(2, 7, 5).sum(axis=-1)
    assert found.years[:, last].tolist() == (valid_nights >= 3).sum(axis=-1).tolist()


def test_last_years_value_is_there_before_a_normal_is():
    found = normal.YearValues(np.arange(2000, 2002), np.array([[1.0, 2], [3, np.nan]]))
    np.testing.assert_array_equal(found.of_year(2001), [3, np.nan])
    np.testing.assert_array_equal(found.of_year(1999), [np.nan, np.nan])


@pytest.mark.parametrize(
    ("day", "said", "late"),
    [
        (10, Timing.NORMAL, 0), (12, Timing.NORMAL, 2), (13, Timing.SOMEWHAT_LATE, 3), (15, Timing.SOMEWHAT_LATE, 5),
        (16, Timing.LATE, 6), (7, Timing.SOMEWHAT_EARLY, -3), (4, Timing.EARLY, -6),
    ],
)  # fmt: skip
def test_timing_of_a_peak(day: int, said: Timing, late: int):
    past = np.array([f"{year}-01-10" for year in range(2000, 2010)], "datetime64[D]")
    assert normal.timing(np.datetime64(date(2010, 1, day)), past) == (said, late)


def test_timing_over_the_turn_of_the_year_and_without_enough_years():
    past = np.array([f"{year}-12-31" for year in range(2001, 2010)], "datetime64[D]")
    found = normal.timing(np.datetime64("2011-01-03"), past)
    assert found is not None
    assert found[0] is Timing.SOMEWHAT_LATE
    assert 2.5 < found[1] < 3.1
    assert normal.timing(np.datetime64("2011-01-03"), past[:4]) is None


def test_maruteru_has_a_normal_by_standard_week():
    weeks, catch = soctrang.weekly("Nilaparvata lugens")
    h = normal.year_values(catch, weeks, normal.standard_week(weeks), normal.STANDARD_WEEKS, at_least=1)
    assert h.values.shape == (12, 52)
    assert int(np.isnan(catch).sum()) == 60  # as the description of the data says
    assert int(np.isnan(h.values).sum()) == 60 + h.values.size - weeks.size  # and the weeks that have no row
    ordered = normal.band(h.history(2005))
    assert (np.diff(ordered, axis=0)[:, ~np.isnan(ordered[0])] >= 0).all()
    np.testing.assert_allclose(np.nanmedian(catch * 7), 996)
