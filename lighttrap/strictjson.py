"""JSON as protocol v1 reads it: what Python's own parser would let pass is refused, with the reason's word."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from lighttrap.errors import PacketError

MAX_DEPTH = 8
"""Objects and lists within each other; a packet needs two."""


def parse(payload: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON value of a payload.

    Raises PacketError, and nothing else: `not_utf8`, `not_json` (also for NaN and numbers of thousands of digits),
    `too_deep`, `duplicate_key`.
    """
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise PacketError("not_utf8", f"byte {fault.start} is not UTF-8") from fault
    try:
        value = json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except RecursionError:
        raise PacketError("too_deep", f"nested more than {MAX_DEPTH} deep") from None
    except ValueError as fault:
        raise PacketError("not_json", str(fault)[:200]) from fault
    if _is_deeper(value, MAX_DEPTH):
        raise PacketError("too_deep", f"nested more than {MAX_DEPTH} deep")
    return value


def _is_deeper(value: Any, depth: int) -> bool:  # noqa: ANN401 - any JSON value
    """Whether objects and lists stand more than `depth` deep within each other; level by level, without recursion."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(depth):
        insides = [outer.values() if isinstance(outer, dict) else outer for outer in level]
        level = [inner for inside in insides for inner in inside if isinstance(inner, dict | list)]
    return bool(level)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise PacketError("duplicate_key", "one key stands twice in an object")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
