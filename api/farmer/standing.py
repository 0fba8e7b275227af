"""How things stand in one field with one pest, as far as farmers may be told. Pure.

What a person has yet to approve is not told: neither its level, nor by the colour of a bar.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import IntEnum

from lighttrap.agronomy.episodes import RAISING, Word
from lighttrap.agronomy.level import Level
from lighttrap.notify.told import Told
from lighttrap.notify.verdict import Situation
from lighttrap.store.farmer import Night, Saying, Watched

SHOWN = 7
"""Nights that are drawn."""


class State(IntEnum):
    """What a page says first; the higher, the more it matters."""

    LOW = 0
    """Known, and nothing to report."""
    OVER = 1
    CORRECTED = 2
    """What was said was wrong: no level was reached."""
    SILENT = 3
    """No data: nobody can say."""
    CHECKING = 4
    """A person looks at it before farmers are told."""
    ACTIVE = 5


@dataclass(frozen=True, slots=True)
class Standing:
    """A field and pest as its page tells it. `level` is that of the header: UNKNOWN when none may be told."""

    watched: Watched
    state: State
    level: Level
    situation: Situation
    told: Told
    """As a message would be made from it."""
    said: Saying | None = None
    """The word of the alert that farmers had last."""
    before: Saying | None = None
    """The raise before that, when the level has risen since."""
    is_silent: bool = False
    """The trap has told nothing of the last night, whatever else is known."""
    is_checked: bool = False
    """A person looks at something newer or higher."""

    @property
    def newest(self) -> Night | None:
        """The newest night with a value."""
        return _newest(self.watched)

    @property
    def rank(self) -> tuple[int, int, float]:
        """By which the worst comes first."""
        share = (self.situation.value or 0) / (self.situation.threshold or float("inf"))
        return self.state, self.level, share


def stand(one: Watched, org_name: str, phone: str | None) -> Standing:
    """How things stand, from what the store has of a field and pest."""
    said = _said(one)
    last = said[-1] if said else None
    newest = _newest(one)
    is_silent = newest is None or newest.night < _last_night(one)
    is_checked = _is_checked(one, last)
    state, level = _state(one, last, newest, is_silent=is_silent, is_checked=is_checked)
    if state in (State.ACTIVE, State.CORRECTED) and last is not None:
        situation = _of_event(one, last, level)
    elif state is State.SILENT:
        situation = Situation(Level.UNKNOWN, _place(one, org_name), _last_night(one), one.species, names=one.names)
    else:
        situation = _of_night(one, newest, level)
    situation = replace(situation, place=_place(one, org_name))
    told = _told(one, situation, state, last, org_name, phone)
    return Standing(
        one, state, level, situation, told, last if state is not State.LOW else None, _before(said), is_silent,
        is_checked or state is State.CHECKING,
    )  # fmt: skip


def may_tell(one: Watched, level: int) -> bool:
    """Whether farmers may be told that a night had a level: one that was approved for them, or needs no approval."""
    approved = max((said.level for said in _said(one) if said.word != Word.CLEARED), default=0)
    return level == Level.NONE or not one.needs_approval or level <= approved


def threshold(one: Watched, level: Level) -> float | None:
    """From which catch on a level is reached, as the events of alerts have it."""
    lowest = one.watch if one.watch is not None else one.floor
    return {Level.WARNING: one.warning, Level.ALARM: one.alarm}.get(level, lowest)


def is_known(night: Night) -> bool:
    """Whether a night's value says something: it counts, is going on, or was high though the lamp burned too little."""
    return night.value is not None and (night.is_valid or not night.is_final or night.level > Level.NONE)


def _said(one: Watched) -> list[Saying]:
    """The words of the alert that farmers may hear."""
    wanted = ("approved",) if one.needs_approval else ("approved", "rejected", None)
    return [said for said in one.events if said.verdict in wanted]


def _is_checked(one: Watched, last: Saying | None) -> bool:
    """Whether a raise of an active alert awaits a person's word."""
    waiting = [said for said in one.events if one.needs_approval and said.verdict is None and said.word in _UP]
    return one.alert_state == "active" and any(said.level > (last.level if last else 0) for said in waiting)


def _state(
    one: Watched, last: Saying | None, newest: Night | None, *, is_silent: bool, is_checked: bool
) -> tuple[State, Level]:
    if one.alert_state == "active" and last is not None and last.level in RAISING and last.word != Word.CLEARED:
        return State.ACTIVE, Level(last.level)
    if one.alert_state == "withdrawn" and last is not None and last.word == Word.CORRECTED:
        return State.CORRECTED, Level.NONE
    if is_checked:
        return State.CHECKING, Level.UNKNOWN
    if newest is None or is_silent:
        return State.SILENT, Level.UNKNOWN
    if one.alert_state == "cleared" and last is not None and last.word == Word.CLEARED:
        return State.OVER, Level.NONE
    if newest.level > Level.NONE:
        return (State.ACTIVE, Level(newest.level)) if may_tell(one, newest.level) else (State.CHECKING, Level.UNKNOWN)
    return State.LOW, Level.NONE


def _of_event(one: Watched, last: Saying, level: Level) -> Situation:
    """Of the night that the last word is about, with the count as it is known now."""
    night = next((night for night in one.nights if night.night == last.night), None)
    value = night.value if night is not None and night.value is not None else last.facts.get("value")
    bar = last.facts.get("threshold") or threshold(one, level)
    is_final = night is None or night.is_final
    return Situation(level, "", last.night, one.species, value, bar, one.is_proposal, is_final, one.names)


def _of_night(one: Watched, newest: Night | None, level: Level) -> Situation:
    """Of the last night that is complete, unless one that goes on says more."""
    whole = next((night for night in reversed(one.nights) if is_known(night) and night.is_final), None)
    if whole and newest and newest.level == Level.NONE and whole.night >= _last_night(one):
        newest = whole
    night = newest.night if newest else _last_night(one)
    value, is_final = (newest.value, newest.is_final) if newest else (None, True)
    return Situation(level, "", night, one.species, value, threshold(one, level), one.is_proposal, is_final, one.names)


def _told(
    one: Watched, situation: Situation, state: State, last: Saying | None, org_name: str, phone: str | None
) -> Told:
    facts = {**(last.facts if last else {}), "value": situation.value, "threshold": situation.threshold}
    return Told(
        alert_id=one.alert_id or 0,
        org_name=org_name,
        word=Word.CLEARED if state is State.OVER else Word.RAISED,
        level=situation.level,
        # So that days to look which have passed are not told.
        night=max(one.tonight - timedelta(days=1), situation.night),
        facts=facts,
        species=one.species,
        field_name=one.field_name,
        commune=one.commune,
        is_proposal=one.is_proposal,
        phone=phone,
        time_zone=one.time_zone,
        names=one.names,
    )


def _before(said: list[Saying]) -> Saying | None:
    """The lower level from which the last raise rose."""
    raises = [one for one in said if one.word == Word.RAISED]
    if len(raises) < 2 or said[-1].word != Word.RAISED or raises[-2].level >= raises[-1].level:
        return None
    return raises[-2] if raises[-2].night < raises[-1].night else None


def _newest(one: Watched) -> Night | None:
    return next((night for night in reversed(one.nights) if is_known(night)), None)


def _last_night(one: Watched) -> date:
    """The night of which something should be known by now: the last that is over."""
    return one.tonight - timedelta(days=1)


def _place(one: Watched, org_name: str) -> str:
    return one.commune or one.field_name or org_name or "-"


_UP = (Word.RAISED, Word.REOPENED)
