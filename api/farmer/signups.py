"""/s/{code}: a farmer scans the code on a field's sheet and asks to be told.

Nothing here needs a token against forgery by other sites: no cookie or session makes a browser's request worth more
than a stranger's own. What a stranger could do, have messages sent to a number, the limits of a day hold down. Answers
do not tell whether a number is known, or over its limit.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import segno
from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from api.deps import Conn
from api.farmer import enrolment, html
from api.farmer.pages import gone, telephones
from api.farmer.route import Language, PageRoute, Settings, WithinLimits, choices, is_draft, usable
from api.limiter import address_of
from lighttrap.errors import NotFound
from lighttrap.notify.catalogue import FIRST, LANGUAGES, Catalogue
from lighttrap.notify.figures import one_line
from lighttrap.store import signups
from lighttrap.store.pool import Connection
from lighttrap.store.signups import Sheet, Wish

router = APIRouter(route_class=PageRoute, include_in_schema=False, dependencies=[WithinLimits])
Code = Annotated[str, Path(pattern=r"^[a-z0-9]{1,64}$")]
Short = Annotated[str, Form(max_length=64)]
_MOBILE: Final = re.compile(r"(?:0|\+?84)([35789]\d{8})", re.ASCII)


@router.get("/s/{code}")
def get_signup(conn: Conn, settings: Settings, code: Code, lang: Language = None) -> Response:
    """What will be sent, how often and by whom; and the form."""
    texts = usable(lang or FIRST, settings)
    sheet = _sheet(conn, code)
    if sheet is None:
        return gone(conn, texts)
    if settings.signup_channel is None:
        return _plain(texts, sheet, "closed")
    return _form(texts, sheet, settings)


@router.post("/s/{code}")
def ask_for_number(
    request: Request,
    conn: Conn,
    settings: Settings,
    code: Code,
    phone: Short = "",
    language: Short = FIRST,
    accents: Short = "",
    agree: Short = "",
    lang: Language = None,
) -> Response:
    """Sends six digits to the number, unless there were too many today; the answer is the same."""
    texts = usable(lang or FIRST, settings)
    sheet = _sheet(conn, code)
    if sheet is None:
        return gone(conn, texts)
    if settings.signup_channel is None:
        return _plain(texts, sheet, "closed")
    number = mobile(phone)
    if number is None or not agree:
        fault = "no_consent" if number else "bad_phone"
        return _form(texts, sheet, settings, fault, phone=phone, chosen=language, accents=bool(accents))
    now, source, secret = datetime.now(UTC), address_of(request.scope.get("client")), signups.new_secret()
    asked = signups.asked(conn, number, source, now)
    if asked.by_source >= settings.signups_per_source or asked.in_all >= settings.signups_per_day:
        return _plain(texts, sheet, "full")
    if asked.by_address < settings.signups_per_number:
        wish = Wish(
            code=code, source=source, channel=settings.signup_channel, address=number, accents=bool(accents),
            language=language if language in LANGUAGES else FIRST, consent=_consent(texts, sheet),
        )  # fmt: skip
        enrolment.send_number(conn, wish, secret, now, usable_code=lambda one: usable(one, settings, "code"))
    return _ask(texts, sheet, secret)


@router.post("/s/{code}/number")
def confirm_number(
    conn: Conn, settings: Settings, code: Code, secret: Short = "", number: Short = "", lang: Language = None
) -> Response:
    """Six digits that fit make a recipient with a consent, and lead to their page."""
    texts = usable(lang or FIRST, settings)
    sheet = _sheet(conn, code)
    if sheet is None:
        return gone(conn, texts)
    now = datetime.now(UTC)
    proved = signups.prove(conn, code, secret, re.sub(r"\D", "", number), now)
    if proved is None:
        return _ask(texts, sheet, secret, fault="bad_number")
    token = enrolment.enrol(conn, sheet, proved, now)
    return RedirectResponse(f"/f/{token}?lang={texts.language}", 303, {**html.HEADERS, **html.KEPT_BY_NOBODY})


@router.get("/s/{code}/sheet")
def get_sheet(request: Request, conn: Conn, settings: Settings, code: Code, lang: Language = None) -> Response:
    """A sheet to print and hang up at the trap."""
    texts = usable(lang or FIRST, settings)
    sheet = _sheet(conn, code)
    if sheet is None:
        return gone(conn, texts)
    url = signup_url(request, code)
    return html.page("sheet.html", texts, url=url, qr=Markup(qr_svg(url)), **_about(texts, sheet))  # noqa: S704 - made of our own address


def mobile(text: str) -> str | None:
    """A Vietnamese mobile number as 0912345678, however it was written; None for anything else."""
    found = _MOBILE.fullmatch(re.sub(r"[\s().-]", "", text))
    return f"0{found[1]}" if found else None


def signup_url(request: Request, code: str) -> str:
    """The address behind a QR code: where farmers reach us by the settings, else where was asked."""
    pages_url = request.app.state.settings.notify.pages_url
    return f"{(pages_url or str(request.base_url)).rstrip('/')}/s/{code}"


def qr_svg(url: str) -> str:
    """The QR code of an address, as an SVG element; a quarter of it may be dirty."""
    return str(segno.make(url, error="q", micro=False).svg_inline(border=4, omitsize=True))


def _sheet(conn: Connection, code: str) -> Sheet | None:
    try:
        return signups.sheet(conn, code)
    except NotFound:
        return None


def _consent(texts: Catalogue, sheet: Sheet) -> str:
    return texts.templates["signup.consent"].fill({"org": one_line(sheet.org_name)})


def _about(texts: Catalogue, sheet: Sheet) -> dict[str, Any]:
    """The field as anybody may know it, and whom to call."""
    place = ", ".join(one for one in (one_line(sheet.field_name), one_line(sheet.commune)) if one)
    return {
        "place": place, "org": one_line(sheet.org_name), "phone": one_line(sheet.phone), "is_draft": is_draft(texts),
        "telephones": telephones([(sheet.org_name, sheet.phone)]),
    }  # fmt: skip


def _plain(texts: Catalogue, sheet: Sheet, key: str) -> Response:
    title, means = (texts.word(f"signup.{one}") for one in (key, f"{key}_means"))
    shown = {name: value for name, value in _about(texts, sheet).items() if name in ("telephones", "is_draft")}
    return html.page("plain.html", texts, headers=html.KEPT_BY_NOBODY, title=title, sentences=[means], **shown)


def _form(
    texts: Catalogue,
    sheet: Sheet,
    settings: Settings,
    fault: str = "",
    phone: str = "",
    chosen: str = "",
    accents: bool = True,
) -> Response:
    return html.page(
        "signup.html", texts, headers=html.KEPT_BY_NOBODY, action=f"/s/{sheet.code}?lang={texts.language}",
        **{**_about(texts, sheet), "phone": phone}, fault=fault, chosen=chosen or texts.language, accents=accents,
        consent=_consent(texts, sheet), languages=choices(texts.language, settings),
    )  # fmt: skip


def _ask(texts: Catalogue, sheet: Sheet, secret: str, fault: str = "") -> Response:
    return html.page(
        "number.html", texts, headers=html.KEPT_BY_NOBODY, action=f"/s/{sheet.code}/number?lang={texts.language}",
        again=f"/s/{sheet.code}?lang={texts.language}", secret=secret, fault=fault, is_draft=is_draft(texts),
    )  # fmt: skip
