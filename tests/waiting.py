"""The only sleep of the test suite."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_ANYTHING_TRUE = object()


def wait_until(observe: Callable[[], T], *, equals: object = _ANYTHING_TRUE, within: float = 10.0) -> T:
    """Calls `observe` until it answers something true, or just `equals`, and returns the answer.

    `within` is in seconds. When time runs out, AssertionError says what was seen last.
    """
    deadline = time.monotonic() + within
    while True:
        seen = observe()
        if bool(seen) if equals is _ANYTHING_TRUE else seen == equals:
            return seen
        if time.monotonic() > deadline:
            wanted = "something true" if equals is _ANYTHING_TRUE else repr(equals)
            raise AssertionError(f"waited {within} s for {wanted}, last saw {seen!r}")
        time.sleep(0.02)
