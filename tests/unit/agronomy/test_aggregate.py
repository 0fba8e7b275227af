from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lighttrap.agronomy import aggregate
from lighttrap.agronomy.valid import Floats

LONG, SHORT = 39_600, 10_800
CATCH = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 6), st.integers(1, 5)), elements=st.one_of(st.just(np.nan), st.floats(0, 1e6))
)


def test_a_place_by_hand():
    catch = np.array([[0.0, 5, np.nan], [9.0, np.nan, np.nan], [99.0, 7, 250_000]])
    found = aggregate.place_nights(catch, [LONG] * 3)
    assert found.reporting.tolist() == [3, 2, 1]
    assert found.in_service.tolist() == [3, 3, 3]
    np.testing.assert_allclose(found.coverage, [1, 2 / 3, 1 / 3])
    np.testing.assert_allclose(found.median, [9, 6, np.nan])
    np.testing.assert_allclose(found.typical, [9, np.sqrt(6 * 8) - 1, np.nan])
    np.testing.assert_array_equal(found.highest, [99, 7, 250_000])
    assert found.highest_trap.tolist() == [2, 2, 2]


def test_a_trap_out_of_service_is_neither_counted_nor_missed():
    found = aggregate.place_nights(np.array([[1.0, 1], [3.0, 3]]), [LONG] * 2, np.array([[True, True], [True, False]]))
    assert (found.in_service.tolist(), found.reporting.tolist()) == ([2, 1], [2, 1])
    np.testing.assert_allclose(found.median, [2, np.nan])


def test_no_trap_reports():
    found = aggregate.place_nights(np.full((2, 1), np.nan), [LONG] * 2)
    assert (found.reporting.tolist(), found.highest_trap.tolist()) == ([0], [-1])
    assert np.isnan(found.highest).all()


def test_traps_of_different_protocols_are_refused():
    with pytest.raises(ValueError, match="protocols"):
        aggregate.place_nights(np.ones((2, 1)), [LONG, SHORT])
    with pytest.raises(ValueError, match="protocols"):
        aggregate.week_range(np.ones((2, 1)), [LONG, SHORT])


@given(CATCH, st.randoms(use_true_random=False))
def test_the_order_of_traps_does_not_matter(catch: Floats, chance):
    order = list(range(catch.shape[0]))
    chance.shuffle(order)
    one, other = (aggregate.place_nights(part, LONG) for part in (catch, catch[order]))
    for name in ("reporting", "median", "highest"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_allclose(one.typical, other.typical, rtol=1e-9)


@given(CATCH)
def test_typical_lies_between_the_lowest_and_the_highest(catch: Floats):
    found = aggregate.place_nights(catch, LONG)
    known = ~np.isnan(found.typical)
    assert (found.typical[known] <= found.highest[known] * (1 + 1e-9) + 1e-9).all()


def test_week_range_by_hand():
    catch = np.array([[2.0, np.nan, 4], [6.0, 81, 8]])
    found = aggregate.week_range(catch, [LONG] * 2)
    assert found == aggregate.WeekRange(5, 4.0, 8.0, 81.0, 1, 1)
    assert aggregate.week_range(np.full((2, 3), np.nan), [LONG] * 2) is None
