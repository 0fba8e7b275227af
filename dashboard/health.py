"""How traps are, the worst first: which one to visit today, and with what part; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from dashboard.inbox import fault_word
from dashboard.words import Words
from lighttrap import views


class Need(IntEnum):
    """Why a trap is visited, the most urgent first."""

    SILENT = 0
    LAMP = 1
    BATTERY = 2
    GAP = 3
    OFFLINE = 4
    NEVER = 5
    """Installed and never heard of: a group of its own."""
    NONE = 6


_NEEDS = {
    "silent": Need.SILENT,
    "silent-many": Need.SILENT,
    "lamp": Need.LAMP,
    "battery": Need.BATTERY,
    "gap": Need.GAP,
}


@dataclass(frozen=True)
class Condition:
    """A trap and its most urgent need; `silent_s` is how long ago it spoke, None when it never did."""

    device: views.Device
    need: Need
    silent_s: float | None


def conditions(devices: Iterable[views.Device], now: datetime, silent_after_s: float) -> list[Condition]:
    """Every trap, the worst first; of those with one need, the one that has been silent the longest."""
    found = [_condition(device, now, silent_after_s) for device in devices]
    return sorted(found, key=lambda one: (one.need, -(one.silent_s or 0), one.device.trap_id))


def need_word(need: Need, say: Words) -> str:
    """What a group of traps is called."""
    words = {
        Need.SILENT: fault_word("silent", say),
        Need.LAMP: fault_word("lamp", say),
        Need.BATTERY: fault_word("battery", say),
        Need.GAP: fault_word("gap", say),
        Need.OFFLINE: say("Đã báo tắt"),
        Need.NEVER: say("Đã lắp, chưa báo lần nào"),
        Need.NONE: say("Ổn"),
    }
    return words[need]


def bring(need: Need, say: Words) -> str:
    """What to take along."""
    words = {
        Need.SILENT: say("mang SIM, pin và dây nguồn dự phòng"),
        Need.LAMP: say("mang đèn dự phòng, lau tấm pin mặt trời"),
        Need.BATTERY: say("mang pin, lau tấm pin mặt trời"),
        Need.GAP: say("xem thẻ nhớ và sóng"),
        Need.OFFLINE: say("xem công tắc và lịch ngủ của bẫy"),
        Need.NEVER: say("xem lắp đặt và mã QR"),
    }
    return words.get(need, "")


def sentence(found: Iterable[Condition], say: Words) -> str:
    """How many traps need somebody, and why."""
    needs = [one.need for one in found]
    wanted = [need for need in Need if need is not Need.NONE and need in needs]
    if not needs:
        return say("Chưa có bẫy nào.")
    if not wanted:
        return say("Cả {n} bẫy đều ổn.", n=say.number(len(needs)))
    parts = [f"{say.number(needs.count(need))} {need_word(need, say).lower()}" for need in wanted]
    return say("Cần xem {n} trên {all} bẫy: {why}.", n=say.number(len(needs) - needs.count(Need.NONE)),
               all=say.number(len(needs)), why=", ".join(parts))  # fmt: skip


def _condition(device: views.Device, now: datetime, silent_after_s: float) -> Condition:
    if device.last_heard_at is None:
        return Condition(device, Need.NEVER, None)
    silent_s = (now - device.last_heard_at).total_seconds()
    needs = [_NEEDS[fault] for fault in device.faults if fault in _NEEDS]
    needs += [Need.SILENT] * (silent_s > silent_after_s) + [Need.OFFLINE] * (device.online is False)
    return Condition(device, min(needs, default=Need.NONE), silent_s)
