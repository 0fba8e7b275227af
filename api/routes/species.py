"""The catalogue of species."""

from __future__ import annotations

from fastapi import APIRouter

from api.deps import Asker, Conn
from lighttrap import species as words
from lighttrap import views
from lighttrap.store import species

router = APIRouter(tags=["species"])


@router.get("/species", response_model=list[views.Species])
def list_species(caller: Asker, conn: Conn) -> list[words.Species]:
    """The species that have names; a trap may report others, which are kept all the same."""
    return species.list_species(conn)
