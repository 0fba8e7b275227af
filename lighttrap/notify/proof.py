"""Proofreading the text files: what a translator may have lost, and whether every SMS fits with the worst values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from itertools import product
from typing import Final

from lighttrap.agronomy.episodes import Word
from lighttrap.agronomy.level import Level
from lighttrap.notify import digest, pages, verdict
from lighttrap.notify.catalogue import FIRST, Catalogue, Template
from lighttrap.notify.segments import segments
from lighttrap.notify.texts import BUDGET, FAULTS, Kind, Rendered, render, table_of, values_of
from lighttrap.notify.told import Told
from lighttrap.species import CATALOGUE, Role

ALWAYS: Final = frozenset(
    {
        "alert",
        "org",
        "pest",
        "Pest",
        "level",
        "Level",
        "LEVEL",
        "place",
        "night",
        "look",
        "look_full",
        "verdict",
        "trap",
    }
)
"""Placeholders that always have a value, so that they may stand outside square brackets."""
NEVER_SAID: Final = re.compile(
    r"phun|thuốc|hóa chất|hoá chất|spray|insecticide|pesticide|chemical|m2\b|m²|mét vuông|square met", re.IGNORECASE
)
"""A trap count never says spray, names no chemical, and is never turned into insects per square metre."""
_ALARMS: Final = ("raised.alarm.sms", "reopened.alarm.sms")
WORST: Final = Told(
    alert_id=999_999,
    org_name="Chi cục Trồng trọt và Bảo vệ thực vật thành phố Cần Thơ",
    word=Word.RAISED,
    level=Level.ALARM,
    night=date(2026, 12, 28),
    facts={
        "value": 888_888,
        "threshold": 100_000,
        "highest_night": "2026-12-27",
        "since": "2026-12-27T10:20:00+00:00",
        "battery_v": 11.4,
        "lamp_s": 10_800,
        "nominal_s": 43_200,
        "missing": 888_888,
        "silent": 8_888,
        "traps": 9_999,
    },
    species="chilo-suppressalis",
    field_name="Ruộng lúa nhà bà Nguyễn Thị Hường",
    commune="Xã Vĩnh Thuận Đông",
    link="https://baydencantho.example/f/AbCdEfGhIjKlMnOpQrStUv",
    phone="+842923812345",
    trap_id="vinh-thuan-dong-bay-den-0012",
)
"""The longest names of the catalogue and of Cần Thơ's communes, and six digits."""


def events(told: Told = WORST) -> list[Told]:
    """One event for each text there is, with the names and numbers of another."""
    raising = product((Word.RAISED, Word.REOPENED), (Level.WATCH, Level.WARNING, Level.ALARM))
    ending = [(Word.CLEARED, Level.ALARM), (Word.CORRECTED, Level.NONE), (Word.CORRECTED, Level.WARNING)]
    catches = [replace(told, word=word, level=level, fault=None) for word, level in [*raising, *ending]]
    devices = [replace(told, word=Word.RAISED, level=Level.WATCH, species=None, fault=fault) for fault in FAULTS]
    return [*catches, *devices, replace(devices[0], word=Word.CLEARED)]


def faults(texts: Mapping[str, Catalogue] | None = None) -> list[str]:
    """What is wrong with the texts, one sentence a fault; of texts that are empty, nothing."""
    found = dict(texts or verdict.packaged())
    first = found[FIRST]
    wrong = [f"{FIRST}: {key} is empty" for key in sorted(first.empty)]
    for language, one in found.items():
        wrong += [
            f"{language}: {fault}"
            for fault in [*_keys(one, first), *_wording(one), *_lengths(language, found), *_code(one)]
        ]
    return wrong


def _keys(texts: Catalogue, first: Catalogue) -> Iterator[str]:
    known, own = set(first.templates), set(texts.templates) | texts.empty
    yield from (f"{key} is missing" for key in sorted(known - own))
    yield from (f"{key} is not a text we know" for key in sorted(own - known))
    for key in sorted(known & set(texts.templates)):
        wanted, has = _names(first.templates[key]), _names(texts.templates[key])
        yield from (f"{key} lost {{{name}}}" for name in sorted(wanted - has))
        yield from (f"{key} has {{{name}}}, which is not in {FIRST}" for name in sorted(has - wanted))


def _wording(texts: Catalogue) -> Iterator[str]:
    possible = set(values_of(WORST, texts)) if not texts.empty else set()
    for key, template in texts.templates.items():
        told = "".join(part for part, _ in template.parts)
        yield from (f"{key} says {said!r}" for said in NEVER_SAID.findall(told))
        if key.split(".")[0] in {"words", "verdict", "look"}:
            continue
        always, filled = _filled(key.split(".")[0], possible)
        needs = sorted(template.required - always)
        yield from (f"{key} needs square brackets round {{{name}}}, which may be unknown" for name in needs)
        unknown = sorted(_names(template) - filled) if filled else []
        yield from (f"{key} has {{{name}}}, which nothing fills" for name in unknown)
        if key in _ALARMS and "alert" not in template.required:
            yield f"{key} must have {{alert}} outside square brackets: the message may come twice"


def _filled(table: str, possible: set[str]) -> tuple[frozenset[str], frozenset[str] | set[str]]:
    """The placeholders of a table that always have a value, and all that something fills."""
    if table == "digest":
        return digest.ALWAYS, digest.NAMES
    return (pages.NAMES, pages.NAMES) if table in pages.TABLES else (ALWAYS, possible)


def _lengths(language: str, texts: Mapping[str, Catalogue]) -> Iterator[str]:
    pests = [one.key for one in CATALOGUE if one.role is Role.PEST]
    for told, accents, pest in product(events(), (True, False), pests):
        worst = told if told.fault else replace(told, species=pest)
        made = render(worst, language, Kind.SMS, accents, unreviewed=True, texts=texts)
        if made.language == language:
            yield from (f"{table_of(worst)}.sms {fault}: {made.text}" for fault in _too_long(worst, made))


def _code(texts: Catalogue) -> Iterator[str]:
    """The message that proves a number is one SMS, whatever is paid for alerts."""
    if "code.text" in texts.templates:
        made = segments(texts.templates["code.text"].fill({"number": "888888"}))
        if made.count > 1:
            yield f"code.text takes {made.count} SMS ({made.units} {made.encoding} units)"


def _too_long(told: Told, made: Rendered) -> Iterator[str]:
    if made.segments and made.segments.count > BUDGET[made.segments.encoding]:
        yield f"takes {made.segments.count} SMS ({made.segments.units} {made.segments.encoding} units)"
    if told.fault:
        return
    if "2923812345" not in made.text:
        yield "has no room for the telephone number"
    if told.word is not Word.REOPENED and not re.search(r"888[., ]888", made.text):
        yield "has no room for the count"


def _names(template: Template) -> frozenset[str]:
    return template.required | template.optional
