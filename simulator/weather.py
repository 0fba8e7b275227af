"""Weather of a place, night by night: what rain, wind and cloud do to the flight and to the panel.

Places are groups of neighbouring traps. The amounts are plausible for the Mekong Delta and claim no more than that.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from simulator import chance

TRAPS_OF_A_PLACE = 6
PLACES_OF_UNNUMBERED = 64
SYNODIC_DAYS = 29.530588853
NEW_MOON_DAY = 10_961.76
"""A new moon, 2000-01-06 18:14 UTC, in days since 1970."""
CACHE_SIZE = 20_000
DAY_S = 86_400
_NUMBER_AT_END = re.compile(r"(\d{1,9})$", re.ASCII)

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Sky:
    """The weather of one place from noon to noon; rain falls from `rain_from_m`, minutes after local noon."""

    rain_mm: float
    rain_from_m: int
    rain_for_m: int
    wind_m_s: float
    cloud: float
    mean_c: float

    @property
    def flight_factor(self) -> float:
        """What is left of the flight: rain and wind keep insects down."""
        wet = 1 / (1 + self.rain_mm / 12)
        return wet * (0.6 if self.wind_m_s > 5 else 1.0)


def place_of(trap_id: str) -> int:
    """The place of a trap: six neighbours by number share one, other names are spread by hash."""
    numbered = _NUMBER_AT_END.search(trap_id)
    if numbered:
        return (int(numbered[1]) - 1) // TRAPS_OF_A_PLACE
    return chance.number("place", trap_id) % PLACES_OF_UNNUMBERED


def remembered(cache: dict[K, V], key: K, make: Callable[[], V], limit: int = CACHE_SIZE) -> V:
    """`cache[key]`, made when it is not there; the oldest entry goes when `limit` is reached."""
    found = cache.get(key)
    if found is None:
        found = make()
        if len(cache) >= limit:
            del cache[next(iter(cache))]
        cache[key] = found
    return found


class Weather:
    """Weather of all places under one seed; `day` is a proleptic ordinal, that of the evening."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._skies: dict[tuple[int, int], Sky] = {}

    def sky(self, place: int, day: int) -> Sky:
        """The weather of a place from noon of `day` to the next noon."""
        return remembered(self._skies, (place, day), lambda: self._draw(place, day))

    def _draw(self, place: int, day: int) -> Sky:
        words = (self._seed, "sky", day)
        wetness = _wetness(day)
        # Rain is mostly regional: the day decides whether, the place how much.
        wet = chance.unit(*words) < wetness
        rain_mm = -14 * math.log(1 - chance.unit(*words, place, "mm")) if wet else 0.0
        return Sky(
            rain_mm=round(rain_mm, 1),
            rain_from_m=int(chance.between(60, 840, *words, "from")),
            rain_for_m=int(chance.between(20, 200, *words, "for")),
            wind_m_s=chance.between(0.3, 3.5 + 3 * wetness, *words, place, "wind"),
            cloud=min(1.0, chance.between(0, 0.5, *words, "cloud") + (0.5 if wet else 0)),
            mean_c=27 + 1.5 * math.sin(2 * math.pi * (day % 365.25 - 30) / 365.25) + chance.gauss(0, 0.8, *words, "c"),
        )


def _wetness(day: int) -> float:
    """Chance of rain: the wet season runs from May to November."""
    return 0.36 - 0.29 * math.cos(2 * math.pi * (day % 365.25 - 50) / 365.25)


def temperature_c(sky: Sky, minute: float) -> float:
    """Air temperature at a minute after local noon."""
    return round(sky.mean_c + 4 * math.cos(2 * math.pi * (minute - 120) / 1440), 1)


def humidity_pct(sky: Sky, minute: float) -> float:
    """Relative humidity at a minute after local noon."""
    return round(min(100.0, 78 - 14 * math.cos(2 * math.pi * (minute - 120) / 1440) + 12 * (sky.rain_mm > 0)), 1)


def rain_mm(sky: Sky, from_m: float, to_m: float) -> float:
    """Rain that fell between two minutes after local noon, at an even rate while it falls."""
    covered = min(to_m, sky.rain_from_m + sky.rain_for_m) - max(from_m, sky.rain_from_m)
    return round(sky.rain_mm * max(0.0, covered) / sky.rain_for_m, 1)


def moonlight(at_s: float) -> float:
    """The lit share of the moon's disk, 0 to 1; good to some hours, and context only: it changes no count."""
    phase = (at_s / DAY_S - NEW_MOON_DAY) / SYNODIC_DAYS
    return (1 - math.cos(2 * math.pi * phase)) / 2


def light_lx(sky: Sky, minute: float, at_s: float) -> float:
    """Illuminance at a minute after local noon: sun by day, at most a quarter lux of moon by night."""
    sun = math.cos(2 * math.pi * minute / 1440)
    if sun > 0:
        return round(90_000 * sun * (1 - 0.8 * sky.cloud), 1)
    return round(0.25 * moonlight(at_s) * (1 - sky.cloud), 3)
