from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lighttrap.agronomy import degreedays
from lighttrap.agronomy.degreedays import DEVELOPMENT

START = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("species", "stage", "days"),
    [
        ("sogatella-furcifera", "egg", 7.3),
        ("sogatella-furcifera", "nymph", 10.6),
        ("laodelphax-striatellus", "egg", 7.3),
        ("laodelphax-striatellus", "nymph", 14.6),
        ("cnaphalocrocis-medinalis", "egg", 3.9),
        ("cnaphalocrocis-medinalis", "larva", 13.8),
        ("cnaphalocrocis-medinalis", "pupa", 6.3),
    ],
)
def test_days_at_27_degrees_are_the_handbooks(species: str, stage: str, days: float):
    assert round(degreedays.days_at(DEVELOPMENT[species, stage], 27), 1) == days


def test_brown_planthopper_has_no_degree_days():
    assert not {species for species, _ in DEVELOPMENT} & {"nilaparvata-lugens", "scirpophaga-incertulas"}


def test_nothing_develops_at_or_below_the_threshold():
    assert degreedays.days_at(DEVELOPMENT["sogatella-furcifera", "egg"], 10.2) == float("inf")
    np.testing.assert_array_equal(degreedays.daily([12, 30], [8, 24], 12.2), [0, 27 - 12.2])


def test_a_stage_ends_on_the_first_day_its_sum_is_reached():
    # 16.8 a day: 7 days make 117.6, 8 make 134.4
    egg = degreedays.daily([30.0] * 20, [24.0] * 20, 10.2)
    assert degreedays.end_of_stage(START, egg, "sogatella-furcifera", "egg", 7) == (START + timedelta(days=8), True)
    exactly = np.full(4, 122.0 / 4)
    assert degreedays.days_needed(exactly, DEVELOPMENT["sogatella-furcifera", "egg"]) == 4


def test_without_verified_constants_the_days_are_fixed():
    found = degreedays.end_of_stage(START, np.zeros(0), "nilaparvata-lugens", "egg", 7)
    assert found == (START + timedelta(days=7), False)


def test_gaps_of_two_days_are_filled_from_the_week_before_and_longer_ones_give_no_date():
    short = np.array([20.0, 24, np.nan, np.nan, 30])
    np.testing.assert_allclose(degreedays.daily(short, short, 10), [10, 14, 12, 12, 20])
    long = np.array([20.0, 24, np.nan, np.nan, np.nan, 30])
    np.testing.assert_allclose(degreedays.daily(long, long, 10), [10, 14, np.nan, np.nan, np.nan, 20])
    first = np.array([np.nan, 20.0])
    np.testing.assert_allclose(degreedays.daily(first, first, 10), [np.nan, 10])
    broken = degreedays.daily(np.r_[long, [30.0] * 30], np.r_[long, [30.0] * 30], 10.2)
    assert degreedays.end_of_stage(START, broken, "sogatella-furcifera", "egg", 7) == (None, True)


def test_a_gap_after_the_end_of_the_stage_does_no_harm():
    temperature = np.r_[[30.0] * 7, [np.nan] * 5]
    assert (
        degreedays.days_needed(
            degreedays.daily(temperature, temperature, 10.2), DEVELOPMENT["sogatella-furcifera", "egg"]
        )
        == 7
    )


def test_places_at_once_are_each_by_itself():
    temperature = np.array([[27.0] * 10, [20.0] * 10])
    egg = DEVELOPMENT["sogatella-furcifera", "egg"]
    assert degreedays.days_needed(degreedays.daily(temperature, temperature, egg.t0_c), egg).tolist() == [8, -1]


@given(st.floats(15, 35), st.sampled_from(sorted(DEVELOPMENT)))
def test_the_sum_agrees_with_the_days_at_constant_temperature(temperature_c: float, key: tuple[str, str]):
    development = DEVELOPMENT[key]
    days = degreedays.days_at(development, temperature_c)
    axis = np.full(400, temperature_c)
    needed = int(degreedays.days_needed(degreedays.daily(axis, axis, development.t0_c), development))
    assert (needed == -1 and days > 400) or days - 1e-6 <= needed < days + 1 + 1e-6


def test_heat_is_warned_of():
    assert degreedays.is_too_hot([36.0, 36.1, np.nan]).tolist() == [False, True, False]
