"""What is decided about a message: whether it goes now, what is left of several that waited, and what follows a try.

Pure; the clock is passed in.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lighttrap.agronomy.episodes import Word
from lighttrap.agronomy.level import Level
from lighttrap.notify.channels.channel import OnUnknown, Outcome, Receipt
from lighttrap.notify.quiet import quiet_until
from lighttrap.notify.settings import NotifierSettings
from lighttrap.store.deliveries import Due, Expired

SUPERSEDED = "superseded"
RAISING = (Word.RAISED, Word.REOPENED)
_UNKNOWN_ALARM_TRIES = 2


@dataclass(frozen=True, slots=True)
class Send:
    """It goes now."""


@dataclass(frozen=True, slots=True)
class Skip:
    """It is not sent at all."""

    reason: str


@dataclass(frozen=True, slots=True)
class Bury:
    """It would have been sent, and it is too late."""

    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """It waits."""

    until: datetime


Decision = Send | Skip | Bury | Hold


def decide(due: Due, now: datetime, settings: NotifierSettings) -> Decision:
    """Whether a message whose time has come is sent, by what holds now."""
    if reason := _why_not(due, settings):
        return Skip(reason)
    if now > due.due_at + timedelta(seconds=settings.give_up_s):
        return Bury("too late")
    until = quiet_until(now, due.quiet_from, due.quiet_to, due.time_zone)
    if until and not (settings.alarm_breaks_quiet and is_alarm(due.word, due.level)):
        return Hold(until)
    return Send()


def is_alarm(word: str, level: int) -> bool:
    """Whether an event is the alarm itself: it may come twice rather than not at all."""
    return word in RAISING and level == Level.ALARM


def _why_not(due: Due, settings: NotifierSettings) -> str | None:
    if due.is_stopped:
        return "stopped"
    if due.recipient_kind == "farmer" and not due.has_consent:
        return "no consent"
    if due.address is None:
        return "no address"
    if not _is_owed(due):
        return "not told"
    if due.word in RAISING:
        if due.alert_state == "withdrawn":
            return "withdrawn"
        if due.recipient_kind == "farmer" and due.level < Level.ALARM:
            return _weary(due, settings)
    return None


def _weary(due: Due, settings: NotifierSettings) -> str | None:
    """Why a watch or a warning would be one too many for a farmer."""
    if due.told_today >= settings.daily_cap:
        return "daily cap"
    if (due.told_week or 0) >= settings.weekly_cap and due.level <= (due.told_week_level or 0):
        return "weekly cap"
    return None


def _is_owed(due: Due) -> bool:
    """Whether the recipient knows of what this takes back: nobody is told the end of what he never heard of."""
    match Word(due.word):
        case Word.CLEARED:
            return due.told_level is not None
        case Word.CORRECTED:
            return due.told_level is not None and due.told_level > due.level
        case Word.REOPENED:
            return due.told_word not in RAISING
        case Word.RAISED:
            return True


def superseded(waiting: Sequence[tuple[int, str, int]]) -> set[int]:
    """Which of the messages that waited together need no sending: (id, word, level) in the order of their events.

    Of several levels the highest is told; none that turned out wrong; none of an alert that is over by now.
    """
    raises: list[tuple[int, int]] = []
    over: int | None = None
    fix: int | None = None
    gone: set[int] = set()
    for one, word, level in waiting:
        match Word(word):
            case Word.RAISED:
                raises.append((one, level))
            case Word.CLEARED:
                over = one
            case Word.REOPENED if over is not None:
                gone |= {over, one}
                over = None
            case Word.REOPENED:
                pass
            case Word.CORRECTED:
                gone |= {other for other, raised in raises if raised > level} | ({fix} if fix is not None else set())
                raises = [(other, raised) for other, raised in raises if raised <= level]
                fix = one
    best = max(raises, key=lambda raised: raised[1], default=None) if over is None else None
    return gone | {one for one, _ in raises if best is None or one != best[0]}


def tries_again_after_unknown(rule: OnUnknown, word: str, level: int, unknown: int) -> bool:
    """Whether a message is sent again of which nobody can say whether it was; `unknown` counts such tries so far."""
    return rule is not OnUnknown.ALARM_ONCE_MORE or (is_alarm(word, level) and unknown < _UNKNOWN_ALARM_TRIES)


@dataclass(frozen=True, slots=True)
class Next:
    """The state of a delivery after an attempt, and when it is tried again."""

    state: str
    next_try_at: datetime | None = None


def after(
    receipt: Receipt, tried: Due | Expired, number: int, rule: OnUnknown, now: datetime, settings: NotifierSettings
) -> Next:
    """What becomes of a delivery by what its channel said of the attempt of that number, or by the lack of a word."""
    if receipt.outcome is Outcome.SENT:
        return Next("sent")
    if receipt.outcome is Outcome.REFUSED:
        return Next("dead")
    is_unknown = receipt.outcome is Outcome.UNKNOWN
    if is_unknown and not tries_again_after_unknown(rule, tried.word, tried.level, tried.unknown_attempts + 1):
        return Next("unknown")
    try_at = now + timedelta(seconds=max(backoff_s(number, settings), receipt.retry_after_s or 0))
    if number >= settings.tries or try_at > tried.due_at + timedelta(seconds=settings.give_up_s):
        return Next("unknown" if is_unknown else "dead")
    return Next("failed", try_at)


def backoff_s(number: int, settings: NotifierSettings) -> float:
    """Seconds to wait after the attempt of that number, with jitter of a fifth either way."""
    plain = min(settings.retry_longest_s, settings.retry_first_s * 4.0 ** min(number - 1, 20))
    return plain * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret
