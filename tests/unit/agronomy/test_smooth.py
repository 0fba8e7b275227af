from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lighttrap.agronomy import smooth
from lighttrap.agronomy.valid import Floats

CATCH = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 3), st.integers(1, 30)), elements=st.one_of(st.just(np.nan), st.floats(0, 1e6))
)


def test_trailing_median_by_hand():
    catch = np.array([9.0, 1, np.nan, 5, 7, 3, 250_000, 2, np.nan])
    # t=4: 9 1 5 7 -> 6; t=5: and 3 -> 5; t=6: and 250000 -> 6; t=7: 1 5 7 3 250000 2 -> 4; t=8: without 1 -> 5
    np.testing.assert_array_equal(smooth.trailing_median(catch), [np.nan] * 4 + [6, 5, 6, 4, 5])


def test_centred_median_by_hand():
    catch = np.array([9.0, 1, np.nan, 5, 7])
    # t=0: 9 1 5 (3 known); t=1: 9 1 5 7 -> 6, and so on to t=3; t=4: 1 5 7
    np.testing.assert_array_equal(smooth.centred_median(catch), [np.nan, 6, 6, 6, np.nan])


def test_spread_by_hand():
    y = np.array([1.0, 2, 3, 4, 10])
    # median 3, deviations 2 1 0 1 7, their median 1
    np.testing.assert_allclose(smooth.trailing_spread(y)[-1], 1.4826)


def test_spread_of_many_zeros_is_zero():
    assert smooth.trailing_spread(np.array([0.0, 0, 0, 0, 0, 0, 9]))[-1] == 0


def test_typical_is_a_geometric_kind_of_mean():
    np.testing.assert_allclose(smooth.typical(np.array([0.0, 9.0, 99.0, np.nan])), 9.0)


@given(CATCH)
def test_logs_go_there_and_back(catch: Floats):
    np.testing.assert_allclose(smooth.from_log(smooth.to_log(catch)), catch, rtol=1e-9)
    np.testing.assert_allclose(smooth.to_log10(catch) * np.log(10), smooth.to_log(catch), rtol=1e-9, atol=1e-12)


@given(CATCH)
def test_trailing_median_knows_no_future(catch: Floats):
    half = catch.shape[-1] // 2
    np.testing.assert_array_equal(
        smooth.trailing_median(catch)[..., :half], smooth.trailing_median(catch[..., :half])[..., :half]
    )


@given(CATCH, st.floats(0.1, 10))
def test_medians_scale_with_the_catch(catch: Floats, factor: float):
    np.testing.assert_allclose(
        smooth.trailing_median(catch * factor), smooth.trailing_median(catch) * factor, rtol=1e-9
    )
