"""On what a number rests: every threshold and default carries its unit, its source and how far it can be trusted.

Settings are frozen dataclasses whose fields are made by `setting`; `explain` lists them, so that the documentation,
the alert rules and the dashboard read the numbers from one place and say the same of them.
"""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import Any, TypeVar

_T = TypeVar("_T")


class Basis(StrEnum):
    """How far a number can be trusted."""

    VERIFIED = "verified"
    """Read in the source that is named."""
    DERIVED = "derived"
    """Worked out by us from verified numbers or from data."""
    ASSUMED = "assumed"
    """A default that somebody had to choose; editable."""
    PROPOSAL = "proposal"
    """A threshold no authority has set: shown as ngưỡng đề xuất until an agronomist sets it."""


@dataclass(frozen=True, slots=True)
class Number:
    """One setting as people should see it. `unit` is empty for a pure number or a choice."""

    name: str
    value: Any
    unit: str
    basis: Basis
    source: str


def setting(value: _T, unit: str, basis: Basis, source: str) -> _T:
    """A dataclass field with this default. The type says `_T` for the sake of the field's annotation."""
    return field(default=value, metadata={"unit": unit, "basis": basis, "source": source})


def explain(settings: object) -> list[Number]:
    """The numbers of a settings dataclass (an instance), in its order. Raises TypeError for anything else."""
    if not is_dataclass(settings) or isinstance(settings, type):
        raise TypeError("explain needs an instance of a settings dataclass")
    return [_number(settings, one) for one in fields(settings) if "basis" in one.metadata]


def _number(settings: object, one: Field[Any]) -> Number:
    told = one.metadata
    return Number(one.name, getattr(settings, one.name), told["unit"], told["basis"], told["source"])
