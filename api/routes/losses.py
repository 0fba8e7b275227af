"""What did not arrive as it should: the ledger, gaps, the quarantine."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field, StringConstraints, TypeAdapter

from api import paging
from api.deps import SeeLosses
from api.kinds import After, Limit, TrapId, TrapKey
from lighttrap import model, views
from lighttrap.store import ledger, quarantine, traps

router = APIRouter(prefix="/orgs/{org_id}", tags=["losses"])
_KEY = TypeAdapter(tuple[Annotated[int, Field(ge=0, le=2**63 - 1)]])


@router.get("/ledger", response_model=list[views.LedgerLine])
def list_ledger(access: SeeLosses) -> list[model.LedgerLine]:
    """Per trap, what was sent, stored, repeated, rejected, given up and is missing."""
    return ledger.trap_lines(access.conn, access.org_id)


@router.get("/traps/{trap_id}/ledger", response_model=list[views.LedgerLine])
def get_ledger(access: SeeLosses, trap_id: TrapId) -> list[model.LedgerLine]:
    """The same of one trap, boot by boot."""
    traps.get_trap(access.conn, access.org_id, trap_id)
    return ledger.lines(access.conn, access.org_id, trap_id)


@router.get("/traps/{trap_id}/gaps", response_model=list[views.Gap])
def list_gaps(
    access: SeeLosses, trap_id: TrapId, every: Annotated[bool, Query(description="Those that were filled too.")] = False
) -> list[model.Gap]:
    """Ranges of a trap's readings that are missing or were given up."""
    traps.get_trap(access.conn, access.org_id, trap_id)
    return ledger.gaps(access.conn, access.org_id, trap_id, every=every)


@router.get("/quarantine", response_model=views.Page[views.QuarantinedMessage])
def list_quarantine(
    access: SeeLosses,
    reason: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")] | None = None,
    trap_id: TrapKey | None = None,
    every: Annotated[bool, Query(description="Those that were replayed too.")] = False,
    limit: Limit = 100,
    after: After = None,
) -> dict[str, Any]:
    """Messages under the org's topics that could not be stored, oldest first."""
    [last] = paging.read(after, _KEY) or (0,)
    found = quarantine.page_of_org(
        access.conn, access.org_id, reason=reason, trap_id=trap_id, every=every, after=last, limit=limit + 1
    )
    made = paging.page(found, limit, lambda one: (one.quarantine_id,))
    return {**made, "items": [_shown(one) for one in made["items"]]}


def _shown(kept: quarantine.KeptMessage) -> dict[str, object]:
    return {**asdict(kept), "topic": _text(kept.topic), "payload": _text(kept.payload)}


def _text(raw: bytes) -> str:
    return raw.decode(errors="backslashreplace")
