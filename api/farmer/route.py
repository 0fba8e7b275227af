"""What all pages for farmers share: errors are pages too, and a page knows its language and its limits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from api.config import ServerSettings
from api.deps import Settings
from api.farmer import html
from api.farmer.limits import PageLimits
from lighttrap.errors import StoreUnavailable, TooManyTries
from lighttrap.notify import verdict
from lighttrap.notify.catalogue import FIRST, LANGUAGES, Catalogue, Review

log = logging.getLogger(__name__)
_TABLES = ("look", "page", "signup")


@dataclass(frozen=True, slots=True)
class Choice:
    """A link to the same page in a language."""

    language: str
    name: str
    href: str
    is_shown: bool


class PageRoute(APIRoute):
    """Answers with a page whatever goes wrong: who holds a telephone in a field cannot do much with JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with its errors as pages."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except TooManyTries as fault:
                headers = {"Retry-After": str(fault.retry_after_s), **html.KEPT_BY_NOBODY}
                return _sorry(request, "busy", 429, headers)
            except StoreUnavailable:
                return _sorry(request, "down", 503, {"Retry-After": "60", **html.KEPT_BY_NOBODY})
            except RequestValidationError:
                return _sorry(request, "gone", 404, html.KEPT_BY_NOBODY)
            except Exception:
                # The route and not the path, which holds a secret.
                log.exception("page failed", extra={"route": self.path})
                return _sorry(request, "down", 500, html.KEPT_BY_NOBODY)

        return answer


def _sorry(request: Request, key: str, status: int, headers: dict[str, str]) -> Response:
    settings = cast(ServerSettings, request.app.state.settings.api)
    texts = usable(request.query_params.get("lang", FIRST), settings)
    title, means = (texts.word(f"page.{one}") for one in (key, f"{key}_means"))
    return html.page("plain.html", texts, status=status, headers=headers, title=title, sentences=[means])


def usable(language: str, settings: ServerSettings, *tables: str) -> Catalogue:
    """The texts of a language if they may be shown, with further tables too; else the Vietnamese ones."""
    return verdict.choose(language, settings.unreviewed_texts, None, *_TABLES, *tables)


def is_draft(texts: Catalogue) -> bool:
    """Whether nobody who speaks the language has vouched for these texts."""
    return any(texts.review_of(table) is Review.NATIVE for table in ("words", "verdict", *_TABLES))


def choices(shown: str, settings: ServerSettings, href: str = "") -> list[Choice]:
    """Links to the languages that may be shown."""
    return [
        Choice(one, name, f"{href}?lang={one}", one == shown)
        for one, name in LANGUAGES.items()
        if usable(one, settings).language == one
    ]


Language = Annotated[str | None, Query(alias="lang")]
"""What is no language of ours is Vietnamese."""


def _within_limits(request: Request) -> None:
    cast(PageLimits, request.app.state.page_limits).count(request)


WithinLimits = Depends(_within_limits)
__all__ = ["Choice", "Language", "PageRoute", "Settings", "WithinLimits", "choices", "is_draft", "usable"]
