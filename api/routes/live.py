"""Live updates, as server-sent events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Annotated, cast

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api.deps import Recheck, See, Settings
from api.live import Follower, Live
from lighttrap import views

router = APIRouter(prefix="/orgs/{org_id}", tags=["live"])
_GATHER_S = 0.3
"""So long what changes is gathered: a batch of readings changes much at once."""
_RETRY_MS = 2000


async def _follower(request: Request, access: See) -> AsyncIterator[Follower]:
    live = cast(Live, request.app.state.live)
    follower = live.follow(access.org_id, access.caller.who)
    try:
        yield follower
    finally:
        live.leave(follower)


@router.get("/live", response_class=EventSourceResponse)
async def follow_org(
    request: Request, follower: Annotated[Follower, Depends(_follower)], still_may: Recheck, settings: Settings
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events of an org: `catch`, `trap` and `alert`, each with the `ids` that changed, and `resync`.

    The first is `resync`, and another comes whenever something may have been missed: ask anew for what you show. A
    stream ends after a quarter of an hour, and when you may not follow it any more; `EventSource` asks again.
    """
    ends = time.monotonic() + settings.live_s
    check_at = time.monotonic() + settings.live_check_s
    while not follower.ended and (now := time.monotonic()) < ends:
        if now >= check_at:
            if not await _is_allowed(request, still_may):
                return
            check_at = now + settings.live_check_s
        if await follower.wait(min(check_at, ends) - now):
            for about, ids in follower.take().items():
                told = views.LiveChange(ids=None if ids is None else sorted(ids, key=str))
                yield ServerSentEvent(event=about, data=told, retry=_RETRY_MS)
            await asyncio.sleep(_GATHER_S)


async def _is_allowed(request: Request, still_may: Callable[[], bool]) -> bool:
    """Asks the database, one stream at a time: while it is away they must not fill the threads that serve others."""
    limiter = cast(CapacityLimiter, request.app.state.rechecks)
    return await to_thread.run_sync(still_may, limiter=limiter)
