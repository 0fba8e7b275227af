"""What people answer when they want no more messages: TC, STOP, từ chối, in any case and accent."""

from __future__ import annotations

import re
from typing import Final

from anyascii import anyascii

_WORDS: Final = frozenset({"stop", "tc", "huy", "ngung", "dung", "unsubscribe"})
_PHRASES: Final = frozenset({"tu choi", "khong nhan", "khong nhan tin", "thoi", "dung gui", "ngung gui"})
_KHMER: Final = "ឈប់"
"""Stop. Taken when it is read; never written by us."""


def asks_to_stop(text: str) -> bool:
    """Whether an answer asks for no more messages: it begins with one of the words, or is one of the phrases.

    Whoever writes a sentence that only mentions such a word is asked by a person, not stopped by a program.
    """
    if text.strip().startswith(_KHMER):
        return True
    words = re.sub(r"[^a-z0-9]+", " ", anyascii(text).lower()).split()
    return words[:1] != [] and ((words[0] in _WORDS and len(words) <= 3) or " ".join(words) in _PHRASES)
