"""From the levels of a place's nights to alert episodes, and from those to what must be said.

Pure, and judged by the night of the catch: however late, often or out of order readings arrive, the same nights give
the same episodes, and each level of an episode is said once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from lighttrap.agronomy.level import Level

RAISING = (Level.WATCH, Level.WARNING, Level.ALARM)


class JudgedNight(NamedTuple):
    """A night of one place under one rule. Lost and silent nights are not in the series at all."""

    night: date
    level: Level
    calm: bool | None
    """Whether it counts towards the all-clear; None while it may still rise, as the night that is going on."""


LAPSE_NIGHTS = 14
"""After so long without a known night an episode is over: nobody can say what it did meanwhile. Assumed."""


class Sustain(NamedTuple):
    """How long a level must last: `k` of the last `n` nights raise, `clear_nights` calm ones in a row clear."""

    k: int = 1
    n: int = 1
    clear_nights: int = 3


_AT_ONCE = Sustain()


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch of nights with something to say: when each level was first reached, and when it was over."""

    reached: dict[Level, date]
    cleared: date | None = None
    lapsed: bool = False
    """Whether it ended because nothing more was known, which is not an all-clear."""

    @property
    def opened(self) -> date:
        """The night it began."""
        return min(self.reached.values())

    @property
    def level(self) -> Level:
        """The highest level so far; it does not fall before the all-clear."""
        return max(self.reached)

    def overlaps(self, opened: date, cleared: date | None) -> bool:
        """Whether it shares a night with the span from `opened` to `cleared`, without end when None."""
        return self.opened <= (cleared or date.max) and opened <= (self.cleared or date.max)


def episodes(nights: Iterable[JudgedNight], sustain: Sustain = _AT_ONCE, since: date = date.min) -> list[Episode]:
    """The episodes in a series of nights in order, of those that begin on `since` or later.

    A level is reached on a night that has it, with at least k of the last n nights at it or above; nights before
    `since` count for that alone. Nights without a value are not in the series, so they neither raise nor clear.
    """
    found: list[Episode] = []
    last: list[Level] = []
    reached: dict[Level, date] = {}
    before = date.max
    calm = 0
    for night, level, is_calm in nights:
        if reached and (night - before).days > LAPSE_NIGHTS:
            found.append(Episode(reached, before, lapsed=True))
            reached = {}
        before = night
        last = [*last, level][-sustain.n :]
        for one in RAISING:
            if night >= since and level >= one and sum(other >= one for other in last) >= sustain.k:
                reached.setdefault(one, night)
        if is_calm is not None:
            calm = calm + 1 if is_calm else 0
        if reached and calm >= sustain.clear_nights:
            found.append(Episode(reached, night))
            reached = {}
    return [*found, Episode(reached)] if reached else found


class Word(StrEnum):
    """What an alert event says."""

    RAISED = "raised"
    CLEARED = "cleared"
    REOPENED = "reopened"
    """Late data: it was not over after all."""
    CORRECTED = "corrected"
    """Late data or a correction: it was less than was said, or nothing."""


class Said(NamedTuple):
    """One thing to say of an alert; `night` is the night it is about."""

    word: Word
    level: Level
    night: date


Telling = tuple[Level, date]
"""A level, and the night on which it was reached."""


@dataclass(frozen=True, slots=True)
class Known:
    """An alert as it stands in the store; `said` are the levels announced so far, each with its night."""

    alert_id: int
    opened: date
    cleared: date | None
    level: Level
    said: frozenset[Telling] = field(default_factory=frozenset)
    said_over: bool = False
    """Whether the last that was said of its end is that it has come."""
    withdrawn: bool = False


class Change(NamedTuple):
    """What a stored alert becomes, or a new one when `alert_id` is None; withdrawn when `episode` is None."""

    alert_id: int | None
    episode: Episode | None
    say: list[Said]


def changes(known: Sequence[Known], found: Sequence[Episode]) -> list[Change]:
    """What makes the stored alerts of one rule and place agree with the episodes found.

    An episode goes on with the alert that said its highest level, else with the oldest it overlaps. What was once
    said of a level and night is not said again, whichever alert it falls to. Alerts that no episode takes are
    withdrawn: what they said was wrong, or is part of another alert now.
    """
    owners = _owners(known, found)
    told = frozenset(one for alert in known for one in alert.said)
    wanted = []
    for episode, own in zip(found, owners, strict=True):
        say = _words(own, episode, told)
        now = (episode.opened, episode.cleared, episode.level)
        if own is None or own.withdrawn or say or (own.opened, own.cleared, own.level) != now:
            wanted.append(Change(own.alert_id if own else None, episode, say))
    taken = {own.alert_id for own in owners if own}
    return wanted + [_withdrawal(one, found) for one in known if one.alert_id not in taken and not one.withdrawn]


def _owners(known: Sequence[Known], found: Sequence[Episode]) -> list[Known | None]:
    """Of each episode the alert that goes on as it."""
    left = sorted(known, key=lambda one: one.alert_id)
    owners: list[Known | None] = [None] * len(found)
    for alert in list(left):
        for level, night in sorted(alert.said, reverse=True):
            place = next((at for at, one in enumerate(found) if one.reached.get(level) == night), None)
            if place is not None and owners[place] is None:
                owners[place] = alert
                left.remove(alert)
                break
    for place, episode in enumerate(found):
        if owners[place] is None:
            owners[place] = next((one for one in left if episode.overlaps(one.opened, one.cleared)), None)
            if (own := owners[place]) is not None:
                left.remove(own)
    return owners


def _words(own: Known | None, episode: Episode, told: frozenset[Telling]) -> list[Said]:
    own_levels = {level for level, _ in own.said} if own else set()
    say = [
        Said(Word.RAISED, level, night)
        for level, night in sorted(episode.reached.items())
        if level not in own_levels and (level, night) not in told
    ]
    if own is not None:
        if episode.level < own.level:
            say.append(Said(Word.CORRECTED, episode.level, episode.reached[episode.level]))
        if own.said_over and episode.cleared is None:
            say.append(Said(Word.REOPENED, episode.level, episode.reached[episode.level]))
    if episode.cleared is not None and not episode.lapsed and not (own and own.said_over):
        say.append(Said(Word.CLEARED, episode.level, episode.cleared))
    return say


def _withdrawal(one: Known, found: Sequence[Episode]) -> Change:
    merged = any(episode.overlaps(one.opened, one.cleared) for episode in found)
    return Change(one.alert_id, None, [] if merged else [Said(Word.CORRECTED, Level.NONE, one.opened)])
