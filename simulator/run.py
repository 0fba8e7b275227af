"""`python -m simulator run`: makes the past of a fleet as fast as the server takes it, then plays it live."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable

from lighttrap import connectcode
from lighttrap.config import BrokerSettings
from lighttrap.errors import InputFault, LightTrapError
from simulator import chance, faults, pace
from simulator.config import FleetSettings
from simulator.device import Device, Manners
from simulator.faults import Fate, Mishaps
from simulator.fleet import Fleet
from simulator.insects import World
from simulator.journal import Journal, Stretch, noon_after, noon_before
from simulator.link import Links, make_sessions, own_sessions
from simulator.memory import load
from simulator.patience import Patience
from simulator.power import Power
from simulator.progress import progress
from simulator.senses import Senses
from simulator.session import Session

log = logging.getLogger(__name__)

SESSION_S = 86_400
SAVE_EVERY_S = 10.0
SAVE_SLACK_S = 600
"""Later than this after the last save no reading can have been sent."""
CATCH_UP_S = 3_600
"""After a longer pause the time in between is made up for at the rhythm of the past."""
LIVE_WINDOW = 500
FAST_PATIENCE_S = (20.0, 300.0)
LIVE_PATIENCE_S = (180.0, 1_800.0)
MAX_PHASE_S = 20.0
VERIFY_EVERY_S = 5.0
MAX_DRIFT = 40e-6
"""40 parts in a million: some seconds a day, as cheap quartz is."""
HINT_AFTER_S = 30.0

Stopped = Callable[[], bool]


class Run:
    """One fleet, from its past to its present. `stopped` is asked some times a second."""

    def __init__(self, settings: FleetSettings, broker: BrokerSettings, stopped: Stopped, now_s: float) -> None:
        self._settings = settings
        self._stopped = stopped
        self._faults = faults.parse(settings.faults)
        self._memory = load(settings.state, settings.org, settings.prefix, settings.seed)
        world = World(settings.seed)
        self._senses = Senses(world, Power(settings.seed, world.weather), settings.species_keys, settings.zone)
        self._horizon_s = self._last_even(now_s)
        self._patience = Patience(*FAST_PATIENCE_S)
        self._saved_at = time.monotonic()
        self._devices = [self._device(trap_id) for trap_id in settings.trap_ids]
        self._sessions = _sessions(settings, broker)
        mishaps = Mishaps(self._faults, settings.seed, delay_s=10)
        self._fleet = Fleet(self._devices, Links(self._sessions), mishaps, self._at_rest)

    def run(self) -> bool:
        """Makes the past, then plays live; False when it ended before all of the past was stored."""
        try:
            self._save()
            needs_past = self._settings.once or any(device.is_past for device in self._devices)
            if needs_past and not self._make_past():
                return False
            if self._settings.fast or self._settings.once or self._stopped():
                return True
            self._play_live()
            return True
        finally:
            self._fleet.goodbye(for_good=self._settings.once or self._settings.state is None)
            self._save()

    def _make_past(self) -> bool:
        """Sends everything up to the horizon and waits until it is stored."""
        for device in self._devices:
            device.set_manners(self._fast_manners(), self._patience)
        self._fleet.pace = pace.Pace()
        total = sum(device.missing(self._horizon_s) for device in self._devices)
        began = time.monotonic()
        with progress("past" if not self._settings.once else "readings", total, "readings stored") as show:
            watch = _Watch(self._fleet, self._horizon_s, total, show, self._sessions)
            deadline = began + (self._settings.timeout_s or math.inf)
            self._fleet.run(
                lambda: self._stopped() or time.monotonic() >= deadline or watch.is_over(), lambda: self._horizon_s
            )
        missing = watch.missing()
        log.info("past made", extra={"readings": total - missing, "missing": missing, "seconds": _since(began)})
        return missing == 0

    def _play_live(self) -> None:
        patience = Patience(*LIVE_PATIENCE_S)
        for device in self._devices:
            phase_s = chance.between(0, min(MAX_PHASE_S, self._settings.interval_s / 3), "phase", device.trap_id)
            device.set_manners(Manners(LIVE_WINDOW, phase_s), patience)
            if device.is_past:
                device.set_rhythm(self._horizon_s, self._settings.interval_s)
                device.is_past = False
        self._fleet.pace = None
        self._save()
        deadline = time.monotonic() + (self._settings.exit_after_s or math.inf)
        log.info("playing live", extra={"traps": len(self._devices), "interval_s": self._settings.interval_s})
        self._fleet.run(lambda: self._stopped() or time.monotonic() >= deadline, time.time)
        log.info("stopped", extra={"messages": self._fleet.sent, "confirmed": self._fleet.confirmed})

    def _fast_manners(self) -> Manners:
        window = max(50, min(2_000, pace.MOST // len(self._devices)))
        return Manners(window, in_fast_motion=True)

    # Traps

    def _device(self, trap_id: str) -> Device:
        journal = self._journal(trap_id)
        device = Device(self._settings.org, journal, self._senses, self._patience, Manners(LIVE_WINDOW))
        device.is_past = bool(self._settings.history_days)
        if not self._settings.once and self._memory.recall(device):
            self._catch_up(device)
        return device

    def _catch_up(self, device: Device) -> None:
        """After a long pause the time in between passes at the rhythm of the past."""
        saved_s = self._memory.saved_s or self._horizon_s
        if self._horizon_s - saved_s > CATCH_UP_S and not device.is_past:
            slower_s = max(self._settings.interval_s, self._settings.history_interval_s)
            device.set_rhythm(saved_s + SAVE_SLACK_S, slower_s)
            device.is_past = True

    def _journal(self, trap_id: str) -> Journal:
        start_s, interval_s, planned_s = self._beginning()
        lamp = self._settings.lamp
        first = Stretch(
            boot=chance.boot_number(self._memory.nonce, trap_id, start_s),
            first_seq=1,
            position=1,
            start_s=start_s,
            interval_s=interval_s,
            lamp_from_m=lamp.from_m,
            lamp_to_m=lamp.to_m,
            drift=0.0 if self._settings.once else self._drift(trap_id),
        )
        return Journal(trap_id, first, planned_s, self._fate(trap_id), self._memory.nonce, self._settings.zone)

    def _drift(self, trap_id: str) -> float:
        return chance.between(-MAX_DRIFT, MAX_DRIFT, self._settings.seed, "drift", trap_id)

    def _fate(self, trap_id: str) -> Callable[[int], Fate]:
        return lambda noon_s: faults.fate_of(self._faults, self._settings.seed, trap_id, noon_s)

    def _beginning(self) -> tuple[int, int, int]:
        """First second of the fleet, seconds per reading, and the noon up to which nothing befalls it."""
        settings, zone = self._settings, self._settings.zone
        if settings.history_days and not settings.once:
            start_s = noon_before(self._horizon_s - settings.history_days * 86_400, zone)
            return start_s, settings.history_interval_s, start_s
        start_s = int(self._horizon_s) - (settings.interval_s if settings.once else 0)
        return start_s, settings.interval_s, noon_after(noon_before(self._horizon_s, zone), zone)

    def _last_even(self, now_s: float) -> float:
        step_s = self._settings.history_interval_s if self._settings.history_days else self._settings.interval_s
        return math.floor(now_s / step_s) * step_s

    # Memory

    def _at_rest(self) -> None:
        if time.monotonic() - self._saved_at >= SAVE_EVERY_S:
            self._save()

    def _save(self) -> None:
        """Writes what the flash of the traps holds. Raises InputFault when that fails: to go on would lose count."""
        self._saved_at = time.monotonic()
        if self._settings.state is not None and not self._settings.once:
            self._memory.save(self._settings.state, self._devices, time.time())


class _Watch:
    """Looks whether the past is stored; counts closely only now and then, for that asks every trap."""

    def __init__(
        self, fleet: Fleet, horizon_s: float, total: int, show: Callable[[int], None], sessions: list[Session]
    ) -> None:
        self._fleet = fleet
        self._horizon_s = horizon_s
        self._total = total
        self._show = show
        self._sessions = sessions
        self._next_count = 0.0
        self._hint_at = time.monotonic() + HINT_AFTER_S
        self._last = -1

    def is_over(self) -> bool:
        """Whether every reading of the past is stored. Raises LightTrapError when the broker refuses us for good."""
        tick = time.monotonic()
        self._show(min(self._fleet.confirmed, self._total))
        refused = next((session.refused for session in self._sessions if session.refused), None)
        if refused is not None:
            raise LightTrapError(f"the broker refuses the connection: {refused}")
        self._hint(tick)
        if self._fleet.confirmed < self._total and tick < self._next_count:
            return False
        self._next_count = tick + VERIFY_EVERY_S
        return self.missing() == 0

    def missing(self) -> int:
        """Readings of the past that are not known to be stored."""
        return sum(device.missing(self._horizon_s) for device in self._fleet.devices.values())

    def _hint(self, tick: float) -> None:
        if self._fleet.confirmed != self._last:
            self._last, self._hint_at = self._fleet.confirmed, tick + HINT_AFTER_S
        elif tick >= self._hint_at:
            self._hint_at = tick + 2 * HINT_AFTER_S
            log.warning(
                "nothing was confirmed for a while; is ingest running, are the traps registered?",
                extra={"connections": f"{sum(session.is_up for session in self._sessions)} of {len(self._sessions)}"},
            )


def _sessions(settings: FleetSettings, broker: BrokerSettings) -> list[Session]:
    if settings.connect_codes is None:
        return make_sessions(broker, settings.org, "sim", settings.trap_ids, settings.connections, SESSION_S)
    try:
        lines = settings.connect_codes.read_text(encoding="utf-8").split()
    except (OSError, UnicodeError) as fault:
        raise InputFault(f"the connect codes cannot be read: {fault}") from fault
    codes = {code.trap_id: code for code in map(connectcode.parse, lines)}
    return own_sessions(broker, settings.org, codes, settings.trap_ids, SESSION_S)


def _since(began: float) -> float:
    return round(time.monotonic() - began, 1)
