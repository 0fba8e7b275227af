"""Asks the API, as the person who looks. Answers are kept a while, and a little longer when the API is away.

What is kept is kept by the person's session, so that nobody is shown what another may see.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Generic, TypeVar, cast

import httpx2
from pydantic import TypeAdapter, ValidationError

COOKIE = "lighttrap_session"
_PROOF = {"X-Requested-By": "lighttrap dashboard"}
_KEPT_ANSWERS = 2000
Shape = TypeVar("Shape")
Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Token:
    """An API token, where others have a session; its text is in no representation."""

    secret: str = field(repr=False)


Credential = str | Token | None
"""How one is known to the API: the secret of a session, a token, or not at all."""


class ApiFault(Exception):
    """The API did not answer as asked."""

    def __init__(self, message: str, kind: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.request_id = request_id


class ApiAway(ApiFault):
    """It does not answer at all, or not in time."""


class SignedOut(ApiFault):
    """It does not know who asks."""


class Refused(ApiFault):
    """It said no: not allowed, not there, taken by somebody else, or not as it must be."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[Shape]):
    """What the API said, when it was last sure of it, and whether it could not be asked now."""

    value: Shape
    at: float
    is_old: bool = False
    etag: str | None = None


class ApiClient:
    """The API, for all people of this process. Methods may be called from many threads."""

    def __init__(
        self,
        url: str,
        *,
        kept_s: float,
        timeout_s: float,
        transport: httpx2.BaseTransport | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._http = httpx2.Client(base_url=url, timeout=timeout_s, transport=transport)
        self._kept_s = kept_s
        self._clock = clock
        self._kept: OrderedDict[tuple[object, ...], Answer[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, session: Credential, path: str, shape: type[Shape], params: Params | None = None) -> Answer[Shape]:
        """What is at a path. Raises SignedOut, Refused, and ApiAway when nothing is kept that is young enough."""
        key = (session, path, shape, tuple(sorted((params or {}).items())))
        kept = self._look_up(key)
        now = self._clock()
        if kept and now - kept.at < self._kept_s:
            return kept
        try:
            answer = self._ask(session, path, shape, params, kept)
        except ApiAway:
            if kept and now - kept.at < 2 * self._kept_s:
                return replace(kept, is_old=True)
            raise
        self._keep(key, answer)
        return answer

    def change(
        self, session: Credential, method: str, path: str, shape: type[Shape], body: Any = None  # noqa: ANN401 - JSON
    ) -> Shape:  # fmt: skip
        """Does something, and forgets what was kept for this person. Raises as `get` does."""
        answer = self._send(session, method, path, json=body, headers=_PROOF)
        self.forget(session)
        if answer.status_code == 204:
            return None  # type: ignore[return-value]  # of an operation without an answer
        return _read(answer, shape)

    def fetch(self, session: Credential, path: str, params: Params | None = None) -> bytes:
        """A file. Raises as `get` does."""
        return self._send(session, "GET", path, params=_plain(params)).content

    def forget(self, session: Credential) -> None:
        """Asks anew from now on for all that was kept for a person."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == session]:
                del self._kept[key]

    def close(self) -> None:
        """Lets go of the connections."""
        self._http.close()

    def _ask(
        self, session: Credential, path: str, shape: type[Shape], params: Params | None, kept: Answer[Shape] | None
    ) -> Answer[Shape]:
        known = {"If-None-Match": kept.etag} if kept and kept.etag else {}
        answer = self._send(session, "GET", path, params=_plain(params), headers=known)
        if answer.status_code == 304 and kept:
            return replace(kept, at=self._clock(), is_old=False)
        return Answer(_read(answer, shape), self._clock(), etag=answer.headers.get("etag"))

    def _send(self, session: Credential, method: str, path: str, **how: Any) -> httpx2.Response:  # noqa: ANN401
        headers = {**how.pop("headers", {}), **_proof(session)}
        try:
            answer = self._http.request(method, path, headers=headers, **how)
        except httpx2.HTTPError as fault:
            raise ApiAway(str(fault)) from fault
        if answer.status_code >= 400:
            raise _fault(answer)
        return answer

    def _look_up(self, key: tuple[object, ...]) -> Answer[Any] | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: tuple[object, ...], answer: Answer[Any]) -> None:
        with self._lock:
            self._kept[key] = answer
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT_ANSWERS:
                self._kept.popitem(last=False)


def _proof(session: Credential) -> dict[str, str]:
    if isinstance(session, Token):
        return {"Authorization": f"Bearer {session.secret}"}
    return {"Cookie": f"{COOKIE}={session}"} if session else {}


def _fault(answer: httpx2.Response) -> ApiFault:
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    said = [str(problem.get(name, "")) for name in ("detail", "type", "request_id")]
    faults = [f"{one['at'].removeprefix('body.')}: {one['message']}" for one in problem.get("faults") or ()]
    said[0] = "; ".join(faults) or said[0]
    if answer.status_code == 401:
        return SignedOut(*said)
    return (ApiAway if answer.status_code >= 500 or answer.status_code == 429 else Refused)(*said)


def _read(answer: httpx2.Response, shape: type[Shape]) -> Shape:
    try:
        read: Shape = _adapter(cast(Any, shape)).validate_json(answer.content)
    except ValidationError as fault:
        raise ApiAway(f"an answer that this dashboard does not understand: {fault}") from fault
    return read


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - a type, or list[...] of one
    return TypeAdapter(shape)


def _plain(params: Params | None) -> dict[str, str]:
    """Parameters as they stand in an address; those that are None are left out."""
    return {name: str(value) for name, value in (params or {}).items() if value is not None}
