"""Named SQL statements. One `.sql` file a noun, loaded by the `store` module of the same name."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import LiteralString, cast

_HEADING = re.compile(r"^-- (\w+) --$", re.MULTILINE)


@cache
def load(noun: str) -> dict[str, LiteralString]:
    """The statements of `<noun>.sql` by name; each stands under a line `-- name --`."""
    text = resources.files(__package__).joinpath(f"{noun}.sql").read_text(encoding="utf-8")
    parts = _HEADING.split(text)[1:]
    return {name: cast(LiteralString, body.strip()) for name, body in zip(parts[::2], parts[1::2], strict=True)}
