"""Orgs: those that exist for the caller."""

from __future__ import annotations

from fastapi import APIRouter

from api.deps import Asker, Conn, See
from lighttrap import model, views
from lighttrap.store import orgs

router = APIRouter(tags=["orgs"])


@router.get("/orgs", response_model=list[views.Org])
def list_orgs(caller: Asker, conn: Conn) -> list[model.Org]:
    """The orgs in which you are something."""
    return [org for org in orgs.list_orgs(conn) if org.org_id in caller.roles]


@router.get("/orgs/{org_id}", response_model=views.Org)
def get_org(access: See) -> model.Org:
    """One org."""
    [found] = [org for org in orgs.list_orgs(access.conn) if org.org_id == access.org_id]
    return found
