"""Pages for farmers as they go out: rendered with escaping, small, and locked down by their headers."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib import resources
from typing import Any, Final

from fastapi import Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from api.farmer import bars
from lighttrap.notify import figures
from lighttrap.notify.catalogue import Catalogue

CSS: Final = resources.files("api.farmer").joinpath("templates/page.css").read_text(encoding="utf-8").strip()
_CSS_HASH: Final = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
FAVICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0b4f6c"/>'
    '<path d="M8 3l4 9H4z" fill="#f9dc5c"/></svg>'
)
HEADERS: Final = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_CSS_HASH}'; img-src 'self'; media-src 'self'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "private, max-age=300",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",
}
KEPT_BY_NOBODY: Final = {"Cache-Control": "no-store"}

_TEMPLATES: Final = Environment(
    loader=PackageLoader("api.farmer"), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
)
_TEMPLATES.globals.update(css=Markup(CSS), width=bars.WIDTH, height=bars.HEIGHT, foot=bars.FOOT, right=bars.RIGHT)  # noqa: S704 - our own file


def _bold(text: str, number: str) -> Markup:
    """The text, escaped, with its first such number in bold; a date that begins alike is none."""
    if not number or not (found := re.search(rf"(?<![\d/.,]){re.escape(number)}(?![\d/]|[.,]\d)", text)):
        return escape(text)
    return escape(text[: found.start()]) + Markup("<b>{}</b>").format(number) + escape(text[found.end() :])


_TEMPLATES.filters["bold"] = _bold


def page(
    template: str,
    texts: Catalogue,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **shown: Any,  # noqa: ANN401 - what templates show
) -> Response:
    """A page in the words of a catalogue."""

    def say(key: str, values: dict[str, str] | None = None) -> str:
        return texts.templates[key if "." in key else f"page.{key}"].fill(values or {})

    text = _TEMPLATES.get_template(template).render(
        say=say,
        language=texts.language,
        whole=lambda value: figures.whole(figures.number(value), texts),
        **{"is_draft": False, "form": None, "back": None, "telephones": (), "languages": (), **shown},
    )
    return Response(text, status, {**HEADERS, **(headers or {}), "Content-Language": texts.language}, "text/html")
