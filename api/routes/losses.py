"""What did not arrive as it should: the ledger and gaps."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field, TypeAdapter

from api.deps import SeeLosses
from api.kinds import TrapId
from lighttrap import model, views
from lighttrap.store import ledger, traps

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
