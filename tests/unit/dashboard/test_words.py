from __future__ import annotations

import string
from datetime import UTC, date, datetime

import pytest

from dashboard import words
from scripts import translations

TRANSLATED = ("km", "en")
SAID = sorted(translations.texts())


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_texts_are_found_at_all():
    assert "Đêm qua" in SAID


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_with_its_placeholders(language: str):
    catalogue = words.read(language)
    assert catalogue is not None
    known = {message.id: message.string for message in catalogue if isinstance(message.id, str)}
    assert [text for text in SAID if not known.get(text)] == []
    assert [text for text in SAID if placeholders(text) != placeholders(str(known[text]))] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_catalogue_holds_no_text_that_nobody_says(language: str):
    catalogue = words.read(language)
    assert catalogue is not None
    assert {message.id for message in catalogue if message.id} - set(SAID) == set()


def test_khmer_is_marked_as_a_draft_until_somebody_vouches_for_it():
    assert words.load("km").is_draft
    assert not words.load("vi").is_draft
    assert not words.load("en").is_draft


@pytest.mark.parametrize(
    ("language", "told"), [("vi", "1.234,5"), ("km", "1.234,5"), ("en", "1,234.5")]
)  # fmt: skip
def test_numbers_are_written_as_the_language_writes_them(language: str, told: str):
    assert words.load(language).number(1234.5, 1) == told


def test_what_is_not_known_is_a_dash_and_never_a_zero():
    say = words.load("vi")
    assert say.number(None) == say.night(None) == say.moment(None) == "–"
    assert say.number(0) == "0"


def test_moment_is_told_in_the_time_of_the_traps():
    assert words.load("vi").moment(datetime(2026, 11, 23, 23, 10, tzinfo=UTC)) == "06:10 24/11"


def test_weekday_is_that_of_the_evening():
    assert words.load("vi").weekday(date(2026, 11, 22)) == "CN"


@pytest.mark.parametrize(
    ("asked", "told"), [(["km"], "km"), ([None, "km-KH"], "km"), (["fr", None], "vi"), (["xx", "en-US"], "en")]
)  # fmt: skip
def test_first_language_that_we_have_is_chosen(asked: list[str | None], told: str):
    assert words.choose(asked, "vi") == told
