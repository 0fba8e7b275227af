"""GET /login shows the page, POST /login opens a session and goes on to where one came from."""

from __future__ import annotations

import base64
import hashlib
import math
import tomllib
from importlib import resources
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, select_autoescape

from api.config import ServerSettings
from api.deps import Conn, Settings, Stranger, refuse_cross_site
from api.routes.me import open_session, set_cookie
from lighttrap.errors import TooManyTries
from lighttrap.notify.catalogue import LANGUAGES

router = APIRouter(include_in_schema=False, dependencies=[Stranger])
_TEXT = resources.files(__package__)
_WORDS = tomllib.loads(_TEXT.joinpath("words.toml").read_text(encoding="utf-8"))
_STYLE = _TEXT.joinpath("page.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGE = Environment(loader=PackageLoader("api", "signin"), autoescape=select_autoescape()).get_template("page.html")
Login = Annotated[str, Form(max_length=254, pattern=r"^[^\x00-\x1f\x7f]*$")]


_KEPT_BY_NOBODY = {"Cache-Control": "no-store"}


@router.get("/login")
def show_login(request: Request, settings: Settings, next: str = "", lang: str = "vi") -> Response:
    """The page to log in on."""
    return _page(request, lang, next_url(request, settings, next))


@router.post("/login")
def try_login(
    request: Request,
    conn: Conn,
    settings: Settings,
    login: Login,
    password: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form(max_length=2000)] = "",
    lang: Annotated[str, Form(max_length=5)] = "vi",
) -> Response:
    """Opens a session, or shows the page again and says why not."""
    refuse_cross_site(request)
    goal = next_url(request, settings, next)
    said = _WORDS.get(lang, _WORDS["vi"])
    try:
        secret = open_session(request, conn, settings, login, password)
    except TooManyTries as fault:
        minutes = math.ceil(fault.retry_after_s / 60)
        return _page(request, lang, goal, 429, login, said["often"].format(minutes=minutes))
    if secret is None:
        return _page(request, lang, goal, 401, login, said["wrong"])
    answer = RedirectResponse(goal, 303)
    set_cookie(answer, settings, secret)
    return answer


def next_url(request: Request, settings: ServerSettings, wanted: str) -> str:
    """Where to go after the login: a page of the dashboard or of this host, and nowhere else."""
    home = settings.dashboard_url or "/v1/me"
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return home
    if not parts.scheme and not parts.netloc:
        return wanted if wanted.startswith("/") and not wanted.startswith(("//", "/\\")) else home
    ours = {_origin(str(request.base_url)), _origin(settings.dashboard_url)}
    return wanted if parts.scheme in ("http", "https") and _origin(wanted) in ours else home


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _page(request: Request, language: str, goal: str, status: int = 200, login: str = "", fault: str = "") -> Response:
    settings, oidc = request.app.state.settings.api, request.app.state.settings.oidc
    language = language if language in LANGUAGES else "vi"
    html = _PAGE.render(
        say=_WORDS[language],
        language=language,
        languages=LANGUAGES,
        style=_STYLE,
        next=goal,
        login=login,
        fault=fault,
        oidc=oidc.label if oidc.issuer else "",
    )
    # A browser holds the way on after the form to this list too.
    onward = f" {_origin(settings.dashboard_url)}" if settings.dashboard_url else ""
    policy = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; form-action 'self'{onward}"
    headers = {"Content-Security-Policy": f"{policy}; frame-ancestors 'none'; base-uri 'none'", **_KEPT_BY_NOBODY}
    return HTMLResponse(html, status, headers)
