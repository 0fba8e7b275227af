"""The texts of a language: a TOML file that a translator edits, read into templates.

A template has placeholders in braces. A part in square brackets is left out when one of its placeholders has nothing
to say, and, in an SMS that would get too long, the last such part first.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from lighttrap.errors import ConfigError

FIRST: Final = "vi"
"""The language that is whole, and what a reader gets whose own cannot be used yet."""
LANGUAGES: Final = {"vi": "Tiếng Việt", "km": "ខ្មែរ", "en": "English"}
"""Each with its own name for itself (CLDR)."""
_PART = re.compile(r"\[([^\[\]]*)\]")
_NAME = re.compile(r"\{(\w+)\}")


class Review(StrEnum):
    """Who has looked at a text."""

    DONE = "reviewed"
    APPROVAL = "needs approval"
    """Written with care and in use; the plant-protection office has not approved its wording yet."""
    NATIVE = "needs native review"
    """Nobody who speaks the language has vouched for it: not used unless a setting says so."""


class Plain(StrEnum):
    """When an SMS of a language goes without accents."""

    ALWAYS = "always"
    ON_REQUEST = "on request"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Template:
    """A text with placeholders, cut into parts: (text, whether it may be left out)."""

    parts: tuple[tuple[str, bool], ...]

    @property
    def required(self) -> frozenset[str]:
        """Placeholders that always need a value."""
        return frozenset(name for text, is_optional in self.parts if not is_optional for name in _NAME.findall(text))

    @property
    def optional(self) -> frozenset[str]:
        """Placeholders of the parts that may be left out."""
        return frozenset(name for text, is_optional in self.parts if is_optional for name in _NAME.findall(text))

    def filled(self, values: Mapping[str, str]) -> Iterator[str]:
        """The text with its values; then without its last optional part, and so on until none is left."""
        kept = [
            (_NAME.sub(lambda found: values.get(found[1], ""), text), is_optional)
            for text, is_optional in self.parts
            if not is_optional or all(values.get(name) for name in _NAME.findall(text))
        ]
        yield "".join(text for text, _ in kept)
        for place in reversed([place for place, (_, is_optional) in enumerate(kept) if is_optional]):
            del kept[place]
            yield "".join(text for text, _ in kept)

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with its values."""
        return next(self.filled(values))


def parse(text: str) -> Template:
    """A template from the text of a file. Raises ConfigError for a bracket or brace without its partner."""
    cut = _PART.split(text)
    parts = tuple((part, place % 2 == 1) for place, part in enumerate(cut) if part)
    if any(re.search(r"[\[\]{}]", _NAME.sub("", part)) for part, _ in parts):
        raise ConfigError(f"a bracket or brace without its partner in: {text}")
    return Template(parts)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The texts of one language. A key is the path in the file: `raised.alarm.sms`, `words.level.watch`."""

    language: str
    plain: Plain
    templates: Mapping[str, Template]
    """Without those that are empty: they await their translator."""
    empty: frozenset[str]
    reviews: Mapping[str, Review]
    """By the table's path: `raised.alarm`, `words`."""

    def review_of(self, key: str) -> Review:
        """The mark that is nearest to a text."""
        while key:
            if key in self.reviews:
                return self.reviews[key]
            key = key.rpartition(".")[0]
        return Review.NATIVE

    def word(self, key: str) -> str:
        """A text without placeholders."""
        return self.templates[key].fill({})


def load(language: str, folder: Path | None = None) -> Catalogue:
    """The texts of a language, from a folder of TOML files or from the package.

    Raises ConfigError for a file that cannot be read as such.
    """
    return _packaged(language) if folder is None else _read(language, (folder / f"{language}.toml").read_text("utf-8"))


@cache
def _packaged(language: str) -> Catalogue:
    file = resources.files("lighttrap.notify").joinpath("texts", f"{language}.toml")
    return _read(language, file.read_text(encoding="utf-8"))


def _read(language: str, text: str) -> Catalogue:
    try:
        tree = tomllib.loads(text)
        plain = Plain(tree.pop("plain"))
        found = dict(_leaves(tree))
        reviews = {key.rpartition(".")[0]: Review(found.pop(key)) for key in list(found) if key.endswith("review")}
        templates = {key: parse(value) for key, value in found.items()}
    except (KeyError, ValueError, AttributeError, TypeError) as exc:
        raise ConfigError(f"texts of {language}: {exc}") from exc
    empty = frozenset(key for key, template in templates.items() if not template.parts)
    return Catalogue(language, plain, {key: one for key, one in templates.items() if key not in empty}, empty, reviews)


def _leaves(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        key = f"{path}.{name}" if path else name
        if isinstance(value, dict):
            yield from _leaves(value, key)
        else:
            yield key, value
