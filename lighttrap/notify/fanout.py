"""From alert events to deliveries: who is told, by which channel, in which words, and from when on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache

from lighttrap.agronomy.episodes import Word
from lighttrap.agronomy.level import Level
from lighttrap.notify import links, texts
from lighttrap.notify.policy import is_alarm
from lighttrap.notify.quiet import quiet_until
from lighttrap.notify.settings import NotifierSettings
from lighttrap.notify.told import Told
from lighttrap.store import deliveries
from lighttrap.store.deliveries import Event, Hearer, NewDelivery
from lighttrap.store.pool import Connection


def fan_out(conn: Connection, settings: NotifierSettings, forms: Mapping[str, texts.Kind], now: datetime) -> int:
    """Queues what waiting events have to say and marks them done, in the caller's transaction.

    `forms` are the channels there are, with the kind of text each carries. Returns how many events it took; call
    again until there is none, for of each alert it takes one at a time.
    """
    events = deliveries.claim_events(conn)
    if not events:
        return 0
    hearers: dict[int, list[Hearer]] = defaultdict(list)
    for hearer in deliveries.audience(conn, [event.event_id for event in events if not event.is_late]):
        hearers[hearer.event_id].append(hearer)
    new = (one for event in events for one in _of_event(event, hearers.get(event.event_id, []), settings, forms, now))
    deliveries.fan_out(conn, [event.event_id for event in events], new, now)
    return len(events)


def _of_event(
    event: Event,
    hearers: Sequence[Hearer],
    settings: NotifierSettings,
    forms: Mapping[str, texts.Kind],
    now: datetime,
) -> Iterator[NewDelivery]:
    link = {"farmer": links.of_farmer(settings), "staff": links.of_alert(settings, event.alert_id)}

    @cache
    def said(kind: str, language: str, form: texts.Kind, accents: bool) -> texts.Rendered:
        """Once for all who read the same."""
        one = told(event, link.get(kind))
        return texts.render(one, language, form, accents, unreviewed=settings.unreviewed_texts)

    for hearer in hearers:
        form = forms.get(hearer.channel)
        reason = next(_why_not(event, hearer, form), None)
        if reason or form is None:
            yield _queued(event, hearer, now, reason=reason)
        else:
            yield _said(event, hearer, settings, said(hearer.kind, hearer.language, form, hearer.accents), now)


def _said(event: Event, hearer: Hearer, settings: NotifierSettings, said: texts.Rendered, now: datetime) -> NewDelivery:
    segments = said.segments.count if said.segments else None
    if hearer.kind == "farmer" and event.needs_approval and event.verdict is None:
        return _queued(event, hearer, None, waited="approval", said=said, segments=segments)
    until = quiet_until(now, hearer.quiet_from, hearer.quiet_to, hearer.time_zone)
    if until and not (settings.alarm_breaks_quiet and is_alarm(event.word, event.level)):
        return _queued(event, hearer, until, waited="quiet", said=said, segments=segments)
    return _queued(event, hearer, now, said=said, segments=segments)


def _why_not(event: Event, hearer: Hearer, form: texts.Kind | None) -> Iterator[str]:
    is_farmer = hearer.kind == "farmer"
    if hearer.is_stopped:
        yield "stopped"
    if is_farmer and not hearer.has_consent:
        yield "no consent"
    if is_farmer and event.needs_approval and event.verdict == "rejected":
        yield "rejected"
    if form is None:
        yield "no channel"


def told(event: Event, link: str | None) -> Told:
    """An event as texts are made from it."""
    return Told(
        alert_id=event.alert_id,
        org_name=event.org_name,
        word=Word(event.word),
        level=Level(event.level),
        night=event.night,
        facts=event.facts,
        species=event.species,
        field_name=event.field_name,
        commune=event.commune,
        is_proposal=event.is_proposal,
        link=link,
        phone=event.phone,
        fault=event.fault,
        trap_id=event.trap_id,
        time_zone=event.time_zone,
        names=event.names,
    )


def _queued(
    event: Event,
    hearer: Hearer,
    due_at: datetime | None,
    *,
    reason: str | None = None,
    waited: str | None = None,
    said: texts.Rendered | None = None,
    segments: int | None = None,
) -> NewDelivery:
    return NewDelivery(
        event_id=event.event_id,
        alert_id=event.alert_id,
        number=event.number,
        recipient_id=hearer.recipient_id,
        channel=hearer.channel,
        state="skipped" if reason else "queued",
        reason=reason,
        waited=waited,
        subject=said.subject or None if said else None,
        text=said.text if said else None,
        segments=segments,
        due_at=due_at,
    )
