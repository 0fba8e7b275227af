"""What was caught, night by night and reading by reading."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from lighttrap.model import NightState
from lighttrap.views.view import View


class CatchNight(View):
    """One trap, night and species. A night without any count has one item without species."""

    trap_id: str
    species: str | None
    night: date
    count: int | None = Field(
        description="Insects, as somebody recounted them if so, else the machine's count; null is unknown, 0 is none."
        " Not to be reckoned with when lost."
    )
    lamp_s: int = Field(description="Seconds the lamp was on, for this species.")
    state: NightState
    machine_count: int | None = Field(description="What the machine counted; late readings still add to it.")
    correction_id: int | None = Field(description="Of the correction in force; null: nobody recounted.")


class Catch(View):
    """Insects of one species in one place, in one night or week."""

    place: str = Field(description="A trap, field or commune, as asked for.")
    species: str
    night: date = Field(description="The night; of a week, its Monday.")
    count: int = Field(description="Insects in all traps of the place.")
    trap_nights: int = Field(description="Nights of traps that this is the sum of: lamp on for half the plan or more.")
    per_trap_night: float = Field(description="count / trap_nights: insects per trap and night.")
    machine_count: int = Field(description="The same without what people corrected.")
    corrections: int = Field(description="How many of the nights of traps somebody recounted.")


class Correction(View):
    """A count that a person put right, beside the machine's. In force until `ended_at`."""

    correction_id: int
    trap_id: str
    species: str
    night: date
    count: int = Field(description="Insects, recounted.")
    machine_count: int = Field(description="What the machine had counted then.")
    machine_count_now: int = Field(description="What it has counted by now, late readings among it.")
    reason: str
    author: str
    at: datetime
    ended_at: datetime | None = Field(description="When it was replaced or undone.")
    ended_by: str | None
    ended_reason: str | None = Field(description="Why it was undone; null: replaced, or in force.")


class TrapHour(View):
    """What a trap did in one hour: the readings that began in it."""

    hour: datetime = Field(description="When it begins.")
    readings: int
    lamp_s: int = Field(description="Seconds the lamp was on.")
    lag_s: float = Field(description="From a reading's end to its receipt, the longest; hours mean that it came late.")


class Reading(View):
    """One packet's measurements."""

    boot: int
    seq: int
    start_at: datetime
    end_at: datetime
    night: date
    lamp_s: int
    counts: dict[str, int] = Field(description="Insects by species looked for.")
    temperature_c: float | None
    humidity_pct: float | None
    rain_mm: float | None
    wind_m_s: float | None
    light_lx: float | None
    battery_v: float | None
    panel_v: float | None
    signal_dbm: float | None
    model_version: str | None
    image_ref: str | None
    received_at: datetime
