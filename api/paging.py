"""Pages of long lists. The cursor names the last item of a page, so that nothing is skipped while a list grows."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from lighttrap.errors import InputFault

Item = TypeVar("Item")
Key = TypeVar("Key")


def page(found: Sequence[Item], limit: int, key: Callable[[Item], tuple[object, ...]]) -> dict[str, Any]:
    """A page of at most `limit` of the items found, of which one more was asked for, and the cursor of the next."""
    kept = found[:limit]
    return {"items": kept, "next": _cursor(key(kept[-1])) if len(found) > limit else None}


def read(cursor: str | None, kind: TypeAdapter[Key]) -> Key | None:
    """The key in a cursor; None without one. Raises InputFault for one that we did not give."""
    if cursor is None:
        return None
    try:
        return kind.validate_json(base64.urlsafe_b64decode(cursor.encode("ascii")))
    except (ValidationError, binascii.Error, ValueError) as fault:
        raise InputFault("`after` is not a cursor of this list") from fault


def _cursor(key: tuple[object, ...]) -> str:
    text = json.dumps([one.isoformat() if isinstance(one, date) else one for one in key])
    return base64.urlsafe_b64encode(text.encode()).decode()
