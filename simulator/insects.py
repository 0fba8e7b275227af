"""The flight of insects to the lamps: seeded populations whose every minute can be asked again.

A species lives in generations some 25 days apart; each place has its own phase and each generation its own size. The
evening peaks in the hour after 19:00. The catch of a night is heavy-tailed: mostly nothing to some hundreds, now and
then thousands. The moon changes nothing: nobody knows by what factor it should.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator import chance, weather

FLIGHT_FROM_M = 5 * 60
"""Nothing flies before 17:00; minutes are counted from local noon."""
FLIGHT_TO_M = 20 * 60
MAX_NIGHT = 250_000
"""The highest night on record (Sóc Trăng 2010)."""
MINUTES_CACHED = 24_000

Minutes = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Habit:
    """How a species lives: days between generations, days a flight lasts, log10 of a usual peak night."""

    period_d: float
    width_d: float
    peak_log10: float


HABITS = {
    "nilaparvata-lugens": Habit(24.5, 2.6, 2.85),
    "sogatella-furcifera": Habit(25.0, 3.0, 2.3),
    "laodelphax-striatellus": Habit(26.0, 3.0, 1.4),
    "nephotettix-spp": Habit(25.5, 3.5, 2.0),
    "recilia-dorsalis": Habit(25.5, 3.5, 1.4),
    "scirpophaga-incertulas": Habit(38.0, 4.0, 1.0),
    "chilo-suppressalis": Habit(40.0, 4.0, 0.7),
    "cnaphalocrocis-medinalis": Habit(30.0, 3.5, 1.0),
    "cyrtorhinus-lividipennis": Habit(24.5, 4.0, 1.9),
    "paederus-fuscipes": Habit(28.0, 6.0, 1.2),
}
OTHER_HABIT = Habit(27.0, 4.0, 0.9)


def _dusk_curve() -> NDArray[np.float64]:
    """The share of a night's flight in each minute from 17:00 to 08:00; three fifths fall from 19:00 to 20:00."""
    minute = np.arange(FLIGHT_FROM_M, FLIGHT_TO_M) + 0.5
    dusk = 0.78 * np.exp(-0.5 * ((minute - 450) / 28) ** 2) / 28
    evening = np.where(minute > 420, 0.17 * np.exp(-(minute - 420) / 160) / 64, 0)
    dawn = 0.05 * np.exp(-0.5 * ((minute - 1005) / 25) ** 2) / 25
    curve = dusk + evening + dawn
    return np.asarray(curve / curve.sum(), dtype=np.float64)


class World:
    """All populations under one seed. The flight at a trap is a pure function of (seed, trap, species, minute)."""

    def __init__(self, seed: int) -> None:
        self.weather = weather.Weather(seed)
        self._seed = seed
        self._upto = np.cumsum(_dusk_curve())[:-1]
        self._levels: dict[tuple[int, str, int], float] = {}
        self._minutes: dict[tuple[str, str, int], Minutes] = {}

    def expected(self, trap_id: str, species: str, day: int) -> float:
        """Mean number of insects that come to a lamp burning all night; `day` is the evening's ordinal."""
        place = weather.place_of(trap_id)
        level = weather.remembered(self._levels, (place, species, day), lambda: self._level(place, species, day))
        gain = chance.gauss(0, 0.2, self._seed, "gain", trap_id)
        luck = chance.gauss(0, 0.3, self._seed, "luck", trap_id, species, day)
        return min(MAX_NIGHT, level * 10 ** (gain + luck))

    def flight(self, trap_id: str, species: str, day: int, from_m: int, to_m: int) -> int:
        """Insects that come between two minutes after local noon of `day`."""
        first, last = max(from_m, FLIGHT_FROM_M) - FLIGHT_FROM_M, min(to_m, FLIGHT_TO_M) - FLIGHT_FROM_M
        if last <= first:
            return 0
        key = (trap_id, species, day)
        return int(
            weather.remembered(self._minutes, key, lambda: self._draw(*key), MINUTES_CACHED)[first:last].sum(
                dtype=np.int64
            )
        )

    def _draw(self, trap_id: str, species: str, day: int) -> Minutes:
        words = (self._seed, "flight", trap_id, species, day)
        number = chance.poisson(self.expected(trap_id, species, day), *words)
        # Raw bits are the one stream that numpy freezes for good (NEP 19): a resent reading must repeat its bytes.
        bits = np.random.PCG64(chance.number(*words)).random_raw(number) if number else np.zeros(0, np.uint64)
        minutes = np.searchsorted(self._upto, (bits >> np.uint64(11)) * 2.0**-53)
        return np.bincount(minutes, minlength=FLIGHT_TO_M - FLIGHT_FROM_M).astype(np.uint16)

    def _level(self, place: int, species: str, day: int) -> float:
        habit = HABITS.get(species, OTHER_HABIT)
        wave = sum(self._generation(place, species, day, habit, number) for number in _near(day, habit))
        night = chance.gauss(0, 0.3, self._seed, "night", place, species, day)
        resident = 0.0005 * 10**habit.peak_log10
        return (wave + resident) * 10**night * self.weather.sky(place, day).flight_factor

    def _generation(self, place: int, species: str, day: int, habit: Habit, number: int) -> float:
        words = (self._seed, species, number)
        peak_d = number * habit.period_d + chance.between(0, habit.period_d, self._seed, species)
        peak_d += chance.gauss(0, 1.0, *words, "late") + chance.between(-4, 4, self._seed, species, place)
        height = habit.peak_log10 + chance.gauss(0, 0.4, *words) + chance.gauss(0, 0.4, *words, place)
        return 10**height * math.exp(-0.5 * ((day - peak_d) / habit.width_d) ** 2)


def _near(day: int, habit: Habit) -> range:
    """The generations that may still be felt on a day."""
    middle = int(day / habit.period_d)
    return range(middle - 2, middle + 3)
