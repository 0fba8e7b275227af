"""Alert messages: one event in the words of its reader's language and channel.

An SMS holds its budget whatever the names and numbers are. Nothing here raises for what a database may hold: what
cannot be told is left out. A text says what, where, how bad, what to look at, by when and whom to call; it never names
a chemical, never orders a spray, and never makes insects per square metre of a catch.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from lighttrap.agronomy import timeline
from lighttrap.agronomy.episodes import Word
from lighttrap.agronomy.level import Level
from lighttrap.notify import figures, verdict
from lighttrap.notify.catalogue import Catalogue, Plain, Review, Template
from lighttrap.notify.segments import Encoding, Segments, segments, toneless
from lighttrap.notify.told import Told
from lighttrap.species import SpeciesKey

BUDGET: Final = {Encoding.GSM7: 1, Encoding.UCS2: 3}
"""Parts that an SMS may take, in either encoding."""
LOOK: Final[dict[SpeciesKey, str]] = {
    "nilaparvata-lugens": "planthopper",
    "sogatella-furcifera": "planthopper",
    "laodelphax-striatellus": "planthopper",
    "nephotettix-spp": "leafhopper",
    "recilia-dorsalis": "leafhopper",
    "scirpophaga-incertulas": "stem-borer",
    "chilo-suppressalis": "stem-borer",
    "sesamia-inferens": "stem-borer",
    "cnaphalocrocis-medinalis": "leaffolder",
    "orseolia-oryzae": "gall-midge",
    "parapoynx-stagnalis": "caseworm",
    "leptocorisa-spp": "rice-bug",
    "scotinophara-coarctata": "black-bug",
    "spodoptera-mauritia": "armyworm",
}
"""What is looked at in the field; species that are not here are looked for in the rice as a whole."""
WITHIN_DAYS: Final = {Level.WATCH: 3, Level.WARNING: 2, Level.ALARM: 1}
"""Days to look into the field, as the texts of `raised` say in words. Assumed, to be decided by the office."""
FAULTS: Final = ("silent", "silent-many", "battery", "lamp", "gap")
_UNIT_NAME = re.compile(r"(Phường|Xã|Thị trấn|Đặc khu)\s+", re.IGNORECASE)
_CLIP: Final = {"pest": 29, "Pest": 29, "field": 20, "phone": 13, "trap": 32, "link": 80}
"""Characters of a name in an SMS: those of the longest known, so that only the absurd is cut."""
_PEST_AND_PLACE: Final = 29 + 15
"""The longest pest and the longest commune, together; a short pest leaves room for a long name of a field."""
_PHONE: Final = re.compile(r"\+?[\d*#]{3,15}", re.ASCII)


class Kind(StrEnum):
    """What carries a text."""

    SMS = "sms"
    CHAT = "chat"
    """Telegram, Zalo."""
    EMAIL = "email"
    VOICE = "voice"
    """Read aloud: a telephone voice or the commune's loudspeaker; plain sentences."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message. `subject` is empty but for e-mail; `segments` is None but for SMS."""

    subject: str
    text: str
    segments: Segments | None
    language: str
    """In which it is: Vietnamese, where the reader's own cannot be used yet."""
    needs_review: bool
    """Its wording waits for the plant-protection office, or for a native reader."""


def render(
    told: Told,
    language: str,
    kind: Kind | str,
    accents: bool = True,
    *,
    unreviewed: bool = False,
    texts: Mapping[str, Catalogue] | None = None,
) -> Rendered:
    """The message for an event. Raises ValueError for a `kind` that is none, and nothing else.

    `accents` false asks for an SMS in letters without marks, where the language has such a form. `unreviewed` lets
    texts through that no native reader has vouched for. `texts` are catalogues by language in place of the package's.
    """
    kind, table = Kind(kind), table_of(told)
    found = verdict.choose(language, unreviewed, texts, "look", table)
    values = values_of(told, found)
    plain = kind is Kind.SMS and (found.plain is Plain.ALWAYS or (found.plain is Plain.ON_REQUEST and not accents))
    marks = (table, "words", "verdict", "look")
    needs_review = any(found.review_of(one) is not Review.DONE for one in marks)
    if kind is Kind.SMS:
        text = _sms(_forms(found.templates[f"{table}.sms"], _short(values, plain)), plain)
        return Rendered("", text, segments(text), found.language, needs_review)
    body = found.templates[f"{table}.{'chat' if kind is Kind.EMAIL else kind}"].fill(values)
    subject = found.templates[f"{table}.subject"].fill(values) if kind is Kind.EMAIL else ""
    return Rendered(subject, unicodedata.normalize("NFC", body.strip()), None, found.language, needs_review)


def table_of(told: Told) -> str:
    """The table of a language's file that has an event's texts."""
    if told.fault is not None:
        is_known = told.fault in FAULTS and told.word is not Word.CLEARED
        return f"device.{told.fault}" if is_known else "device.cleared"
    if told.word is Word.CLEARED:
        return "cleared"
    if told.word is Word.CORRECTED:
        return "corrected.lower" if told.level > Level.NONE else "corrected.none"
    return f"{told.word}.{max(told.level, Level.WATCH).name.lower()}"


def values_of(told: Told, texts: Catalogue) -> dict[str, str]:
    """What stands for each placeholder; empty for what is not known."""
    situation = _situation(told)
    level = verdict.level_word(situation.level, texts)
    pest = verdict.pest(told.species, texts, told.names)
    group = LOOK.get(told.species or "", "other")
    look_from, look_to = look_window(told) or (None, None)
    commune, field = figures.one_line(told.commune), figures.one_line(told.field_name)
    link = figures.one_line(told.link)
    return {
        "alert": str(told.alert_id),
        "org": figures.one_line(told.org_name) or "BVTV",
        "pest": pest,
        "Pest": verdict.capital(pest),
        "level": level,
        "Level": verdict.capital(level),
        "LEVEL": level.upper(),
        "place": situation.place,
        "field": field if commune else "",
        "night": figures.dd_mm(_night_of_fault(told) or told.night),
        "value": figures.whole(figures.number(situation.value), texts),
        "against": verdict.against(situation, texts),
        "look": texts.word(f"look.{group}.short"),
        "look_full": texts.word(f"look.{group}.full"),
        "look_from": figures.dd_mm(look_from),
        "look_to": figures.dd_mm(look_to),
        "phone": _phone(told),
        "link": link if " " not in link else "",
        "verdict": verdict.sentence(situation, texts),
        **_of_device(told, texts),
    }


def look_window(told: Told) -> tuple[date, date] | None:
    """When young insects can be seen after a peak, as far as that is still to come; None when no peak is known.

    The peak is the fact `peak_night`; of an all-clear, else, the highest night of the alert: calm nights have followed
    it. A raise has no peak yet.
    """
    peak = figures.day(told.facts.get("peak_night"))
    if peak is None and told.word is Word.CLEARED:
        peak = figures.day(told.facts.get("highest_night"))
    after = timeline.TIMELINES.get(told.species or "")
    if peak is None or after is None or not _has_room(peak) or not _has_room(told.night):
        return None
    window = timeline.window_of(timeline.Stage.CONTROL, timeline.after(peak, after))
    if window is None or window.last <= told.night:
        return None
    return max(window.first, told.night + timedelta(days=1)), window.last


def _situation(told: Told) -> verdict.Situation:
    return verdict.Situation(
        level=told.level if told.level is not Level.UNKNOWN else Level.NONE,
        place=figures.one_line(told.commune)
        or figures.one_line(told.field_name)
        or figures.one_line(told.org_name)
        or "-",
        night=told.night,
        species=told.species,
        value=figures.number(told.facts.get("value")),
        threshold=figures.number(told.facts.get("threshold")),
        is_proposal=told.is_proposal,
        is_final=told.facts.get("is_final") is not False,
        names=told.names,
    )


def _of_device(told: Told, texts: Catalogue) -> dict[str, str]:
    facts = {name: figures.number(value) for name, value in told.facts.items()}
    lamp_s, nominal_s = facts.get("lamp_s"), facts.get("nominal_s")
    return {
        "trap": figures.one_line(told.trap_id) or "-",
        "since": figures.clock(told.facts.get("since"), told.time_zone),
        "battery": figures.tenths(facts.get("battery_v"), texts),
        "lamp_h": figures.tenths(None if lamp_s is None else lamp_s / 3600, texts),
        "nominal_h": figures.tenths(None if nominal_s is None else nominal_s / 3600, texts),
        "missing": figures.whole(facts.get("missing"), texts),
        "silent": figures.whole(facts.get("silent"), texts),
        "traps": figures.whole(facts.get("traps"), texts),
    }


def _phone(told: Told) -> str:
    """The number without what people write between its digits; as it stands when it is not one number."""
    phone = figures.one_line(told.phone)
    number = re.sub(r"[\s().-]", "", phone)
    return number if _PHONE.fullmatch(number) else phone


def _night_of_fault(told: Told) -> date | None:
    """The night that a lamp burned too little; the alert itself is opened a day later."""
    return None if told.fault is None else figures.day(told.facts.get("night"))


def _short(values: Mapping[str, str], plain: bool) -> dict[str, str]:
    """The values as an SMS takes them: without "Phường", with 0 for +84, and nothing longer than the known names."""
    short = dict(values)
    place = _UNIT_NAME.sub("", values["place"], count=1) if _UNIT_NAME.match(values["place"]) else values["place"]
    short["place"] = place or values["place"]
    short["phone"] = re.sub(r"^\+84", "0", values["phone"])
    for name in ("pest", "Pest"):
        short[name] = re.sub(r"\s*\(.*?\)", "", values[name]) or values[name]
    short = {name: _form(value, plain) for name, value in short.items()}
    sizes = {**_CLIP, "place": _PEST_AND_PLACE - min(len(short["pest"]), _CLIP["pest"])}
    cut = {name: _clip(short[name], size) for name, size in sizes.items()}
    # Half an address or telephone number is worse than none.
    return {**short, **cut, **{name: short[name] if cut[name] == short[name] else "" for name in ("link", "phone")}}


def _forms(template: Template, values: Mapping[str, str]) -> Iterator[str]:
    """The text with the link, as far as it can be shortened and still has it; then without, from the longest on."""
    link = values["link"]
    yield from (text for text in template.filled(values) if link and link in text)
    yield from template.filled({**values, "link": ""})


def _sms(texts: Iterator[str], plain: bool) -> str:
    """The longest of these texts within the budget; of none, the shortest."""
    text = ""
    for text in texts:
        text = _form(text.strip(), plain)
        told = segments(text)
        if told.count <= BUDGET[told.encoding]:
            break
    return text


def _form(text: str, plain: bool) -> str:
    """Without marks, or composed; without characters that take two units of UCS-2."""
    if plain:
        return toneless(text)
    return "".join(one for one in unicodedata.normalize("NFC", text) if ord(one) <= 0xFFFF)


def _clip(text: str, size: int) -> str:
    return text if len(text) <= size else text[: size - 2].rstrip() + ".."


def _has_room(night: date) -> bool:
    """Whether days can be added; a fact may hold any year."""
    return 1 < night.year < 9999
