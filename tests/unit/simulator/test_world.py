from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator import chance
from simulator.insects import FLIGHT_FROM_M, FLIGHT_TO_M, MAX_NIGHT, World
from simulator.power import Power
from simulator.weather import Weather, moonlight, place_of
from tests.simulated import BPH

Year = NDArray[np.int64]
DAY = date(2026, 1, 1).toordinal()


@pytest.fixture(scope="module")
def year() -> Year:
    """Nightly catches of 18 traps over a year."""
    world = World(7)
    traps = [f"sim-{number:05d}" for number in range(1, 19)]
    return np.array([[world.flight(trap, BPH, DAY + night, 360, 1020) for night in range(365)] for trap in traps])


def test_the_same_seed_makes_the_same_world():
    assert World(3).flight("sim-00004", BPH, DAY, 0, 1440) == World(3).flight("sim-00004", BPH, DAY, 0, 1440)
    assert [World(3).expected("a-trap", BPH, DAY + n) for n in range(9)] != [
        World(4).expected("a-trap", BPH, DAY + n) for n in range(9)
    ]


def test_catches_are_heavy_tailed_with_quiet_nights(year: Year):
    nonzero = year[year > 0]
    assert 0.05 < (year == 0).mean() < 0.6
    assert 20 < np.median(nonzero) < 300
    assert np.percentile(nonzero, 99) > 2_000
    assert year.max() <= MAX_NIGHT * 1.05


def test_peaks_come_about_25_days_apart(year: Year):
    series = np.log1p(year[0])
    series = series - series.mean()
    similarity = [float(np.dot(series[:-lag], series[lag:])) for lag in range(15, 36)]
    assert 22 <= 15 + int(np.argmax(similarity)) <= 28


def test_neighbours_share_their_flights_and_strangers_do_not(year: Year):
    logs = np.log1p(year)
    assert place_of("sim-00001") == place_of("sim-00006") != place_of("sim-00007")
    assert np.corrcoef(logs[0], logs[5])[0, 1] > 0.6
    assert abs(np.corrcoef(logs[0], logs[12])[0, 1]) < 0.6


def test_parts_of_a_night_sum_to_the_night():
    world = World(1)
    parts = [world.flight("sim-00001", BPH, DAY, at, at + 7) for at in range(0, 1440, 7)]
    assert sum(parts) == world.flight("sim-00001", BPH, DAY, 0, 1440)


def test_nothing_flies_by_day():
    assert World(1).flight("sim-00001", BPH, DAY, 0, FLIGHT_FROM_M) == 0
    assert World(1).flight("sim-00001", BPH, DAY, FLIGHT_TO_M, 1440) == 0


def test_most_batteries_last_the_night_and_some_do_not():
    power = Power(7, Weather(7))
    shares = [power.lamp_share(f"sim-{trap:05d}", DAY + night) for trap in range(60) for night in range(0, 365, 3)]
    assert 0.001 < sum(share < 1 for share in shares) / len(shares) < 0.15


@pytest.mark.parametrize(("at", "lit"), [("2024-02-10", 0.0), ("2025-01-29", 0.0), ("2024-09-18", 1.0)])
def test_moon_is_dark_at_new_and_bright_at_full(at: str, lit: float):
    noon_s = (date.fromisoformat(at).toordinal() - date(1970, 1, 1).toordinal() + 0.5) * 86_400
    assert moonlight(noon_s) == pytest.approx(lit, abs=0.05)


def test_poisson_draws_have_their_mean():
    for mean in (0.3, 4.0, 49.0, 200.0):
        draws = [chance.poisson(mean, mean, number) for number in range(3_000)]
        assert np.mean(draws) == pytest.approx(mean, rel=0.08)
        assert np.var(draws) == pytest.approx(mean, rel=0.15)


def test_boot_numbers_fit_into_every_json_parser():
    assert all(0 < chance.boot_number(number) < 2**53 for number in range(1_000))
