"""Every error is answered as a problem of RFC 9457: `application/problem+json`, its `type` the error's own name."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.types import Scope

from api import again
from lighttrap import errors

log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
STATUS: dict[type[errors.LightTrapError], int] = {
    errors.StoreUnavailable: 503,
    errors.ProviderUnavailable: 503,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.TooManyTries: 429,
    errors.InputFault: 422,
}
_RETRY_AFTER_S = 5
_RENAMED = {413: "Content Too Large", 422: "Unprocessable Content"}
"""As RFC 9110 has them; Python calls them so from 3.13 on only."""


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    at: str = Field(description="Where: `body.name`, `query.first`.")
    message: str


class Problem(BaseModel):
    """Why a request was not answered as asked."""

    type: str = Field(description="A stable word for what went wrong, as `not-found`.", examples=["not-found"])
    title: str = Field(description="The same for people.")
    status: int
    detail: str
    request_id: str = Field(description="Also in our log; name it when you ask for help.")
    faults: list[Fault] = Field(default=[], description="What is wrong with the request, one by one.")


def install(app: FastAPI) -> None:
    """Makes the app answer every error as a problem; what nobody foresaw is answered by the edge."""
    app.add_exception_handler(errors.LightTrapError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def answer(
    request_id: str,
    status: int,
    kind: str,
    detail: str,
    *,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem as it goes out."""
    title = _phrase(status)
    problem = Problem(
        type=kind, title=title, status=status, detail=detail, request_id=request_id, faults=list(faults)
    )  # fmt: skip
    # As ASCII: what it repeats of a request may be no proper Unicode.
    body = json.dumps(problem.model_dump())
    return Response(body, status, headers, MEDIA_TYPE)


def _ours(request: Request, error: Exception) -> Response:
    if again.is_worth_it(request.scope, error):
        raise error
    if _status(error) == 500:
        return unexpected(_id(request), request.scope, error)
    return ours(_id(request), error)


def ours(request_id: str, error: Exception) -> Response:
    """The answer to an error of lighttrap that has a status of its own."""
    kind, status = type(error), _status(error)
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.TooManyTries):
        headers["Retry-After"] = str(error.retry_after_s)
    if status == 503:
        log.warning("cannot answer now", extra={"kind": _name(kind), "error": str(error)})
        return answer(
            request_id, 503, _name(kind), "try again in a moment", headers={"Retry-After": str(_RETRY_AFTER_S)}
        )
    return answer(request_id, status, _name(kind), str(error), headers=headers)


def _status(error: Exception) -> int:
    return next((STATUS[one] for one in type(error).__mro__ if one in STATUS), 500)


def _invalid(request: Request, error: Exception) -> Response:
    found = cast(RequestValidationError, error).errors()
    faults = tuple(Fault(at=".".join(map(str, one["loc"])), message=_ascii(one["msg"])) for one in found)
    return answer(_id(request), 422, "invalid-request", "the request cannot be used; see `faults`", faults=faults)


def _http(request: Request, error: Exception) -> Response:
    fault = cast(HTTPException, error)
    kind = _phrase(fault.status_code).lower().replace(" ", "-")
    return answer(_id(request), fault.status_code, kind, _ascii(fault.detail), headers=fault.headers)


def unexpected(request_id: str, scope: Scope, error: Exception) -> Response:
    """The answer to what nobody foresaw; the log has the rest."""
    # The route and not the path: the path of a farmer's page is a secret.
    route = getattr(scope.get("route"), "path", "none")
    log.error("request failed", exc_info=error, extra={"request_id": request_id, "route": route})
    return answer(request_id, 500, "internal-error", "something is wrong with us; it stands in our log")


def _phrase(status: int) -> str:
    return _RENAMED.get(status) or HTTPStatus(status).phrase


def _id(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))


def _name(kind: type[Exception]) -> str:
    """`NotFound` as not-found."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


def _ascii(text: Any) -> str:  # noqa: ANN401 - frameworks put all sorts of things there
    return str(text).encode(errors="backslashreplace").decode()
