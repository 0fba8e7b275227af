"""Approval: a person's word on whether farmers are told an alert event, with its texts to look at before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Request

from api.config import PreviewSettings
from api.deps import Access, Approve, See
from api.kinds import Number
from api.routes.alerts import case
from lighttrap import views
from lighttrap.errors import Conflict
from lighttrap.notify import catalogue, fanout, links, texts
from lighttrap.notify.told import Told
from lighttrap.store import approvals, deliveries, handling

router = APIRouter(prefix="/orgs/{org_id}/alerts/{alert_id}/events/{event_id}", tags=["alerts"])


def _wording(request: Request) -> PreviewSettings:
    return cast(PreviewSettings, request.app.state.settings.notify)


Wording = Annotated[PreviewSettings, Depends(_wording)]


@router.get("/preview", response_model=views.EventPreview)
def preview_alert_event(access: See, alert_id: Number, event_id: Number, wording: Wording) -> dict[str, Any]:
    """What is or would be told of an event: to how many by each channel, and farmers' texts with what each costs.

    Where the link of a reader will stand, a text has a mark of the same length.
    """
    event = deliveries.get_event(access.conn, access.org_id, alert_id, event_id)
    said = fanout.told(event, links.of_farmer(wording))
    return {
        "event": _state(access, alert_id, event_id),
        "reach": approvals.reach(access.conn, event_id) if not event.is_late else [],
        "waiting": approvals.waiting_texts(access.conn, event_id),
        "texts": list(_texts(said, wording.unreviewed_texts)),
    }


@router.post("/approve", response_model=views.AlertCase)
def approve_alert_event(access: Approve, alert_id: Number, event_id: Number) -> dict[str, Any]:
    """Lets farmers be told an event; what awaited approval of the same alert before it is passed over."""
    return _judge(access, alert_id, event_id, "approved")


@router.post("/reject", response_model=views.AlertCase)
def reject_alert_event(access: Approve, alert_id: Number, event_id: Number) -> dict[str, Any]:
    """Keeps an event from farmers."""
    return _judge(access, alert_id, event_id, "rejected")


def _judge(access: Access, alert_id: int, event_id: int, verdict: str) -> dict[str, Any]:
    deliveries.get_event(access.conn, access.org_id, alert_id, event_id)
    before = _state(access, alert_id, event_id)
    if before.approval is None:
        raise Conflict(f"event {event_id} awaits no approval")
    judge = approvals.approve if verdict == "approved" else approvals.reject
    # The verdict is written once, whoever comes first: the second one is told so.
    judge(access.conn, event_id, access.caller.who, datetime.now(UTC), access.org_id)
    after = {"alert_id": alert_id, "word": before.word, "level": before.level, "messages": before.waiting}
    access.note(verdict, "alert event", event_id, after=after)
    return case(access, handling.get_alert(access.conn, access.org_id, alert_id))


def _state(access: Access, alert_id: int, event_id: int) -> handling.Event:
    [found] = [one for one in handling.events(access.conn, alert_id) if one.event_id == event_id]
    return found


def _texts(said: Told, unreviewed: bool) -> Iterator[dict[str, Any]]:
    for language in catalogue.LANGUAGES:
        for kind in texts.Kind:
            for accents in (True, False) if kind is texts.Kind.SMS else (True,):
                made = texts.render(said, language, kind, accents, unreviewed=unreviewed)
                parts = made.segments
                yield {
                    "language": language, "kind": kind, "accents": accents, "subject": made.subject, "text": made.text,
                    "written_in": made.language, "is_fallback": made.language != language,
                    "needs_review": made.needs_review, "encoding": parts.encoding if parts else None,
                    "units": parts.units if parts else None, "segments": parts.count if parts else None,
                }  # fmt: skip
