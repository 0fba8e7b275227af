"""Faults on demand: what the way to the broker does to messages, and what befalls a trap in a night.

Rates are shares: of messages for `drop`, `duplicate`, `reorder`, `delay`, `corrupt` and `flood`; of trap-nights for
`silent`, `outage`, `wrong-clock` and `reboot`. All are drawn by seed.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime

from lighttrap.errors import ConfigError
from simulator import chance

FLOOD_COPIES = 50
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Message:
    """What a trap hands to its radio."""

    trap_id: str
    topic: str
    payload: bytes
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Faults:
    """How often what goes wrong, each from 0 to 1."""

    drop: float = field(default=0.0, metadata={"help": "a message is lost on its way to the broker"})
    duplicate: float = field(default=0.0, metadata={"help": "a message is sent twice"})
    reorder: float = field(default=0.0, metadata={"help": "a message is overtaken by those behind it"})
    delay: float = field(default=0.0, metadata={"help": "a message is held back for some seconds"})
    corrupt: float = field(default=0.0, metadata={"help": "a message arrives as bytes that are not a packet"})
    flood: float = field(default=0.0, metadata={"help": f"a message is sent {FLOOD_COPIES} times"})
    silent: float = field(default=0.0, metadata={"help": "a night without power: no reading is taken"})
    outage: float = field(default=0.0, metadata={"help": "a night without radio: readings come the next day"})
    wrong_clock: float = field(default=0.0, metadata={"help": "a night with a clock that is hours or years off"})
    reboot: float = field(default=0.0, metadata={"help": "the counter starts again in the night, as a new boot"})

    @property
    def on_the_way(self) -> bool:
        """Whether any message can come to harm."""
        return any((self.drop, self.duplicate, self.reorder, self.delay, self.corrupt, self.flood))


def parse(text: str) -> Faults:
    """The faults of `drop=0.01,duplicate=0.02`; empty text means none. Raises ConfigError."""
    known = [one.name for one in fields(Faults)]
    rates: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = part.partition("=")
        name = name.strip().replace("-", "_")
        if name not in known:
            raise ConfigError(f"there is no fault {name!r}; there are " + ", ".join(known).replace("_", "-"))
        rates[name] = _rate(name, value)
    return replace(Faults(), **rates)


def _rate(name: str, text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = -1
    if not 0 <= rate <= 1:
        raise ConfigError(f"the rate of {name} must be a number from 0 to 1, such as {name}=0.01")
    return rate


class Mishaps:
    """What the way to the broker does to messages; seeded, and told the time."""

    def __init__(self, faults: Faults, seed: int, delay_s: float = 10.0) -> None:
        self._faults = faults
        self._dice = random.Random(chance.number(seed, "mishaps"))
        self._delay_s = delay_s
        self._held: list[tuple[float, int, Message]] = []
        self._count = 0

    def carry(self, message: Message, tick: float) -> list[Message]:
        """What is sent now in place of a message. `tick` is in seconds on any clock that does not step."""
        chosen, roll = self._faults, self._dice.random
        if roll() < chosen.drop:
            return []
        if roll() < chosen.corrupt:
            return [replace(message, payload=corrupted(message.payload, self._dice))]
        late = self._delay_s if roll() < chosen.delay else self._delay_s / 20 if roll() < chosen.reorder else 0
        if late:
            self._count += 1
            heapq.heappush(self._held, (tick + late * self._dice.uniform(0.5, 1.5), self._count, message))
            return []
        copies = FLOOD_COPIES if roll() < chosen.flood else 2 if roll() < chosen.duplicate else 1
        return [message] * copies

    def overdue(self, tick: float) -> list[Message]:
        """Messages held back until now."""
        due = []
        while self._held and self._held[0][0] <= tick:
            due.append(heapq.heappop(self._held)[2])
        return due

    @property
    def held(self) -> int:
        """How many messages are held back."""
        return len(self._held)


def corrupted(payload: bytes, dice: random.Random) -> bytes:
    """Bytes that no reader can take for a packet: a radio's checksum stops what would read as other numbers."""
    at = dice.randrange(len(payload)) if payload else 0
    return dice.choice(
        [
            payload[:at],
            payload[:at] + b"\xff" + payload[at + 1 :],
            payload + payload,
            b'{"v":NaN,' + payload[1:],
        ]
    )


@dataclass(frozen=True, slots=True)
class Fate:
    """What befalls one trap in one night; seconds count from the night's noon."""

    silent: bool = False
    outage: bool = False
    reboot_after_s: int | None = None
    clock_off_s: int = 0


GOOD_NIGHT = Fate()


def fate_of(faults: Faults, seed: int, trap_id: str, noon_s: int) -> Fate:
    """What befalls a trap in the night that begins at the noon `noon_s` (seconds since 1970)."""
    words = (seed, trap_id, noon_s)
    silent = chance.happens(faults.silent, "silent", *words)
    outage = chance.happens(faults.outage, "outage", *words)
    reboot = chance.happens(faults.reboot, "reboot", *words)
    wrong = chance.happens(faults.wrong_clock, "clock", *words)
    if not (silent or outage or reboot or wrong):
        return GOOD_NIGHT
    after_s = int(chance.between(3_600, 80_000, "reboot at", *words)) if reboot else None
    return Fate(silent, outage, after_s, _wrong_by_s(noon_s, words) if wrong else 0)


def _wrong_by_s(noon_s: int, words: tuple[object, ...]) -> int:
    """How far off a clock is: an empty backup battery starts in 1970, a wrong zone is hours off."""
    epoch = int(datetime(1970, 1, 1, 12, tzinfo=UTC).timestamp()) - noon_s
    choices = (epoch, -7 * 3_600, 7 * 3_600, 3 * DAY_S, -365 * DAY_S, 20 * 365 * DAY_S)
    return choices[chance.number("off by", *words) % len(choices)]
