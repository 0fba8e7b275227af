from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lighttrap.agronomy import effort

NOMINAL = 39_600


@pytest.mark.parametrize(
    ("count", "lamp_s", "catch"),
    [
        (100, 39_600, 100),
        (100, 50_000, 100),  # longer than planned: the factor is 1
        (100, 31_680, 125),  # 80 %
        (100, 19_800, 200),  # 50 %: the highest factor
        (100, 19_799, np.nan),
        (0, 39_600, 0),
        (0, 0, np.nan),  # lamp off: unknown, never zero
        (np.nan, 39_600, np.nan),
    ],
)
def test_catch_is_repaired_for_short_lamp_time_and_lost_below_half(count: float, lamp_s: int, catch: float):
    np.testing.assert_allclose(effort.normalised_catch(count, lamp_s, NOMINAL), catch)


def test_one_count_of_several_nights_is_divided_by_them_and_dates_no_peak():
    catch = effort.normalised_catch([90, 90], [3 * NOMINAL, 3 * NOMINAL * 0.6], NOMINAL, nights=3)
    np.testing.assert_allclose(catch, [30, 50])
    np.testing.assert_array_equal(effort.datable(catch, [1, 3]), [30, np.nan])


def test_partial_nights_count_and_are_flagged():
    lamp_s = np.array([19_799, 19_800, 31_679, 31_680])
    assert effort.is_valid(lamp_s, NOMINAL).tolist() == [False, True, True, True]
    assert effort.is_partial(lamp_s, NOMINAL).tolist() == [False, True, True, False]
    np.testing.assert_allclose(effort.coverage([19_800, 79_200], NOMINAL), [0.5, 1.0])


@given(st.integers(0, 10**6), st.integers(0, 90_000), st.integers(600, 86_400))
def test_the_factor_never_exceeds_two_nor_shrinks_a_catch(count: int, lamp_s: int, nominal_s: int):
    catch = float(effort.normalised_catch(count, lamp_s, nominal_s))
    assert np.isnan(catch) or count <= catch <= 2 * count * (1 + 1e-12)


def test_values_fall_on_their_nights_and_the_others_stay_unknown():
    nights = np.array(["2010-01-04", "2010-01-02", "2009-12-31"], "datetime64[D]")
    axis = effort.on_axis(nights, [4, 2, 1], date(2010, 1, 1), date(2010, 1, 4))
    np.testing.assert_array_equal(axis, [np.nan, 2, np.nan, 4])
    with pytest.raises(ValueError, match="twice"):
        effort.on_axis(nights[[0, 0]], [4, 4], date(2010, 1, 1), date(2010, 1, 4))


def test_counts_of_several_nights_are_laid_on_each_of_them():
    nights, catch = effort.spread(np.array(["2010-01-07", "2010-01-08"], "datetime64[D]"), [3.0, 9.0], [3, 1])
    assert [str(night) for night in nights] == ["2010-01-05", "2010-01-06", "2010-01-07", "2010-01-08"]
    assert catch.tolist() == [3, 3, 3, 9]
    assert effort.spread(np.array([], "datetime64[D]"), [], [])[0].size == 0
