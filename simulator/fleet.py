"""Many traps on one clock and one loop: who is due speaks, within the room its session has.

In real time a heap wakes each trap when its reading is over. In fast motion the traps live through their past as fast
as the server confirms it: together they keep a bounded number of readings unconfirmed.
"""

from __future__ import annotations

import heapq
import math
import time
from collections import deque
from collections.abc import Callable, Sequence

from lighttrap import wire
from simulator.device import Device
from simulator.faults import Message, Mishaps
from simulator.link import Links
from simulator.pace import Pace
from simulator.session import Session

Clock = Callable[[], float]
AT_ONCE = 32
IDLE_S = 0.25
LOOK_S = 0.2


class Fleet:
    """Devices, their sessions, and the loop between them. A clock gives true time in seconds since 1970."""

    def __init__(
        self,
        devices: Sequence[Device],
        links: Links,
        mishaps: Mishaps,
        at_rest: Callable[[], None] = lambda: None,
    ) -> None:
        self.devices = {device.trap_id: device for device in devices}
        self.confirmed = 0
        """Readings that became known to be stored since the start."""
        self.sent = 0
        """Messages handed to the network since the start."""
        self.pace: Pace | None = None
        """Bounds what all traps together may have unconfirmed; None for no bound."""
        self._links = links
        self._mishaps = mishaps
        self._clock: Clock = time.time
        self._at_rest = at_rest
        self._unconfirmed = 0
        self._next_sweep = 0.0
        self._wakes: list[tuple[float, str]] = []
        self._wake_of: dict[str, float] = {}
        self._ready: dict[Session, deque[Device]] = {session: deque() for session in links.sessions}
        self._is_ready: set[str] = set()
        self._session_of = {trap_id: session for session in links.sessions for trap_id in session.traps}
        self._tie()

    def run(self, until: Callable[[], bool], clock: Clock) -> None:
        """Turns the loop until `until` says so; it is asked some times a second. `clock` is kept as the time."""
        self._clock = clock
        self._look_anew()
        next_look = 0.0
        while True:
            tick = time.monotonic()
            if tick >= next_look:
                next_look = tick + LOOK_S
                self._at_rest()
                if self.pace is not None:
                    self.pace.learn(self.confirmed, tick)
                if until():
                    return
            self._wake(tick)
            worked = self._serve() + self._release()
            self._links.turn(0.0 if worked else self._rest_s())

    def missing(self) -> int:
        """Readings taken by now and not confirmed, over all traps."""
        now_s = self._clock()
        return sum(device.missing(now_s) for device in self.devices.values())

    def goodbye(self, *, for_good: bool) -> None:
        """Says of every trap that has a connection that it goes to sleep, and disconnects, perhaps for good."""
        now_s = self._clock()
        for trap_id, device in self.devices.items():
            session = self._session_of[trap_id]
            if session.is_up:
                session.publish(device.goodbye(now_s))
        self._links.settle(5)
        self._links.stop(for_good=for_good)

    def _look_anew(self) -> None:
        """Rouses every trap: the time, its manners or its rhythm may be others now."""
        self._unconfirmed = sum(device.unconfirmed for device in self.devices.values())
        for device in self.devices.values():
            self._rouse(device)

    def _tie(self) -> None:
        """Ties traps and sessions together; a session of one trap carries its last will."""
        for session in self._links.sessions:
            session.hear = self._hear
            session.on_up = self._up
            session.on_down = self._down
            if len(session.traps) == 1:
                device = self.devices[session.traps[0]]
                session.will(device.last_will())

    def _up(self, session: Session) -> None:
        now_s, tick = self._clock(), time.monotonic()
        for trap_id in session.traps:
            self.devices[trap_id].connected(now_s, tick)
            self._rouse(self.devices[trap_id])

    def _down(self, session: Session) -> None:
        for trap_id in session.traps:
            self.devices[trap_id].disconnected()

    def _hear(self, trap_id: str, packet: wire.Packet, _retained: bool) -> None:
        device = self.devices.get(trap_id)
        if device is None:
            return
        before = device.unconfirmed
        self.confirmed += device.hear(packet, time.monotonic())
        self._unconfirmed += device.unconfirmed - before
        self._rouse(device)

    def _rouse(self, device: Device) -> None:
        """Lets a trap speak as soon as there is room."""
        if device.trap_id not in self._is_ready:
            self._is_ready.add(device.trap_id)
            self._ready[self._session_of[device.trap_id]].append(device)

    def _wake(self, tick: float) -> None:
        """Rouses the traps whose alarm rings, and frees a full window of what is given up for lost."""
        while self._wakes and self._wakes[0][0] <= tick:
            at, trap_id = heapq.heappop(self._wakes)
            if self._wake_of.get(trap_id) == at:
                del self._wake_of[trap_id]
                self._rouse(self.devices[trap_id])
        if self._left() <= 0 and tick >= self._next_sweep:
            self._next_sweep = tick + 1.0
            for device in self.devices.values():
                if device.is_stalled(tick):
                    self._let_speak(device, self._session_of[device.trap_id], self._clock(), tick, 0)

    def _sleep(self, device: Device, now_s: float, tick: float) -> None:
        """Sets a trap's alarm, unless an earlier one is set: that wakes it for nothing and is set again."""
        at = tick + max(0.01, device.due_in_s(now_s, tick))
        if at < self._wake_of.get(device.trap_id, math.inf):
            self._wake_of[device.trap_id] = at
            heapq.heappush(self._wakes, (at, device.trap_id))

    def _serve(self) -> int:
        """Lets traps that are ready speak, in turns; returns how many messages they handed over."""
        now_s, tick = self._clock(), time.monotonic()
        worked = 0
        for session, ready in self._ready.items():
            for _ in range(min(len(ready), AT_ONCE)):
                room = min(session.room, AT_ONCE, self._left())
                if room <= 0:
                    break
                device = ready.popleft()
                worked += self._let_speak(device, session, now_s, tick, room)
                if device.has_more(now_s):
                    ready.append(device)
                else:
                    self._is_ready.discard(device.trap_id)
                    self._sleep(device, now_s, tick)
        return worked

    def _let_speak(self, device: Device, session: Session, now_s: float, tick: float, room: int) -> int:
        before = device.unconfirmed
        messages = device.poll(now_s, tick, room)
        self._unconfirmed += device.unconfirmed - before
        for message in messages:
            for carried in self._mishaps.carry(message, tick):
                self._publish(session, carried)
        return len(messages)

    def _release(self) -> int:
        """Sends what a fault had held back."""
        overdue = self._mishaps.overdue(time.monotonic())
        for message in overdue:
            self._publish(self._session_of[message.trap_id], message)
        return len(overdue)

    def _publish(self, session: Session, message: Message) -> None:
        if session.is_up:
            session.publish(message)
            self.sent += 1

    def _left(self) -> int:
        return AT_ONCE if self.pace is None else self.pace.window - self._unconfirmed

    def _rest_s(self) -> float:
        """How long nothing will be due."""
        if any(ready and session.room for session, ready in self._ready.items()) and self._left() > 0:
            return 0.0
        next_wake = self._wakes[0][0] - time.monotonic() if self._wakes else IDLE_S
        return max(0.0, min(IDLE_S, next_wake, 0.02 if self._mishaps.held else IDLE_S))
