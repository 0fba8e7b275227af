"""How often pages may be asked for, so that no crowd and no guesser keeps the database from its work."""

from __future__ import annotations

import hashlib

from starlette.requests import Request

from api.limiter import Buckets, address_of
from lighttrap.errors import TooManyTries


class PageLimits:
    """Counts each request for a farmer's page by its token and by its address."""

    def __init__(self, per_token: int, per_address: int) -> None:
        self._tokens = Buckets("page", per_token)
        self._addresses = Buckets("address", per_address)

    def count(self, request: Request) -> None:
        """Counts a request. Raises TooManyTries."""
        left = [self._addresses.take(address_of(request.scope.get("client")))]
        if token := request.path_params.get("token"):
            # By hash: what a stranger makes up may be long, and a token lies about in memory no longer than it must.
            left.append(self._tokens.take(hashlib.sha256(token.encode(errors="replace")).hexdigest()))
        if retry_after_s := max(one.retry_after_s for one in left):
            raise TooManyTries("too many requests; wait a little", retry_after_s)
