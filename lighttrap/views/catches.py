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
    count: int | None = Field(description="Insects; null is unknown, 0 is none. Not to be reckoned with when lost.")
    lamp_s: int = Field(description="Seconds the lamp was on, for this species.")
    state: NightState


class Catch(View):
    """Insects of one species in one place, in one night or week."""

    place: str = Field(description="A trap, field or commune, as asked for.")
    species: str
    night: date = Field(description="The night; of a week, its Monday.")
    count: int = Field(description="Insects in all traps of the place.")
    trap_nights: int = Field(description="Nights of traps that this is the sum of: lamp on for half the plan or more.")
    per_trap_night: float = Field(description="count / trap_nights: insects per trap and night.")


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
