from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lighttrap.agronomy import valid

ROWS = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=1, max_dims=3, max_side=9),
    elements=st.one_of(st.just(np.nan), st.floats(-1e6, 1e6)),
)


@given(ROWS, st.floats(0, 1))
def test_quantile_is_numpys_without_the_unknown(values: valid.Floats, q: float):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        np.testing.assert_allclose(valid.quantile(values, q), np.nanquantile(values, q, axis=-1), rtol=1e-9, atol=1e-9)


@given(ROWS, st.integers(1, 5))
def test_too_few_known_values_give_nan_and_never_a_guess(values: valid.Floats, at_least: int):
    few = valid.count(values) < at_least
    np.testing.assert_array_equal(np.isnan(valid.median(values, at_least)), few)
    np.testing.assert_array_equal(np.isnan(valid.mean(values, at_least)), few)


@given(ROWS, st.randoms(use_true_random=False))
def test_order_does_not_matter(values: valid.Floats, chance):
    order = list(range(values.shape[-1]))
    chance.shuffle(order)
    np.testing.assert_array_equal(valid.median(values), valid.median(values[..., order]))


@pytest.mark.parametrize("function", [valid.mean, valid.median])
def test_nothing_at_all_is_nan(function):
    assert np.isnan(function(np.empty(0)))
    assert function(np.empty((3, 0))).shape == (3,)
