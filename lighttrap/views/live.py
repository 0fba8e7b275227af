"""What is told while it happens."""

from __future__ import annotations

from pydantic import Field

from lighttrap.views.view import View


class LiveChange(View):
    """Of what a live event speaks."""

    ids: list[str | int] | None = Field(description="Ids of traps, or of alerts; null is any of them: ask anew.")
