"""The flash of a trap: which readings it has taken, so compactly that ten thousand traps fit into one process.

A real trap keeps 30 days of packets. Here the world can be asked again, so it is enough to remember the rhythm: a
stretch says that a boot took readings at even intervals from a start on, and each of them can be made anew, byte for
byte. Readings are numbered through a trap's whole life by position; (boot, seq) follows from it.

All times are whole or broken seconds since 1970. A trap's own clock is its `clock`; the world goes by true time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from lighttrap import night
from simulator import chance
from simulator.faults import Fate

RING_S = 30 * 86_400
RESTART_S = 90
"""How long a trap takes to come up again."""
MAX_CLOCK_ERROR_S = 10.0
"""A trap sets its clock at noon when it is further off than this."""


@dataclass(slots=True)
class Stretch:
    """Readings of one boot at even intervals."""

    boot: int
    first_seq: int
    position: int
    start_s: int
    interval_s: int
    lamp_from_m: int
    lamp_to_m: int
    offset_s: float = 0.0
    drift: float = 0.0
    prev_boot: int | None = None
    prev_last_seq: int | None = None
    count: int = 0

    @property
    def end(self) -> int:
        """The position after its last reading."""
        return self.position + self.count

    @property
    def last_seq(self) -> int:
        """The seq of its last reading; one below its first when it has none."""
        return self.first_seq + self.count - 1

    def clock_s(self, position: int) -> int:
        """When a reading begins, by the trap's clock."""
        return self.start_s + (position - self.position) * self.interval_s

    def true_s(self, clock_s: float) -> float:
        """The true time at which the trap's clock shows `clock_s`."""
        return self.start_s - self.offset_s + (clock_s - self.start_s) * (1 - self.drift)

    def completed(self, now_s: float) -> int:
        """How many intervals, planned or not, have passed at a true time."""
        elapsed = (now_s - self.true_s(self.start_s)) / (1 - self.drift)
        return max(0, math.floor((elapsed + 1e-6) / self.interval_s))

    def off_by(self, now_s: float) -> float:
        """Seconds by which the trap's clock is ahead at a true time."""
        return self.offset_s + (now_s - self.true_s(self.start_s)) * self.drift


def noon_before(at_s: float, zone: str) -> int:
    """The noon at which the night of an instant began."""
    return noon_of(night.night_of(datetime.fromtimestamp(at_s, UTC), zone).toordinal(), zone)


def noon_of(day: int, zone: str) -> int:
    """The noon at which a night begins; `day` is the ordinal of the evening's date."""
    return int(night.night_bounds(datetime.fromordinal(day).date(), zone)[0].timestamp())


def noon_after(noon_s: int, zone: str) -> int:
    """The noon at which the night that began at `noon_s` ends."""
    day = datetime.fromtimestamp(noon_s, UTC) + timedelta(hours=36)
    return noon_before(day.timestamp(), zone)


class Journal:
    """The readings of one trap, past and to come."""

    def __init__(
        self, trap_id: str, first: Stretch, planned_s: int, fate_at: Callable[[int], Fate], nonce: str, zone: str
    ) -> None:
        self.trap_id = trap_id
        self.stretches = [first]
        self.news: list[tuple[str, float]] = []
        """Events since somebody last looked: their name and true time."""
        self._planned_s = planned_s
        self._fate_at = fate_at
        self._nonce = nonce
        self._zone = zone
        self._radio: tuple[int, int, bool] | None = None
        self._plan()

    def __iter__(self) -> Iterator[Stretch]:
        return iter(self.stretches)

    @property
    def current(self) -> Stretch:
        """The stretch that is being written."""
        return self.stretches[-1]

    def advance(self, now_s: float) -> None:
        """Lives through every night that has begun by a true time."""
        while self._planned_s <= now_s:
            self._live(self._planned_s)

    def last_complete(self, now_s: float) -> int:
        """The position of the last reading whose interval is over at a true time; 0 before the first."""
        for stretch in reversed(self.stretches):
            done = min(stretch.completed(now_s), stretch.count)
            if done:
                return stretch.position + done - 1
        return self.stretches[0].position - 1

    def at(self, position: int) -> Stretch | None:
        """The stretch that holds a position; None when it is not in the ring or not yet planned."""
        for stretch in reversed(self.stretches):
            if stretch.position <= position:
                return stretch if position < stretch.end else None
        return None

    def position_of(self, boot: int, seq: int) -> int | None:
        """The position of a reading, None when the journal does not hold it."""
        for stretch in self.stretches:
            if stretch.boot == boot and stretch.first_seq <= seq <= stretch.last_seq:
                return stretch.position + seq - stretch.first_seq
        return None

    def oldest(self, before_s: float) -> int:
        """The first position whose interval ends after a true time."""
        for stretch in self.stretches:
            done = min(stretch.completed(before_s), stretch.count)
            if done < stretch.count:
                return stretch.position + done
        return self.current.end

    def kept(self, boot: int, before_s: float, now_s: float) -> tuple[int, int]:
        """First and last seq of a boot that are in the ring; (2**53, 0) when none is."""
        oldest, newest = self.oldest(before_s), self.last_complete(now_s)
        first, last = 2**53, 0
        for stretch in self.stretches:
            low, high = max(stretch.position, oldest), min(stretch.end - 1, newest)
            if stretch.boot == boot and low <= high:
                first = min(first, stretch.first_seq + low - stretch.position)
                last = stretch.first_seq + high - stretch.position
        return first, last

    def end_s(self, position: int) -> float:
        """When the interval of a planned position ends, in true time."""
        stretch = self.at(position) or self.current
        return stretch.true_s(stretch.clock_s(position + 1))

    def next_end_s(self, now_s: float) -> float:
        """When the interval that runs at a true time ends, or the plan does."""
        following = self.last_complete(now_s) + 1
        return self.end_s(following) if self.at(following) else float(self._planned_s)

    def radio_out_until(self, now_s: float) -> int | None:
        """When the radio comes back, None when it works."""
        if self._radio is None or not self._radio[0] <= now_s < self._radio[1]:
            noon_s = noon_before(now_s, self._zone)
            self._radio = (noon_s, noon_after(noon_s, self._zone), self._fate_at(noon_s).outage)
        return self._radio[1] if self._radio[2] else None

    def change(self, now_s: float, interval_s: int | None = None, lamp: tuple[int, int] | None = None) -> None:
        """Another rhythm from the end of the last interval completed at a true time; call `advance` first."""
        old = self.current
        old.count = min(old.completed(now_s), old.count)
        start_s = old.clock_s(old.end)
        self._open(start_s, start_s - old.true_s(start_s))
        new = self.current
        new.interval_s = interval_s or old.interval_s
        new.lamp_from_m, new.lamp_to_m = lamp or (old.lamp_from_m, old.lamp_to_m)
        self._plan()

    def forget(self, before_s: float, until: int) -> None:
        """Lets go of stretches that ended before a true time and lie wholly before the position `until`."""
        while len(self.stretches) > 1:
            first = self.stretches[0]
            if first.end > until or first.true_s(first.clock_s(first.end)) > before_s:
                return
            del self.stretches[0]

    def _live(self, at_s: int) -> None:
        """Plans on from a planned time: a noon begins a night, any other instant was set for a reboot."""
        noon_s = noon_before(at_s, self._zone)
        fate = self._fate_at(noon_s)
        self._planned_s = noon_after(noon_s, self._zone)
        if at_s != noon_s:
            self._reboot(at_s)
        elif fate.silent:
            self._restart(self._planned_s, 0.0)
        else:
            self._set_clock(noon_s, float(fate.clock_off_s))
            if fate.reboot_after_s is not None:
                self._planned_s = noon_s + fate.reboot_after_s
        self._plan()

    def _set_clock(self, noon_s: int, offset_s: float) -> None:
        if offset_s or abs(self.current.off_by(noon_s)) > MAX_CLOCK_ERROR_S:
            self.news.append(("clock-set", noon_s))
            self._restart(noon_s, offset_s)

    def _restart(self, at_s: int, offset_s: float) -> None:
        """The same boot goes on at the first even instant from a true time, with its clock off by `offset_s`."""
        old = self.current
        old.count = min(old.count, old.completed(at_s))
        self._open(_even(at_s + offset_s, old.interval_s), offset_s)

    def _reboot(self, at_s: int) -> None:
        """A new boot: the reading that was running is lost."""
        old = self.current
        old.count = old.completed(at_s)
        offset_s = old.off_by(at_s)
        self._open(_even(at_s + RESTART_S + offset_s, 60), offset_s)
        new = self.current
        new.boot = chance.boot_number(self._nonce, self.trap_id, at_s)
        new.first_seq, new.prev_boot, new.prev_last_seq = 1, old.boot, old.last_seq
        self.news.append(("reboot", at_s))

    def _open(self, start_s: int, offset_s: float) -> None:
        old = self.current
        new = replace(old, first_seq=old.last_seq + 1, position=old.end, start_s=start_s, offset_s=offset_s, count=0)
        if old.count == 0 and len(self.stretches) > 1:
            del self.stretches[-1]
        self.stretches.append(new)

    def _plan(self) -> None:
        """Counts in every reading of the current stretch that begins before the planned time."""
        stretch = self.current
        span = (self._planned_s - stretch.true_s(stretch.start_s)) / (1 - stretch.drift)
        stretch.count = max(stretch.count, math.ceil((span - 1e-6) / stretch.interval_s))

    def state(self) -> dict[str, Any]:
        """What must be remembered to go on with the same readings after a restart."""
        return {"planned_s": self._planned_s, "stretches": [asdict(stretch) for stretch in self.stretches]}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on where `state()` was taken."""
        self._planned_s = state["planned_s"]
        self.stretches = [Stretch(**stretch) for stretch in state["stretches"]]


def _even(at_s: float, interval_s: int) -> int:
    return math.ceil((at_s - 1e-6) / interval_s) * interval_s
