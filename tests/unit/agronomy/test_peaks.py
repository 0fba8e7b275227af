from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lighttrap.agronomy import peaks
from lighttrap.agronomy.peaks import State
from lighttrap.agronomy.valid import Floats
from tests import soctrang

CATCH = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 3), st.integers(1, 90)),
    elements=st.one_of(st.just(np.nan), st.just(0.0), st.sampled_from([40.0, 100.0, 5000.0]), st.floats(0, 1e5)),
)

# Handbook of the field, 6.7: day of the year of every peak in Sóc Trăng 2010, zeros as they stand.
REFERENCE = {
    "Thanh_Tri": [20, 181, 216, 231, 263],
    "Vinh_Loi": [20, 160, 181, 202, 216, 231, 277],
    "Vinh_Bien": [48, 149, 202, 216, 236],
    "Long_Phu": [202, 227],
    "Ke_Thanh": [23, 62, 82, 94, 123, 135, 160, 197, 215, 234, 267, 353],
    "Dai_Hai": [31, 64, 88, 114, 142, 160, 185, 200, 215, 234, 263, 291, 324, 352],
    "Phuong_8": [232],
    "Long_Hung": [32, 116, 199, 229, 265],
    "Ho_Dac_Kien": [201, 216, 236, 257, 345],
    "Dai_Tam": [143, 158, 180, 196, 232, 289, 301, 325, 347],
}


def bump(nights: int, at: int, top: float = 3.0, width: float = 3.0) -> Floats:
    """A flight of log-normal shape about night `at`, whole insects."""
    return np.round(10 ** (top * np.exp(-0.5 * ((np.arange(nights) - at) / width) ** 2)) - 1)


def test_peaks_of_soc_trang_are_those_of_the_handbook():
    names, catch = soctrang.catches()
    found = peaks.find(catch)
    assert {name: (found.of(trap) + 1).tolist() for trap, name in enumerate(names)} == REFERENCE


def test_states_of_soc_trang_are_those_of_the_handbook():
    _, catch = soctrang.catches()
    state = peaks.walk(catch).state[:, 20:]
    counted = {one: int((state == one).sum()) for one in State}
    assert counted == {
        State.NO_DATA: 0,
        State.PEAK: 1030,
        State.RISING: 162,
        State.NO_CLEAR_PEAK: 143,
        State.LOW: 2115,
    }


def test_radius_seven_finds_the_moon_and_rain_waves_too():
    _, catch = soctrang.catches()
    assert peaks.find(catch, replace(peaks.DAILY, radius=7)).night.size == 71


def test_one_flight_is_one_peak():
    found = peaks.find(bump(80, 40)[None])
    assert found.night.tolist() == [40]
    assert found.final.all()
    assert found.highest_night.tolist() == [40]


def test_the_middle_of_a_plateau_is_its_place():
    catch = np.zeros((1, 60))
    catch[0, 28:36] = 1000
    # s is level where all five nights are 1000: 30 to 33, so (30 + 33) // 2.
    assert peaks.find(catch).night.tolist() == [31]


def test_the_first_of_equal_peaks_wins():
    catch = np.zeros((1, 60))
    catch[0, 20:25] = catch[0, 29:34] = 500
    assert peaks.find(catch).night.tolist() == [22]


def test_no_peak_below_the_floor():
    assert peaks.find(bump(80, 40, top=1.4)[None]).night.size == 0
    assert peaks.find(bump(80, 40, top=1.4)[None], replace(peaks.DAILY, floor=3.0)).night.size == 1


def test_no_peak_where_it_only_ripples():
    catch = 1000 * 10 ** (0.1 * np.sin(np.arange(120) / 4))
    assert peaks.find(catch[None]).night.size == 0


@pytest.mark.parametrize("catch", [np.zeros((2, 60)), np.full((2, 60), np.nan), np.zeros((1, 0)), np.ones((1, 2))])
def test_nothing_is_found_in_nothing(catch: Floats):
    assert peaks.find(catch).night.size == 0
    assert (peaks.walk(catch).newest == -1).all()


def test_a_peak_is_provisional_on_the_third_night_and_final_after_ten():
    catch = bump(80, 40, width=1.5)[None]
    assert peaks.walk(catch).newest[0, 42] == -1
    assert peaks.walk(catch).newest[0, 43] == 40
    assert not peaks.find(catch[:, :44]).final.any()
    assert not peaks.find(catch[:, :50]).final.any()
    assert peaks.find(catch[:, :51]).final.all()


def test_states_in_the_course_of_a_flight():
    state = peaks.walk(bump(100, 50)[None]).state[0]
    assert state[10] == State.NO_DATA
    assert state[30] == State.LOW
    assert state[49] == State.RISING
    assert (state[54:71] == State.PEAK).all()
    assert state[80] == State.LOW


def test_hoppers_night_after_night_are_no_clear_peak():
    assert peaks.walk(np.full((1, 60), 400.0)).state[0, 40] == State.NO_CLEAR_PEAK


@settings(max_examples=60, deadline=None)
@given(CATCH, st.data())
def test_what_was_known_on_a_night_is_what_its_nights_say(catch: Floats, data: st.DataObject):
    night = data.draw(st.integers(0, catch.shape[-1] - 1))
    walk, cut = peaks.walk(catch), peaks.walk(catch[:, : night + 1])
    np.testing.assert_array_equal(walk.newest[:, : night + 1], cut.newest)
    np.testing.assert_array_equal(walk.state[:, : night + 1], cut.state)
    np.testing.assert_array_equal(walk.recent[:, : night + 1], cut.recent)
    found = peaks.find(catch[:, : night + 1])
    for trap in range(len(catch)):
        young = [one for one in found.of(trap).tolist() if night - one <= peaks.DAILY.peak_age]
        assert walk.newest[trap, night] == max(young, default=-1)


@given(CATCH)
def test_peaks_of_a_trap_do_not_depend_on_the_others(catch: Floats):
    together = peaks.find(catch)
    for trap in range(len(catch)):
        np.testing.assert_array_equal(together.of(trap), peaks.find(catch[trap : trap + 1]).night)


@given(CATCH)
def test_peaks_lie_more_than_the_radius_apart(catch: Floats):
    found = peaks.find(catch)
    for trap in range(len(catch)):
        assert (np.diff(found.of(trap)) > peaks.DAILY.radius).all()


@given(catch=CATCH, last=st.integers(1, 100))
def test_last_nights_alone_say_what_the_whole_walk_says_of_them(catch: Floats, last: int):
    whole, part = peaks.walk(catch), peaks.walk(catch, last=last)
    for name in ("recent", "newest", "state"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[:, -last:])
