"""Answers of late, kept by a digest of all that they rest on: one that is out of date is never found."""

from __future__ import annotations

import hashlib
import pickle
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


def digest(*rests_on: object) -> bytes:
    """SHA-256 of values. Different values never share one; equal ones may miss each other, and are reckoned again."""
    return hashlib.sha256(pickle.dumps(rests_on, protocol=5)).digest()


class Memory(Generic[Answer]):
    """Answers up to a weight of `most` in all, one each unless `weight` says more; what was not asked for longest goes.

    Safe for threads. Two that ask for the same at once may both work it out.
    """

    def __init__(self, most: int, weight: Callable[[Answer], int] = lambda _: 1) -> None:
        self._most = most
        self._weight = weight
        self._held = 0
        self._lock = threading.Lock()
        self._answers: dict[bytes, Answer] = {}

    def recall(self, key: bytes, make: Callable[[], Answer]) -> Answer:
        """The answer of this digest, made now when it is not known."""
        with self._lock:
            if key in self._answers:
                self._answers[key] = found = self._answers.pop(key)
                return found
        made = make()
        with self._lock:
            self._keep(key, made)
        return made

    def _keep(self, key: bytes, made: Answer) -> None:
        if key in self._answers:
            return  # somebody else was faster
        self._answers[key] = made
        self._held += self._weight(made)
        while self._held > self._most:
            oldest = next(iter(self._answers))
            self._held -= self._weight(self._answers.pop(oldest))
