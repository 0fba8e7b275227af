"""Digests: when staff are told many things at once in one message, and in which words. Pure; the clock is passed in.

When pests rise in a hundred fields the farmer of each is told of his own; whoever watches over all of them is told
once. Farmers get no digests, and programs neither: a webhook takes each event.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import NAMESPACE_OID, UUID, uuid5

from lighttrap.agronomy.level import Level
from lighttrap.notify import figures, verdict
from lighttrap.notify.catalogue import Catalogue, Plain, Review
from lighttrap.notify.segments import segments, toneless
from lighttrap.notify.settings import NotifierSettings
from lighttrap.notify.texts import BUDGET, Kind, Rendered
from lighttrap.store.digests import Crowd, Member

_SETTLE = timedelta(seconds=5)
_SETTLED_AFTER = timedelta(seconds=45)
_WORST = 5
ALWAYS: Final = frozenset({"org", "alerts", "nights"})
NAMES: Final = ALWAYS | {"alarm", "warning", "watch", "over", "device", "worst"}
"""The placeholders of a digest; those that are not always there are left out when they have nothing to say."""


@dataclass(frozen=True, slots=True)
class Alone:
    """So little waits that each is told by itself."""


@dataclass(frozen=True, slots=True)
class Wait:
    """More is about to come, or enough was told just now."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Together:
    """All of it goes in one message."""


def decide(crowd: Crowd, now: datetime, settings: NotifierSettings) -> Alone | Wait | Together:
    """What is done with all that waits for one person.

    A few messages go one by one. Then, and after each digest, there is a rest of `digest_s`; what comes meanwhile is
    told together. While events are still coming in, a digest waits for the last of them, though not for long.
    """
    rest = timedelta(seconds=settings.digest_s)
    if crowd.last_digest_at is not None and crowd.last_digest_at + rest > now:
        return Wait(crowd.last_digest_at + rest)
    if crowd.told >= settings.digest_over and crowd.first_told_at is not None and crowd.first_told_at + rest > now:
        return Wait(crowd.first_told_at + rest)
    if crowd.due <= settings.digest_over or crowd.newest_at is None or crowd.oldest_at is None:
        return Alone()
    if crowd.newest_at + _SETTLE > now and crowd.oldest_at + _SETTLED_AFTER > now:
        return Wait(min(crowd.newest_at + _SETTLE, crowd.oldest_at + _SETTLED_AFTER))
    return Together()


def key_of(members: Sequence[Member]) -> UUID:
    """The same for the same deliveries, so that a repeated digest is known for one, and another for another."""
    return uuid5(NAMESPACE_OID, ",".join(sorted(str(member.key) for member in members)))


def render(
    members: Sequence[Member],
    kind: Kind,
    *,
    unreviewed: bool = False,
    texts: Mapping[str, Catalogue] | None = None,
) -> Rendered:
    """The message of a digest, in the language of its reader. There is at least one member."""
    first = members[0]
    found = verdict.choose(first.language, unreviewed, texts, "digest")
    values = _values(members, found)
    needs_review = found.review_of("digest") is not Review.DONE
    if kind is not Kind.SMS:
        body = found.templates["digest.chat"].fill(values)
        subject = found.templates["digest.subject"].fill(values) if kind is Kind.EMAIL else ""
        return Rendered(subject, unicodedata.normalize("NFC", body.strip()), None, found.language, needs_review)
    plain = found.plain is Plain.ALWAYS or (found.plain is Plain.ON_REQUEST and not first.accents)
    text = _fitting(found.templates["digest.sms"].filled(values), plain)
    return Rendered("", text, segments(text), found.language, needs_review)


def _fitting(texts: Iterator[str], plain: bool) -> str:
    """The longest of these texts within the budget of an SMS; of none, the shortest."""
    text = ""
    for one in texts:
        text = toneless(one.strip()) if plain else unicodedata.normalize("NFC", one.strip())
        told = segments(text)
        if told.count <= BUDGET[told.encoding]:
            break
    return text


def _values(members: Sequence[Member], texts: Catalogue) -> dict[str, str]:
    alerts = _last_of_each(members)
    raised = [one for one in alerts if one.word == "raised" and one.kind == "catch"]
    count = {level: sum(one.level == level for one in raised) for level in Level}
    nights = sorted({one.night for one in alerts})
    numbers = {
        "alerts": len(alerts),
        "alarm": count[Level.ALARM],
        "warning": count[Level.WARNING],
        "watch": count[Level.WATCH],
        "device": sum(one.word == "raised" and one.kind == "device" for one in alerts),
        "over": sum(one.word == "cleared" for one in alerts),
    }
    return {
        "org": figures.one_line(members[0].org_name) or "BVTV",
        "nights": "-".join(figures.dd_mm(night) for night in dict.fromkeys((nights[0], nights[-1]))),
        "worst": "; ".join(_worst(raised, texts)),
        **{name: figures.whole(number, texts) if number else "" for name, number in numbers.items()},
    }


def _last_of_each(members: Sequence[Member]) -> list[Member]:
    """Of each alert its last word, which is also its highest level."""
    return list({one.alert_id: one for one in members}.values())


def _worst(raised: Sequence[Member], texts: Catalogue) -> Iterator[str]:
    """The places with the highest level, and among those with the highest catch."""
    by_urgency = sorted(raised, key=lambda one: (-one.level, -(figures.number(one.facts.get("value")) or 0)))
    for one in by_urgency[:_WORST]:
        value = figures.whole(figures.number(one.facts.get("value")), texts)
        place = figures.one_line(one.place) or "-"
        yield f"{verdict.pest(one.species, texts, {})} {place} {value}".strip() + f" (#A{one.alert_id})"
