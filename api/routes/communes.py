"""The names of communes: fields know theirs by its code."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import TypeAdapter

from api import paging
from api.deps import Asker, Conn
from api.kinds import After, CommuneCode, Limit
from lighttrap import views
from lighttrap.store import communes

router = APIRouter(tags=["communes"])
_KEY = TypeAdapter(tuple[CommuneCode])


@router.get("/communes", response_model=views.Page[views.Commune])
def list_communes(
    caller: Asker, conn: Conn, province_code: CommuneCode | None = None, limit: Limit = 1000, after: After = None
) -> dict[str, Any]:
    """Communes by code; they are the same for every org."""
    [last] = paging.read(after, _KEY) or ("",)
    found = communes.page_communes(conn, province_code=province_code, after=last, limit=limit + 1)
    return paging.page(found, limit, lambda one: (one.commune_code,))
