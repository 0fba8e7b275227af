"""A request that only reads is run again when the database broke it off for another's sake.

Whoever drops a chunk and whoever reads it may wait for each other; PostgreSQL then ends one of the two with 40P01. A
standby that must go on ends readers with 40001. Neither says anything about the request, which succeeds a moment later.
"""

from __future__ import annotations

import logging
import random

import anyio
from starlette.types import ASGIApp, Receive, Scope, Send

from lighttrap.errors import StoreUnavailable

log = logging.getLogger(__name__)
BROKEN_OFF = {"40P01", "40001"}
TRIES = 3
_LEFT = "tries_left"


def is_worth_it(scope: Scope, error: Exception) -> bool:
    """Whether a request that ended with this error is to be run again, instead of being answered."""
    left = scope.get("state", {}).get(_LEFT, 0)
    return isinstance(error, StoreUnavailable) and error.sqlstate in BROKEN_OFF and left > 0


class Again:
    """The layer that runs requests again; who answers errors lets through those of which `is_worth_it` says so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets one request through, up to three times."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return await self._app(scope, receive, send)
        for left in reversed(range(1, TRIES)):
            scope.setdefault("state", {})[_LEFT] = left
            try:
                return await self._app(scope, receive, send)
            except StoreUnavailable as error:
                if not is_worth_it(scope, error):
                    raise
                log.info("a request is run again", extra={"sqlstate": error.sqlstate})
            await anyio.sleep(random.uniform(0.05, 0.15))  # noqa: S311 - jitter, not a secret
        scope["state"][_LEFT] = 0
        return await self._app(scope, receive, send)
