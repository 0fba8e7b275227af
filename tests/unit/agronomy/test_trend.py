from __future__ import annotations

import itertools
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lighttrap.agronomy import trend
from lighttrap.agronomy.valid import Floats

FORTNIGHT = hnp.arrays(np.float64, 14, elements=st.one_of(st.just(np.nan), st.floats(0, 1e5)))


def week(*catches: float) -> list[float]:
    return list(catches) + [np.nan] * (7 - len(catches))


def test_week_on_week_by_hand():
    catch = np.array(
        [
            week(9, 9, 9, 9) + week(19, 19, 19, 19),  # doubles on the log scale: ln 20 - ln 10
            week(9, 9, 9, 9) + week(39, 39, 39, 39),  # four times
            week(9, 9, 9) + week(9_999, 9_999, 9_999, 9_999),  # only 3 valid nights last week: left out
        ]
    )
    found = trend.week_change(catch)
    assert found.traps == 2
    np.testing.assert_allclose(found.change_pct, 100 * (np.sqrt(2 * 4) - 1))
    np.testing.assert_allclose(found.typical_before, 9)
    np.testing.assert_allclose(found.typical, np.sqrt(20 * 40) - 1)
    assert not found.is_low


def test_small_catches_are_called_low_and_get_no_percent():
    found = trend.week_change(np.array([[1.0] * 7 + [4.0] * 7]))
    assert (bool(found.is_low), bool(np.isnan(found.change_pct))) == (True, True)
    assert not trend.week_change(np.array([[1.0] * 7 + [6.0] * 7])).is_low


def test_without_a_trap_in_both_weeks_there_is_no_change():
    found = trend.week_change(np.array([[np.nan] * 7 + [50.0] * 7]))
    assert (int(found.traps), bool(np.isnan(found.change_pct)), bool(found.is_low)) == (0, True, False)


def test_less_than_two_weeks_is_refused():
    with pytest.raises(ValueError, match="14 nights"):
        trend.week_change(np.ones((2, 13)))


def test_a_catch_that_doubles_each_three_nights():
    nights = np.arange(14)
    found = trend.theil_sen(np.expm1(np.log(2) / 3 * nights))
    np.testing.assert_allclose([found.slope, found.lower, found.upper], np.log(2) / 3)
    np.testing.assert_allclose(found.doubling_days, 3)
    np.testing.assert_allclose(found.level, np.log(2) / 3 * 13)
    np.testing.assert_allclose(trend.theil_sen(np.expm1(np.log(2) / 3 * nights[::-1])).doubling_days, -3)


def by_hand(catch: Floats) -> tuple[float, float, float]:
    """Slope and interval as the formula says, one number at a time."""
    points = [(t, float(np.log1p(c))) for t, c in enumerate(catch) if not np.isnan(c)]
    slopes = sorted((q[1] - p[1]) / (q[0] - p[0]) for p, q in itertools.combinations(points, 2))
    n, pairs = len(points), len(slopes)
    half = 1.96 * (n * (n - 1) * (2 * n + 5) / 18) ** 0.5
    lower, upper = round((pairs - half) / 2), round((pairs + half) / 2) + 1
    return median(slopes), slopes[max(lower, 1) - 1], slopes[min(upper, pairs) - 1]


@given(FORTNIGHT)
def test_slope_and_interval_are_the_formulas(catch: Floats):
    found = trend.theil_sen(catch)
    if found.valid_nights < 8:
        assert np.isnan([found.slope, found.lower, found.upper, found.doubling_days]).all()
        return
    np.testing.assert_allclose([found.slope, found.lower, found.upper], by_hand(catch), rtol=1e-9, atol=1e-12)
    assert np.isnan(found.doubling_days) == (found.lower <= 0 <= found.upper)


@given(hnp.arrays(np.float64, (3, 14), elements=st.floats(0, 1e5)))
def test_many_series_at_once_are_each_by_itself(catch: Floats):
    together = trend.theil_sen(catch)
    apart = [trend.theil_sen(row) for row in catch]
    np.testing.assert_array_equal(together.slope, [float(one.slope) for one in apart])
    np.testing.assert_array_equal(together.upper, [float(one.upper) for one in apart])


def test_a_missing_night_does_not_shorten_time():
    catch = np.expm1(0.2 * np.arange(14.0))
    catch[3:7] = np.nan
    np.testing.assert_allclose(trend.theil_sen(catch).slope, 0.2)
