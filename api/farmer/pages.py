"""GET /f/{token}: how things stand in a farmer's fields. GET changes nothing; to stop is a form of its own.

Whoever holds the token may look: it is random, stands in no log, and opens nothing but this page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path as File
from typing import Annotated, Final

from fastapi import APIRouter, Path, Response
from fastapi.responses import FileResponse

from api.config import ServerSettings
from api.deps import Conn
from api.farmer import html
from api.farmer.route import Language, PageRoute, Settings, WithinLimits, choices, is_draft, usable
from api.farmer.standing import Standing, stand
from api.farmer.words import Line, Teller
from lighttrap.agronomy.level import Level
from lighttrap.errors import NotFound
from lighttrap.night import DEFAULT_ZONE, night_of
from lighttrap.notify import verdict
from lighttrap.notify.catalogue import FIRST, Catalogue
from lighttrap.notify.figures import one_line
from lighttrap.notify.palette import LOOKS
from lighttrap.store import audit, farmer, recipients
from lighttrap.store.farmer import Reader, Watched
from lighttrap.store.pool import Connection

router = APIRouter(route_class=PageRoute, include_in_schema=False, dependencies=[WithinLimits])
Token = Annotated[str, Path(max_length=200)]
AUDIO: Final = {".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".m4a": "audio/mp4"}
_DIALLED = re.compile(r"\+?\d{3,15}", re.ASCII)


@router.get("/favicon.svg")
@router.get("/favicon.ico")
def get_favicon() -> Response:
    """The sign in the browser's tab; without it the browser would complain."""
    return Response(html.FAVICON, headers={"Cache-Control": "public, max-age=604800"}, media_type="image/svg+xml")


@router.get("/f/{token}")
def get_page(conn: Conn, settings: Settings, token: Token, lang: Language = None) -> Response:
    """The page of whoever has the token."""
    reader, texts = _open(conn, settings, token, lang)
    if reader is None:
        return gone(conn, texts)
    now = datetime.now(UTC)
    standings = _standings(conn, reader, now)
    story = Teller(texts, now).story(standings)
    language = f"?lang={texts.language}"
    audio = _audio(settings.audio_folder, max(standings, key=lambda one: one.rank), texts.language)
    return html.page(
        "page.html", texts, story=story, is_draft=is_draft(texts), phone=one_line(reader.phone),
        call=dialled(reader.phone), languages=choices(texts.language, settings),
        listen=f"/f/{token}/listen{language}" if audio else None, stop=f"/f/{token}/stop{language}",
    )  # fmt: skip


@router.get("/f/{token}/listen")
def get_recording(conn: Conn, settings: Settings, token: Token, lang: Language = None) -> Response:
    """The recording that goes with the page, where there is one."""
    reader, texts = _open(conn, settings, token, lang)
    if reader is None:
        return gone(conn, texts)
    worst = max(_standings(conn, reader, datetime.now(UTC)), key=lambda one: one.rank)
    audio = _audio(settings.audio_folder, worst, texts.language)
    if audio is None:
        return gone(conn, texts)
    return FileResponse(audio, media_type=AUDIO[audio.suffix], headers=dict(html.HEADERS))


@router.get("/f/{token}/stop")
def ask_to_stop(conn: Conn, settings: Settings, token: Token, lang: Language = None) -> Response:
    """Asks once more: programs that look at links for a preview must stop nobody."""
    reader, texts = _open(conn, settings, token, lang)
    if reader is None:
        return gone(conn, texts)
    own = f"/f/{token}{{}}?lang={texts.language}"
    form = {"action": own.format("/stop"), "button": texts.word("page.stop_yes")}
    return html.page(
        "plain.html", texts, headers=html.KEPT_BY_NOBODY, title=texts.word("page.stop_ask"), form=form,
        sentences=[texts.word("page.stop_means")], back=own.format(""), is_draft=is_draft(texts),
    )  # fmt: skip


@router.post("/f/{token}/stop")
def stop_messages(conn: Conn, settings: Settings, token: Token, lang: Language = None) -> Response:
    """Nothing more is sent, on any channel. Said again to who presses twice."""
    reader, texts = _open(conn, settings, token, lang, stopped_too=True)
    if reader is None:
        return gone(conn, texts)
    if not reader.is_stopped:
        recipients.stop(conn, reader.recipient_id)
        audit.note(
            conn, who="farmer's page", org_id=reader.org_id, action="stop", object_kind="recipient",
            object_id=reader.recipient_id,
        )  # fmt: skip
    return html.page(
        "plain.html", texts, headers=html.KEPT_BY_NOBODY, title=texts.word("page.stopped"),
        sentences=[texts.word("page.stopped_means")], telephones=telephones([(reader.org_name, reader.phone)]),
    )  # fmt: skip


def dialled(phone: str | None) -> str:
    """A telephone number as a link dials it; nothing for what is not one number."""
    number = re.sub(r"[\s().-]", "", phone or "")
    return number if _DIALLED.fullmatch(number) else ""


def _open(
    conn: Connection, settings: ServerSettings, token: str, language: str | None, *, stopped_too: bool = False
) -> tuple[Reader | None, Catalogue]:
    """Whose page it is, and the texts they read. Nobody's for who has stopped: to them a token opens nothing more."""
    try:
        found = farmer.reader(conn, token, datetime.now(UTC))
    except NotFound:
        return None, usable(language or FIRST, settings)
    if found.is_stopped and not stopped_too:
        return None, usable(language or FIRST, settings)
    return found, usable(language or found.language, settings)


def _standings(conn: Connection, reader: Reader, now: datetime) -> list[Standing]:
    """How things stand, without pests of which nothing was ever heard beside others of the same field."""
    found = farmer.watched(conn, reader.recipient_id, now)
    heard = {one.field_id for one in found if one.nights or one.events}
    told = [one for one in found if one.nights or one.events or one.field_id not in heard]
    first = {one.field_id: one for one in reversed(told)}
    kept = [one for one in told if one.nights or one.events or first[one.field_id] is one]
    return [stand(one, reader.org_name, reader.phone) for one in kept] or [_nothing(reader, now)]


def _nothing(reader: Reader, now: datetime) -> Standing:
    """For who is told of no field at all: nothing is known."""
    one = Watched(
        field_id="", field_name="", commune=None, time_zone=DEFAULT_ZONE, tonight=night_of(now), species=None,
        watch=None, warning=None, alarm=None, floor=None, is_proposal=True, needs_approval=False,
    )  # fmt: skip
    return stand(one, reader.org_name, reader.phone)


def _audio(folder: str | None, worst: Standing, language: str) -> File | None:
    """The recording for an alert, or for its level; the names are ours, so that no request reaches other files."""
    if folder is None:
        return None
    level = "none" if worst.level is Level.UNKNOWN else worst.level.name.lower()
    names = [f"{language}-alert-{worst.told.alert_id}", f"{language}-level-{level}"]
    files = (File(folder) / f"{name}{suffix}" for name in names for suffix in AUDIO)
    return next((file for file in files if file.is_file()), None)


def gone(conn: Connection, texts: Catalogue) -> Response:
    """One answer to an unknown, an expired and a stopped link: what anybody may know, and whom to call."""
    return html.page(
        "plain.html", texts, status=404, headers=html.KEPT_BY_NOBODY, title=texts.word("page.gone"),
        sentences=[texts.word("page.gone_means")], alerts=_public(conn, texts),
        telephones=telephones([(one.name, one.phone) for one in farmer.telephones(conn)]),
    )  # fmt: skip


def _public(conn: Connection, texts: Catalogue) -> list[Line]:
    return [
        Line(
            LOOKS[Level(one.level)],
            verdict.capital(verdict.level_word(Level(one.level), texts)),
            f"{verdict.pest(one.species, texts, one.names)}, {one_line(one.commune)}",
        )
        for one in farmer.public_alerts(conn)
    ]


def telephones(found: Sequence[tuple[str, str | None]]) -> list[dict[str, str]]:
    """Telephone numbers as pages show and dial them; those that are known."""
    return [
        {"name": one_line(name), "phone": one_line(phone), "call": dialled(phone)} for name, phone in found if phone
    ]
