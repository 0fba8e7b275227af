"""The sentences of a farmer's page, in one language: what the templates show, already said. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from api.farmer.bars import Chart, chart
from api.farmer.standing import Standing, State
from lighttrap import night
from lighttrap.agronomy.episodes import Word
from lighttrap.agronomy.level import Level
from lighttrap.notify import figures, verdict
from lighttrap.notify.catalogue import Catalogue
from lighttrap.notify.palette import LOOKS, Look
from lighttrap.notify.texts import WITHIN_DAYS, values_of

_OTHERS = 12
"""Other places and pests that have a line of their own; then one for all that is low, and a count of the rest."""
_TITLES = {
    State.OVER: "over",
    State.CORRECTED: "corrected",
    State.CHECKING: "checking",
    State.SILENT: "unknown",
}


@dataclass(frozen=True, slots=True)
class Task:
    """What to do, under its heading."""

    heading: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """Another field or pest in one line."""

    look: Look
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """What a page says of the worst that there is, and shortly of the rest."""

    level: Level
    look: Look
    title: str
    place: str
    field: str
    sentences: tuple[str, ...]
    value: str
    """The one number of the first sentence, as it stands there."""
    chart: Chart
    chart_text: str
    """The picture for who hears the page."""
    legend: tuple[str, ...]
    task: Task
    others: tuple[Line, ...]
    rest: str
    source: str


class Teller:
    """Says how things stand in the words of a catalogue. `now` decides what is still to come."""

    def __init__(self, texts: Catalogue, now: datetime) -> None:
        self._texts = texts
        self._now = now

    def say(self, key: str, values: Mapping[str, str] | None = None) -> str:
        """A sentence of the table `page`."""
        return self._texts.templates[f"page.{key}"].fill(values or {})

    def story(self, standings: Sequence[Standing]) -> Story:
        """The page of these, of which there is at least one: the worst at length, the others in a line each."""
        worst, *rest = sorted(standings, key=lambda one: one.rank, reverse=True)
        values = self.values(worst)
        picture = chart(worst)
        lines = [self._line(one) for one in rest if one.state is not State.LOW]
        if low := [self.say("other", self._where(one) | {"value": ""}) for one in rest if one.state is State.LOW]:
            shown = "; ".join(low[:_OTHERS]) + ("; ..." if len(low) > _OTHERS else "")
            lines = [
                *lines[:_OTHERS],
                Line(LOOKS[Level.NONE], verdict.capital(self.say("low")), shown),
                *lines[_OTHERS:],
            ]
        return Story(
            level=worst.level,
            look=LOOKS[worst.level],
            title=self.say(_TITLES.get(worst.state, "level"), values),
            place=values["place"],
            field=values["field"],
            sentences=tuple(self._sentences(worst, values)),
            value=values["value"],
            chart=picture,
            chart_text=self._chart_text(worst, picture),
            legend=tuple(self._legend(worst, picture)),
            task=self._task(worst, values),
            others=tuple(lines[: _OTHERS + 1]),
            rest=self.say("more", {"count": str(len(lines) - _OTHERS - 1)}) if len(lines) > _OTHERS + 1 else "",
            source=self.say("source", values),
        )

    def values(self, one: Standing) -> dict[str, str]:
        """What stands for each placeholder."""
        issued = one.said.at if one.said else one.newest.at if one.newest else self._now
        level = verdict.level_word(one.level, self._texts)
        values = values_of(one.told, self._texts)
        return values | {
            "level": level, "Level": verdict.capital(level),
            "night": figures.dd_mm(one.situation.night),
            "before": verdict.level_word(Level(one.before.level), self._texts) if one.before else "",
            "sent": figures.dd_mm(self._local(self._sent(one), one).date()),
            "Look_full": verdict.capital(values["look_full"]),
            "at": f"{self._local(issued, one):%H:%M %d/%m}",
            "traps": ", ".join(one.watched.traps[:3]) + (" ..." if len(one.watched.traps) > 3 else ""),
            "alert": str(one.told.alert_id or ""),
        }  # fmt: skip

    def _sent(self, one: Standing) -> datetime:
        """When the message went out that a correction corrects."""
        raised = [said for said in one.watched.events if said.word in (Word.RAISED, Word.REOPENED)]
        return raised[-1].at if raised else self._now

    def _sentences(self, one: Standing, values: Mapping[str, str]) -> list[str]:
        """The verdict, what has changed, and what is newer than the verdict."""
        if one.state is State.CHECKING:
            return [*self._count(one), self.say("checked")]
        said = [verdict.sentence(one.situation, self._texts)]
        if change := self._change(one):
            said.append(self.say(change, values))
        if one.is_silent:
            known = one.newest
            since = known.night + timedelta(days=1) if known else None
            said.append(self.say("silent", {"night": figures.dd_mm(since)}) if since else self.say("silent_ever"))
        elif one.state is not State.SILENT:
            said += self._newer(one)
        return [*said, self.say("checked")] if one.is_checked else said

    def _change(self, one: Standing) -> str:
        """Which sentence says how it came to this."""
        if one.state is State.OVER:
            return "ended"
        if one.state is State.CORRECTED:
            return "wrong"
        if one.state is not State.ACTIVE or one.said is None:
            return ""
        words = {Word.CORRECTED.value: "lowered", Word.REOPENED.value: "reopened"}
        return words.get(one.said.word, "risen" if one.before else "raised")

    def _count(self, one: Standing) -> list[str]:
        newest = one.newest
        return [] if newest is None else [self.say("uncounted", self._of_night(newest.night, newest.value))]

    def _newer(self, one: Standing) -> list[str]:
        """A night that came after the one of the verdict."""
        newest = one.newest
        if newest is None or newest.night <= one.situation.night:
            return []
        values = self._of_night(newest.night, newest.value)
        if not newest.is_final or newest.level > max(one.level, Level.NONE):
            return [self.say("newest_so_far" if not newest.is_final else "uncounted", values)]
        values["level"] = verdict.level_word(Level(newest.level), self._texts)
        return [self.say("newest", values)]

    def _of_night(self, of: date, value: float | None) -> dict[str, str]:
        return {"night": figures.dd_mm(of), "value": figures.whole(figures.number(value), self._texts)}

    def _task(self, one: Standing, values: Mapping[str, str]) -> Task:
        said = [self.say("look", values)]
        if one.state in (State.LOW, State.OVER, State.CORRECTED):
            said = [self.say("keep")]
        if values["look_from"]:
            said.append(self.say("window", values))
        if values["phone"] and one.state >= State.SILENT:
            said.append(self.say("many", values))
        return Task(self._heading(one), tuple(said))

    def _heading(self, one: Standing) -> str:
        """With a day when a message has set one and it is still to come."""
        if one.state in (State.SILENT, State.CHECKING):
            return self.say("todo_now")
        if one.state is not State.ACTIVE:
            return self.say("todo_plain")
        since = one.said.at if one.said else self._now
        by = self._local(since, one).date() + timedelta(days=WITHIN_DAYS[one.level])
        today = self._local(self._now, one).date()
        return self.say("todo", {"by": figures.dd_mm(by)}) if by > today else self.say("todo_now")

    def _chart_text(self, one: Standing, picture: Chart) -> str:
        nights = [
            self.say("chart_missing" if bar.value is None else "chart_night", self._of_night(bar.night, bar.value))
            for bar in picture.bars
        ]
        return " ".join([f"{self.say('chart')}: {'; '.join(nights)}.", *self._line_of(one, picture)])

    def _legend(self, one: Standing, picture: Chart) -> list[str]:
        crosses = [self.say("chart_cross")] if picture.has_cross else []
        return [*self._line_of(one, picture), *crosses, *([self.say("chart_open")] if picture.has_open else [])]

    def _line_of(self, one: Standing, picture: Chart) -> list[str]:
        """What the dashed line means; nothing without one."""
        if picture.threshold is None:
            return []
        label = "proposal" if one.watched.is_proposal else "threshold"
        bar = {"threshold": figures.whole(picture.threshold, self._texts)}
        against = self._texts.templates[f"words.against.{label}"].fill(bar)
        return [self.say("chart_line", {"against": against, "level": verdict.level_word(picture.level, self._texts)})]

    def _where(self, one: Standing) -> dict[str, str]:
        """The values with the field in its place: two fields of a commune are told apart by it alone."""
        values = self.values(one)
        return values | {"place": ", ".join(part for part in (values["field"], values["place"]) if part)}

    def _line(self, one: Standing) -> Line:
        values = self._where(one)
        key = _TITLES.get(one.state)
        shown = {**values, "value": values["value"] if one.state in (State.ACTIVE, State.LOW) else ""}
        text = self.say("other", shown) if key is None else f"{self.say(key, values)}, {values['place']}"
        return Line(LOOKS[one.level], values["Level"] if key is None else "", text)

    def _local(self, at: datetime, one: Standing) -> datetime:
        return at.astimezone(ZoneInfo(one.watched.time_zone or night.DEFAULT_ZONE))
