"""What every answer is: frozen, made from our own dataclasses, and paged where it is long."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Item = TypeVar("Item")


class View(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Page(View, Generic[Item]):
    """Some items of a longer list."""

    items: list[Item]
    next: str | None = Field(description="Give it as `after` for the next page; null at the end.")
