"""How a start-up wrapper changes the real worker: always in a process of its own, never in product code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.waiting import wait_until


def replace(owner: object, name: str, value: object) -> Any:  # noqa: ANN401 - whatever stood there
    """Puts something in the place of an attribute and returns what stood there; refuses a name that is not there."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    return before


def act_before(owner: object, name: str, act: Callable[[], None]) -> None:
    """Calls `act` before each call of a function."""

    def acting(*args: Any, **named: Any) -> Any:  # noqa: ANN401 - any function's arguments
        act()
        return original(*args, **named)

    original = replace(owner, name, acting)


def act_after(owner: object, name: str, act: Callable[[], None]) -> None:
    """Calls `act` after each call of a function."""

    def acting(*args: Any, **named: Any) -> Any:  # noqa: ANN401 - any function's arguments
        found = original(*args, **named)
        act()
        return found

    original = replace(owner, name, acting)


def flush(client: Any) -> None:  # noqa: ANN401 - paho's client, or ours
    """Waits until a client has written what it was given, or has no connection to write it to."""
    wait_until(lambda: client.socket() is None or not client.want_write())
