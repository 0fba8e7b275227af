"""What a trap counts and measures in one interval: the world through one lamp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from lighttrap import night, wire
from simulator import chance, power, weather
from simulator.insects import World
from simulator.journal import Stretch, noon_of

FIRST_READINGS = 3
"""How many readings of a boot name the boot before it."""
DAY_M = 1_440
MODEL_VERSION = "simulated-1"


@dataclass(frozen=True, slots=True)
class Sensed:
    """One interval's catch, before it becomes a packet. Seconds are by the trap's clock."""

    boot: int
    seq: int
    start_s: int
    end_s: int
    lamp_s: int
    planned_lamp_s: int
    counts: dict[str, int]
    night: date


class Senses:
    """Makes the readings of all traps of one world; the same stretch and position give the same bytes."""

    def __init__(self, world: World, lamp_power: power.Power, species: Sequence[str], zone: str) -> None:
        self._world = world
        self._power = lamp_power
        self._species = tuple(species)
        self._zone = zone
        self._noons: dict[int, int] = {}
        self._tonight = (0, 0, 0)

    def sense(self, trap_id: str, stretch: Stretch, position: int) -> Sensed:
        """The catch of one interval."""
        start_s = stretch.clock_s(position)
        end_s = start_s + stretch.interval_s
        counts = dict.fromkeys(self._species, 0)
        lamp_s = planned_s = 0
        for day in range(self._day(start_s), self._day(end_s - 1) + 1):
            on_s, planned_off_s = self._planned(stretch, day)
            off_s = on_s + self._lasting(trap_id, stretch, on_s, planned_off_s)
            planned_s += max(0, min(end_s, planned_off_s) - max(start_s, on_s))
            from_s, to_s = max(start_s, on_s), min(end_s, off_s)
            if to_s > from_s:
                lamp_s += to_s - from_s
                self._catch(trap_id, counts, stretch.true_s(from_s), stretch.true_s(to_s))
        middle = (start_s + end_s) / 2
        seq = stretch.first_seq + position - stretch.position
        return Sensed(stretch.boot, seq, start_s, end_s, lamp_s, planned_s, counts, date.fromordinal(self._day(middle)))

    def reading(self, trap_id: str, stretch: Stretch, sensed: Sensed) -> wire.ReadingPacket:
        """The packet of one interval."""
        begins_boot = sensed.seq <= FIRST_READINGS and stretch.prev_boot is not None
        true_s = stretch.true_s(sensed.start_s)
        day = self._day(true_s)
        minute = (true_s - self._noon(day)) / 60
        sky = self._world.weather.sky(weather.place_of(trap_id), day)
        return wire.ReadingPacket(
            v=1,
            boot=sensed.boot,
            seq=sensed.seq,
            start=datetime.fromtimestamp(sensed.start_s, UTC),
            end=datetime.fromtimestamp(sensed.end_s, UTC),
            lamp_s=sensed.lamp_s,
            counts=sensed.counts,
            temperature_c=weather.temperature_c(sky, minute),
            humidity_pct=weather.humidity_pct(sky, minute),
            rain_mm=weather.rain_mm(sky, minute, minute + stretch.interval_s / 60),
            wind_m_s=round(sky.wind_m_s, 1),
            light_lx=weather.light_lx(sky, minute, true_s),
            battery_v=power.battery_v(self._power.charge(trap_id, day), minute),
            panel_v=power.panel_v(sky.cloud, minute),
            signal_dbm=round(chance.between(-105, -65, "signal", trap_id)),
            model_version=MODEL_VERSION,
            prev_boot=stretch.prev_boot if begins_boot else None,
            prev_last_seq=stretch.prev_last_seq if begins_boot else None,
        )

    def voltages(self, trap_id: str, true_s: float) -> tuple[float, float]:
        """Battery and panel at a true time."""
        day = self._day(true_s)
        minute = (true_s - self._noon(day)) / 60
        cloud = self._world.weather.sky(weather.place_of(trap_id), day).cloud
        return power.battery_v(self._power.charge(trap_id, day), minute), power.panel_v(cloud, minute)

    def _planned(self, stretch: Stretch, day: int) -> tuple[int, int]:
        """When the lamp of a night is to go on and off, by the trap's clock."""
        noon_s = self._noon(day)
        on_s = noon_s + (stretch.lamp_from_m - DAY_M // 2) % DAY_M * 60
        length_m = (stretch.lamp_to_m - stretch.lamp_from_m) % DAY_M
        return on_s, on_s + length_m * 60

    def _lasting(self, trap_id: str, stretch: Stretch, on_s: int, off_s: int) -> int:
        """Seconds that the battery keeps the lamp on."""
        share = self._power.lamp_share(trap_id, self._day(stretch.true_s(on_s)))
        return (off_s - on_s) if share >= 1 else int((off_s - on_s) * share) // 60 * 60

    def _catch(self, trap_id: str, counts: dict[str, int], from_s: float, to_s: float) -> None:
        """Adds what flies to the lamp between two true times."""
        for day in range(self._day(from_s), self._day(to_s - 1e-6) + 1):
            noon_s = self._noon(day)
            from_m, to_m = max(0, int((from_s - noon_s) // 60)), min(DAY_M, int((to_s - noon_s) // 60))
            for species in counts:
                counts[species] += self._world.flight(trap_id, species, day, from_m, to_m)

    def _day(self, at_s: float) -> int:
        """The night of an instant; nearly always that of the instant asked before."""
        noon_s, next_noon_s, day = self._tonight
        if not noon_s <= at_s < next_noon_s:
            day = night.night_of(datetime.fromtimestamp(at_s, UTC), self._zone).toordinal()
            self._tonight = (self._noon(day), self._noon(day + 1), day)
        return day

    def _noon(self, day: int) -> int:
        return weather.remembered(self._noons, day, lambda: noon_of(day, self._zone))
