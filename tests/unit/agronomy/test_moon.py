from __future__ import annotations

from datetime import date
from math import floor, radians, sin

import numpy as np
import pytest

from lighttrap.agronomy import moon
from tests import soctrang


@pytest.mark.parametrize(
    "day", ["2024-02-10", "2025-01-29", "2026-02-17", "2010-02-14", "2007-02-17", "1985-01-21", "1968-01-29"]
)
def test_tet_is_the_first_day_of_the_first_month(day: str):
    assert moon.lunar_date(date.fromisoformat(day)) == moon.LunarDate(1, 1, False)


@pytest.mark.parametrize("day", ["2007-02-18", "1985-02-20"])
def test_the_chinese_new_year_is_not_ours_where_the_two_differ(day: str):
    assert moon.lunar_date(date.fromisoformat(day)) != moon.LunarDate(1, 1, False)


def test_mid_autumn_and_a_leap_month():
    assert moon.lunar_date(date(2024, 9, 17)) == moon.LunarDate(15, 8, False)
    assert moon.lunar_date(date(2025, 7, 25)) == moon.LunarDate(1, 6, True)


@pytest.mark.parametrize("day", [date(1899, 12, 31), date(2101, 1, 1)])
def test_years_out_of_reach_are_refused(day: date):
    with pytest.raises(ValueError, match="range"):
        moon.lunar_date(day)


def new_moon_day(k: int) -> int:
    """Julian day number of the k-th new moon since 1900 in UTC+7, as the handbook writes it (Meeus)."""
    t = k / 1236.85

    def s(angle: float) -> float:
        return sin(radians(angle))

    j = 2415020.75933 + 29.53058868 * k + 0.0001178 * t**2 - 0.000000155 * t**3
    j += 0.00033 * s(166.56 + 132.87 * t - 0.009173 * t**2)
    m = 359.2242 + 29.10535608 * k - 0.0000333 * t**2 - 0.00000347 * t**3
    n = 306.0253 + 385.81691806 * k + 0.0107306 * t**2 + 0.00001236 * t**3
    f = 21.2964 + 390.67050646 * k - 0.0016528 * t**2 - 0.00000239 * t**3
    c = (0.1734 - 0.000393 * t) * s(m) + 0.0021 * s(2 * m) - 0.4068 * s(n) + 0.0161 * s(2 * n) - 0.0004 * s(3 * n)
    c += 0.0104 * s(2 * f) - 0.0051 * s(m + n) - 0.0074 * s(m - n) + 0.0004 * s(2 * f + m) - 0.0004 * s(2 * f - m)
    c += -0.0006 * s(2 * f + n) + 0.0010 * s(2 * f - n) + 0.0005 * s(2 * n + m)
    return floor(j + c - (-0.000278 + 0.000265 * t + 0.000262 * t**2) + 0.5 + 7 / 24)


def test_every_day_of_2000_to_2040_is_the_handbooks():
    nights = np.arange("2000-01-01", "2041-01-01", dtype="datetime64[D]")
    found = moon.lunar_days(nights)
    julian = nights.astype(np.int64) + date(1970, 1, 1).toordinal() + 1721425
    starts = np.array([new_moon_day(k) for k in range(1230, 1750)])
    last = starts[np.searchsorted(starts, julian, side="right") - 1]
    np.testing.assert_array_equal(found, julian - last + 1)


def test_phases_begin_at_new_moon_and_are_full_in_the_middle():
    bins = moon.phase_bin(np.arange(1, 31))
    assert (bins[0], bins[14], bins[29]) == (0, 4, 0)
    assert (np.diff(bins[:28]) >= 0).all()


def test_one_cycle_before_has_the_same_lunar_day():
    nights = np.arange("2024-01-01", "2024-04-01", dtype="datetime64[D]")
    days = moon.lunar_days(nights)
    for place in range(40, nights.size):
        found = moon.one_cycle_before(nights, place)
        assert found, nights[place]
        assert all((days[at] - days[place]) % 30 in (0, 1, 29) for at in found)
        assert all(28 <= place - at <= 31 for at in found[:1])
    assert moon.one_cycle_before(nights, 20) == []


def test_relative_catch_by_hand():
    catch = np.array([[4.0] * 20])
    catch[0, 10] = 44
    np.testing.assert_allclose(moon.relative_catch(catch)[0, 10], 44 / 6)
    assert np.isnan(moon.relative_catch(catch[:, :7])).all()
    assert np.isnan(moon.relative_catch(np.zeros((1, 20)))).all()


def test_thin_eighths_are_hidden():
    nights = np.arange("2024-01-01", "2024-02-01", dtype="datetime64[D]")
    means, number = moon.by_phase(np.ones(31), nights)
    assert number.sum() == 31
    assert np.isnan(means).all()
    means, number = moon.by_phase(np.ones((4, 31)), nights)
    np.testing.assert_array_equal(means[number >= 10], 1.0)


def test_relative_catch_of_soc_trang_by_phase_is_as_stated():
    _, catch = soctrang.catches()
    catch = np.where(catch > 0, catch, np.nan)  # a zero may be a night not read
    catch[:, 212:242] = np.nan  # the block that was copied between traps
    means, _ = moon.by_phase(moon.relative_log_catch(catch), soctrang.YEAR)
    stated = [-0.18, 0.02, 0.15, 0.18, 0.00, 0.05, -0.11, -0.16]
    np.testing.assert_allclose(means, stated, atol=0.015)
