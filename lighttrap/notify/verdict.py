"""The verdict: one sentence on a place, a pest and a night, the same in messages, on pages and on the dashboard."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from lighttrap.agronomy.level import Level
from lighttrap.notify import catalogue, figures
from lighttrap.notify.catalogue import FIRST, Catalogue, Review
from lighttrap.species import CATALOGUE, SpeciesKey

_NAMES: Final = {one.key: {"vi": one.name_vi, "en": one.name_en, "km": one.name_km} for one in CATALOGUE}
_NEAR = 0.25
"""So far from a whole number of times, the ratio is still called almost or more than that number; our choice."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a pest in a place on a night; `value` and `threshold` in insects per trap and night."""

    level: Level
    place: str
    night: date
    species: SpeciesKey | None = None
    value: float | None = None
    threshold: float | None = None
    """Of the level that was reached."""
    is_proposal: bool = True
    """No agronomist has set the threshold yet."""
    is_final: bool = True
    """False while the night goes on or traps have not reported: the verdict says "so far"."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Names of the species by language, where they differ from the catalogue."""


def verdict(
    situation: Situation, language: str, *, unreviewed: bool = False, texts: Mapping[str, Catalogue] | None = None
) -> str:
    """The verdict in a language; in Vietnamese where that language has no text that may be used."""
    return sentence(situation, choose(language, unreviewed, texts))


def choose(language: str, unreviewed: bool, texts: Mapping[str, Catalogue] | None = None, *tables: str) -> Catalogue:
    """The catalogue of a language if its verdict, its words and these tables may be used; else Vietnamese."""
    found = (texts or packaged()).get(language)
    if found is not None and all(_usable(found, one, unreviewed) for one in ("words", "verdict", *tables)):
        return found
    return (texts or packaged())[FIRST]


def packaged() -> dict[str, Catalogue]:
    """The catalogues of the package by language."""
    return {language: catalogue.load(language) for language in catalogue.LANGUAGES}


def sentence(situation: Situation, texts: Catalogue) -> str:
    """The verdict in the words of a catalogue."""
    level = situation.level
    words = {
        "pest": pest(situation.species, texts, situation.names),
        "place": figures.one_line(situation.place),
        "night": figures.dd_mm(situation.night),
        "value": figures.whole(figures.number(situation.value), texts),
        "level": level_word(level, texts),
        "Level": capital(level_word(level, texts)),
        "against": against(situation, texts),
        "ratio": ratio(situation.value, situation.threshold, texts),
    }
    said = texts.templates[f"verdict.{_form(situation)}"].fill(words)
    return said if situation.is_final else texts.templates["verdict.so_far"].fill({"sentence": said})


def level_word(level: Level, texts: Catalogue) -> str:
    """The word for a level, in lower case; nothing for an unknown one."""
    return "" if level is Level.UNKNOWN else texts.word(f"words.level.{level.name.lower()}")


def pest(species: SpeciesKey | None, texts: Catalogue, names: Mapping[str, str]) -> str:
    """The name of a species in a language, else in Vietnamese, else its key."""
    key = species or "unidentified"
    told = {language: figures.one_line(name) for language, name in names.items()}
    known = {**_NAMES.get(key, {}), **{language: name for language, name in told.items() if name}}
    return known.get(texts.language) or known.get(FIRST) or figures.one_line(key) or "-"


def against(situation: Situation, texts: Catalogue) -> str:
    """What the catch is compared with: "ngưỡng đề xuất 1.000", "tăng nhanh", or nothing.

    A watch below its threshold was raised by a jump or a trend.
    """
    if is_over(situation):
        label = "proposal" if situation.is_proposal else "threshold"
        bar = figures.whole(figures.number(situation.threshold), texts)
        return texts.templates[f"words.against.{label}"].fill({"threshold": bar})
    return texts.word("words.against.rising") if is_rising(situation) else ""


def is_over(situation: Situation) -> bool:
    """Whether the catch is known to have reached a threshold."""
    value, threshold = figures.number(situation.value), figures.number(situation.threshold)
    return value is not None and bool(threshold) and value >= (threshold or 0) and situation.level > Level.NONE


def is_rising(situation: Situation) -> bool:
    """Whether a watch rests on its rise and not on a threshold."""
    value, threshold = figures.number(situation.value), figures.number(situation.threshold)
    return situation.level is Level.WATCH and value is not None and threshold is not None and value < threshold


def ratio(value: float | None, threshold: float | None, texts: Catalogue) -> str:
    """How many times a threshold a catch is, rounded so that it never says more than is true: 952 of 200 is "almost 5".

    Within a quarter of a whole number it is almost, exactly or more than that; else more than the number below. Under
    2 it has a decimal, and under 1.1 it is just at the threshold. Nothing when below it or not known.
    """
    top, bar = figures.number(value), figures.number(threshold)
    if top is None or not bar or top < bar:
        return ""
    times = top / bar
    if times < 1.1:
        return texts.word("words.ratio.at")
    if times < 2 - _NEAR:
        return _times(
            "exactly" if math.isclose(times * 10, round(times * 10)) else "more", int(times * 10 + 1e-9) / 10, texts
        )
    near = round(times)
    if near == times:
        return _times("exactly", near, texts)
    return _times("almost", near, texts) if 0 < near - times <= _NEAR else _times("more", int(times), texts)


def capital(text: str) -> str:
    """With a capital first letter."""
    return text[:1].upper() + text[1:]


def _times(word: str, times: float, texts: Catalogue) -> str:
    told = figures.whole(times, texts) if times == int(times) else figures.tenths(times, texts)
    return texts.templates[f"words.ratio.{word}"].fill({"times": told})


def _form(situation: Situation) -> str:
    if situation.level is Level.UNKNOWN:
        return "unknown"
    if is_over(situation):
        return "over"
    return "rising" if is_rising(situation) else "bare"


def _usable(texts: Catalogue, table: str, unreviewed: bool) -> bool:
    """Whether a table is whole, and vouched for or wanted all the same."""
    under = f"{table}."
    if not any(key.startswith(under) for key in texts.templates) or any(key.startswith(under) for key in texts.empty):
        return False
    marks = [mark for key, mark in texts.reviews.items() if key.startswith(under)] or [texts.review_of(table)]
    return unreviewed or Review.NATIVE not in marks
