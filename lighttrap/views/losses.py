"""What did not arrive as it should."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from lighttrap.views.view import View


class LedgerLine(View):
    """What became of a trap's readings: sent = stored + rejected + gone + missing."""

    trap_id: str
    boot: int = Field(description="Of a line of a whole trap, its newest.")
    sent: int
    stored: int
    duplicate: int
    rejected: int
    gone: int
    missing: int
    first_at: datetime | None
    last_at: datetime | None


class Gap(View):
    """A range of readings that did not come when they should."""

    trap_id: str
    boot: int
    from_seq: int
    to_seq: int
    opened_at: datetime
    asked: int = Field(description="How often they were asked for again.")
    closed_at: datetime | None
    outcome: str | None = Field(description="filled or gone; null while it is open.")
    first_night: date | None
    last_night: date | None


class QuarantinedMessage(View):
    """A message that could not be stored, kept with the reason."""

    quarantine_id: int
    received_at: datetime
    topic: str = Field(description="Bytes that are no UTF-8 are escaped.")
    payload: str = Field(description="The same; the first 2,000 bytes.")
    payload_bytes: int
    reason: str
    detail: str
    times: int = Field(description="How often it came.")
    state: str = Field(description="kept; asked: ingest will take it up within seconds; replayed: it was taken up.")
    is_whole: bool = Field(description="False when it was cut for its length; such a one cannot be taken up.")
    asked_at: datetime | None = Field(description="When somebody last asked that it be taken up.")
    tried_at: datetime | None = Field(
        description="When it was last taken up; of one that is kept: it was refused again for the same reason."
    )
    replayed_at: datetime | None
    kept_again_as: str | None = Field(
        description="Of one that was replayed: the reason for which it is here again; null: it was stored."
    )


class QuarantineDay(View):
    """A day (UTC) on which more was refused than quarantine keeps."""

    day: date
    trap_id: str | None = Field(description="null: all that sent under the org's topics without being registered.")
    kept: int = Field(description="Messages kept of that day.")
    kept_bytes: int = Field(description="What they take, 500 bytes each beside the payload.")
    dropped: int = Field(description="Messages that were acknowledged and not kept; they are gone.")


class WholeMessage(QuarantinedMessage):
    """A message with all of its payload."""

    payload_base64: str = Field(description="The bytes as they came, in base64.")


class Asked(View):
    """How many messages will be taken up."""

    asked: int = Field(description="Those that somebody had asked for before, or that were cut, not counted.")
    more: bool = Field(description="There were more than one request asks for: ask again.")
