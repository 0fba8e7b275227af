"""/healthz: the process lives. /readyz: it can do its work. /metrics: the amounts. For the inside only."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.deps import Conn
from lighttrap import migrate
from lighttrap.errors import StoreMismatch, StoreUnavailable

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> Response:
    """Alive."""
    return Response("alive", media_type="text/plain")


@router.get("/readyz")
def readyz(conn: Conn) -> Response:
    """Whether the database answers and its schema is what this release needs."""
    try:
        missing = migrate.pending(conn)
    except StoreMismatch as fault:
        raise StoreUnavailable(str(fault)) from fault
    if missing:
        raise StoreUnavailable(f"migrations are missing: {', '.join(missing)}")
    return Response("ready", media_type="text/plain")


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """The amounts, as Prometheus reads them."""
    return Response(request.app.state.metrics.text(), media_type=CONTENT_TYPE_LATEST)
