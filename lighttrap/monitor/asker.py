"""Asking something that may not answer, without waiting for it longer than somebody has patience."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Asker(Generic[T]):
    """Asks one question, in a thread of its own. One that is not answered yet is not asked twice."""

    def __init__(self, name: str, question: Callable[[], T]) -> None:
        self._question = question
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._asked: Future[T] | None = None

    def answer(self, within_s: float) -> T:
        """The answer. Raises TimeoutError when it does not come in time, and whatever the question raises."""
        if self._asked is None or self._asked.done():
            self._asked = self._thread.submit(self._question)
        return self._asked.result(within_s)
