"""The words of the pages, in the reader's language.

Texts in the code are Vietnamese and are the keys of the catalogues (gettext, `translations/*.po`); one that a
catalogue lacks stays Vietnamese. An entry marked `fuzzy` awaits a reader who speaks the language: it is shown, and the
page says that its translation is a draft.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from lighttrap.notify import verdict
from lighttrap.notify.catalogue import FIRST, LANGUAGES, Catalogue

FOLDER = Path(__file__).parent / "translations"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_MARKS = {"vi": (".", ","), "km": (".", ","), "en": (",", ".")}
DAYS = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")


@dataclass(frozen=True)
class Words:
    """What a page needs to speak a language."""

    language: str
    is_draft: bool
    """Some of it awaits a reader who speaks the language."""
    _found: gettext.NullTranslations

    def __call__(self, text: str, **values: object) -> str:
        """A text of ours, with values in its braces."""
        said = self._found.gettext(text) if text else ""
        return said.format(**values) if values else said

    def many(self, one: str, more: str, n: int, **values: object) -> str:
        """A text by a number, which stands in it as `{n}`."""
        return self._found.ngettext(one, more, n).format(n=self.number(n), **values)

    def number(self, value: float | None, digits: int = 0) -> str:
        """1.234,5 as the language writes it; a dash for what is not known."""
        if value is None:
            return "–"
        thousands, decimal = _MARKS[self.language]
        return f"{value:,.{digits}f}".translate(str.maketrans(",.", thousands + decimal))

    def night(self, night: date | None, *, year: bool = False) -> str:
        """23/11, or 23/11/2026."""
        if night is None:
            return "–"
        return f"{night:%d/%m/%Y}" if year else f"{night:%d/%m}"

    def weekday(self, night: date) -> str:
        """T2 to CN, in the language."""
        return self(DAYS[night.weekday()])

    def moment(self, at: datetime | None) -> str:
        """06:10 23/11, where the traps are."""
        return "–" if at is None else f"{at.astimezone(ZONE):%H:%M %d/%m}"

    def moment_of(self, at_s: float) -> str:
        """The same of seconds since 1970."""
        return self.moment(datetime.fromtimestamp(at_s, ZONE))

    def age(self, seconds: float) -> str:
        """How long ago: 5 phút, 3 giờ, 2 ngày."""
        if seconds < 90:
            return self("vừa xong")
        if seconds < 90 * 60:
            return self("{n} phút trước", n=round(seconds / 60))
        if seconds < 36 * 3600:
            return self("{n} giờ trước", n=round(seconds / 3600))
        return self("{n} ngày trước", n=round(seconds / 86_400))

    @property
    def texts(self) -> Catalogue:
        """The texts of alert messages in this language, for the verdict and the words of levels."""
        return verdict.choose(self.language, unreviewed=True)


@cache
def load(language: str) -> Words:
    """The words of a language; Vietnamese for one that we do not have."""
    catalogue = read(language)
    if catalogue is None:
        return Words(FIRST, is_draft=False, _found=gettext.NullTranslations())
    compiled = io.BytesIO()
    write_mo(compiled, catalogue, use_fuzzy=True)
    compiled.seek(0)
    is_draft = any(message.fuzzy for message in catalogue if message.id)
    return Words(language, is_draft, gettext.GNUTranslations(compiled))


def read(language: str) -> Catalog | None:
    """The catalogue of a language as its file has it; None for Vietnamese and for languages without one."""
    path = FOLDER / f"{language}.po"
    if language not in LANGUAGES or language == FIRST or not path.exists():
        return None
    with path.open("rb") as file:
        return read_po(file, locale=language)


def choose(wanted: Iterable[str | None], default: str) -> str:
    """The first of these that is a language of ours; a browser's `km-KH` is Khmer."""
    for name in wanted:
        if name and (language := name.split("-")[0].lower()) in LANGUAGES:
            return language
    return default
