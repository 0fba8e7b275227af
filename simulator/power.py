"""Sun, battery and lamp: a panel in the rain means a lamp that goes out before morning."""

from __future__ import annotations

import math

from simulator import chance
from simulator.weather import Weather, place_of

ENOUGH = 0.38
"""Below this share of a full charge the lamp does not last the night,"""
EMPTY = 0.18
"""and at this one it does not come on."""


class Power:
    """Battery of every trap under one seed, as a pure function of the weather of the days before."""

    def __init__(self, seed: int, weather: Weather) -> None:
        self._seed = seed
        self._weather = weather

    def charge(self, trap_id: str, day: int) -> float:
        """The share of a full charge at dusk, 0 to 1; the last day's sun counts half, the two before the rest."""
        place = place_of(trap_id)
        suns = [1 - 0.75 * self._weather.sky(place, day - back).cloud for back in (1, 2, 3)]
        panel = chance.between(0.75, 1.15, self._seed, "panel", trap_id)
        return min(1.0, panel * (0.5 * suns[0] + 0.3 * suns[1] + 0.2 * suns[2]))

    def lamp_share(self, trap_id: str, day: int) -> float:
        """The share of the planned lamp time that the battery lasts, 0 to 1."""
        return max(0.0, min(1.0, (self.charge(trap_id, day) - EMPTY) / (ENOUGH - EMPTY)))


def battery_v(charge: float, minute: float) -> float:
    """Battery voltage at a minute after local noon: falls while the lamp burns, rises in the morning.

    A lead battery of 12 V that lasts the night (`ENOUGH`) does not go below 11.5 V.
    """
    drawn = min(max(minute - 360, 0), 660) / 660
    risen = max(minute - 1140, 0) / 300
    return round(11.6 + 1.6 * charge - 0.7 * drawn + 0.4 * risen, 2)


def panel_v(cloud: float, minute: float) -> float:
    """Panel voltage at a minute after local noon."""
    return (
        round(max(0.0, 18.5 * math.cos(2 * math.pi * minute / 1440) ** 0.3 * (1 - 0.3 * cloud)), 1)
        if _day(minute)
        else 0.0
    )


def _day(minute: float) -> bool:
    return math.cos(2 * math.pi * minute / 1440) > 0
