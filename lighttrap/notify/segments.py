"""How many parts an SMS takes, and Vietnamese without its marks, which takes one where accents take three.

The alphabet is that of 3GPP TS 23.038, 6.2.1; a text with any other character goes as UCS-2, whole. A text of several
parts loses room in each for the header that joins them (3GPP TS 23.040, 9.2.3.24.1).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from anyascii import anyascii

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet without the escape: one septet each."""
EXTENSION: Final = frozenset("\f^{}\\[~]|€")
"""Two septets each: the escape and the character."""
_ALPHABET: Final = BASIC | EXTENSION
_NOT_ASCII_OF_OURS: Final = str.maketrans({"[": "(", "]": ")", "{": "(", "}": ")", "`": "'", "~": "-", "^": None})
_NOT_ASCII_OF_OURS.update({ord("\\"): "/", ord("|"): "/"})


class Encoding(StrEnum):
    """How a text goes through the air."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


@dataclass(frozen=True, slots=True)
class Segments:
    """The length of an SMS: `units` are septets or 16-bit words, `count` the parts that are paid for."""

    encoding: Encoding
    units: int
    count: int


_ROOM: Final = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}
"""Units of a text of one part, and of each part of several."""


def segments(text: str) -> Segments:
    """The parts that a text takes, counted after NFC. An empty text is one empty SMS.

    A character of two units is never split between two parts.
    """
    composed = unicodedata.normalize("NFC", text)
    encoding = encoding_of(composed)
    sizes = [_size(character, encoding) for character in composed]
    units = sum(sizes)
    alone, joined = _ROOM[encoding]
    return Segments(encoding, units, 1 if units <= alone else _parts(sizes, joined))


def encoding_of(text: str) -> Encoding:
    """GSM-7 when each character of an NFC text is in its alphabet, else UCS-2."""
    return Encoding.GSM7 if _ALPHABET.issuperset(text) else Encoding.UCS2


def toneless(text: str) -> str:
    """A text in letters that are one septet each: "Rầy nâu – đêm" becomes "Ray nau - dem".

    Other scripts are transliterated; characters that cost two septets, and control characters, give way to others.
    """
    plain = anyascii(unicodedata.normalize("NFC", text)).translate(_NOT_ASCII_OF_OURS)
    return "".join(character for character in plain if character in BASIC)


def _size(character: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM7:
        return 2 if character in EXTENSION else 1
    return 2 if ord(character) > 0xFFFF else 1


def _parts(sizes: Iterable[int], room: int) -> int:
    parts, used = 1, 0
    for size in sizes:
        if used + size > room:
            parts, used = parts + 1, 0
        used += size
    return parts
