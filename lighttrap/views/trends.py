"""What a chart of a field's or trap's nights shows, what is expected of it, and its normal year.

Lists are as long as `nights` and in its order; null is unknown, 0 is none. Unless said otherwise numbers are insects
per trap and night. The formulas stand in docs/agronomy.md and docs/forecast.md.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from lighttrap.model import NightState
from lighttrap.views.view import View


def _word(one: Any) -> Any:  # noqa: ANN401 - what a validator is given
    """NO_CLEAR_PEAK as no-clear-peak; words of text stay."""
    return one.name.lower().replace("_", "-") if isinstance(one, Enum) and not isinstance(one, str) else one


Numbers = list[float | None]
Basis = Literal["verified", "derived", "assumed", "proposal"]
TrapState = Annotated[Literal["no-data", "peak", "rising", "no-clear-peak", "low"], BeforeValidator(_word)]
SeasonClass = Annotated[
    Literal["unknown", "few", "somewhat-few", "normal", "somewhat-many", "many"], BeforeValidator(_word)
]
Standing = Literal["none", "provisional", "normal"]


class Peak(View):
    """A flight peak of a trap; not final, it may yet go."""

    night: date = Field(description="P, from which all days are counted.")
    highest_night: date = Field(description="The highest raw catch within two nights of it.")
    typical: float
    is_final: bool


class StageWindow(View):
    """What follows an observed peak, for looking in the field; both ends are in it. It is no forecast."""

    stage: Literal["egg-laying", "hatch", "control", "next-adults"]
    first: date
    last: date
    earliest: date
    latest: date
    point: date | None
    basis: Basis
    source: str


class LunarDay(View):
    """A day with its Vietnamese lunar date."""

    date: date
    lunar_day: int
    lunar_month: int
    is_leap_month: bool


class Sowing(View):
    """Né rầy: days to soak and to sow. A proposal; an agronomist publishes it, or does not."""

    is_confirmed: bool = Field(description="By a peak; false when the trap is only rising.")
    soak_first: LunarDay | None
    soak_last: LunarDay | None
    sow_first: LunarDay | None
    sow_last: LunarDay | None
    rice_age_days: tuple[int, int] | None = Field(description="When the next adults come: youngest and oldest.")
    notes: list[Literal["late", "partly-late", "too-soon", "raise-water"]]
    basis: Basis


class Outlook(View):
    """What a trap is doing, as of its last known night."""

    as_of: date
    state: TrapState
    peaks: list[Peak] = Field(description="Of the nights shown, and the newest of any age near them.")
    after: list[StageWindow] = Field(description="After the newest peak, while the state is peak.")
    sowing: Sowing | None


class Skill(View):
    """How a way of forecasting did on this trap's own past nights; see docs/forecast.md."""

    forecasts: int
    without_peak: int
    mae_days: float | None
    hit_rate: float | None = Field(description="The peak fell in the likely week.")
    coverage_80: float | None = Field(description="It fell in the 80 % window.")
    window_80_days: float | None


class Forecast(View):
    """The next peak: what stands of the trap, or no forecast and why. Without scores nobody knows its worth."""

    answer: Annotated[
        Literal["forecast", "no-data", "no-clear-peak", "peak-unlikely", "too-wide"], BeforeValidator(_word)
    ]
    made_on: date | None
    occasion: Annotated[Literal["confirmed", "rising", "weekly"] | None, BeforeValidator(_word)]
    point: date | None
    likely_first: date | None = Field(description="The likely week.")
    likely_last: date | None
    first: date | None = Field(description="The 80 % window.")
    last: date | None
    chance: float = Field(description="Of the window, as stated.")
    peak_chance: float | None = Field(description="That any peak comes within `horizon_days`.")
    horizon_days: int
    is_scored: bool = Field(description="Five forecasts of this trap could be scored; otherwise: chưa đánh giá được.")
    score: Skill
    last_interval: Skill = Field(description="The baseline: the last gap between peaks, repeated.")
    calendar_mean: Skill = Field(description="The baseline: the mean wait from this date in earlier years.")
    basis: Basis


class Slope(View):
    """The Theil-Sen line through ln(1 + catch) of the last 14 nights; per night, with its 95 % interval."""

    slope: float
    lower: float
    upper: float
    doubling_days: float | None = Field(description="Null where the interval holds 0; negative: halves.")
    valid_nights: int


class Change(View):
    """A week against the one before."""

    traps: int = Field(description="Known in both weeks.")
    change_pct: float | None = Field(description="Null when `is_low`.")
    typical: float | None
    typical_before: float | None
    is_low: bool = Field(description="So few in both that a percent would mislead: thấp.")


class ThresholdLine(View):
    """A rule's numbers, for drawing. A proposal nobody has set must be shown as one: ngưỡng đề xuất."""

    rule_id: int
    field_id: str | None
    commune_code: str | None
    watch: float | None
    warning: float | None
    alarm: float | None
    floor: float | None
    jump_ratio: float | None
    trend_ratio: float | None
    is_proposal: bool
    version: int
    author: str
    created_at: datetime
    is_in_force: bool


class FieldNights(View):
    """A field's nights; the value and level are those of the alert rules."""

    value: Numbers = Field(description="Median over its traps; of a night that goes on, counted so far.")
    state: list[Literal["final", "so-far", "lost"] | None]
    level: list[int | None] = Field(description="0 none, 1 watch, 2 warning, 3 alarm; null: not judged, or lost.")
    rule_id: list[int | None] = Field(description="Which of `rules` judged it.")
    reporting: list[int] = Field(description="Traps whose catch is known: n of N.")
    in_service: list[int] = Field(description="N.")
    typical: Numbers = Field(description="Two traps or more.")
    highest: Numbers
    highest_trap_id: list[str | None]
    change: Change | None
    slope: Slope | None


class TrapNights(View):
    """A trap's nights."""

    trap_id: str
    name: str
    nominal_s: int
    count: list[int | None] = Field(
        description="As somebody recounted, else the machine's; of lost nights too. To reckon with, take `catch`."
    )
    machine_count: list[int | None] = Field(description="As the trap counted.")
    correction_id: list[int | None] = Field(description="Of the correction in force; null: nobody recounted.")
    lamp_s: list[int | None]
    state: list[NightState | Literal["manual"] | None] = Field(
        description="Null: the trap was not there. manual: read and written down by people, from old records."
    )
    catch: Numbers = Field(description="Normalised; null when the night is lost, silent or pending.")
    trailing_median: Numbers
    centred_median: Numbers = Field(description="It knows three nights of the future; for charts.")
    rain_mm: Numbers
    temperature_min_c: Numbers
    temperature_max_c: Numbers
    left_out: int = Field(description="Counts of other planned lamp hours, which are compared with nothing.")
    outlook: Outlook | None
    slope: Slope | None
    forecast: Forecast | None


class Band(View):
    """P10 to P90 of the same five-day period in past years."""

    p10: Numbers
    p30: Numbers
    p50: Numbers
    p70: Numbers
    p90: Numbers
    years: list[int] = Field(
        description="Past years with a value; below 5 there is no band, below 10 it is provisional."
    )


class SeasonNow(View):
    """How this year's five-day period stands so far."""

    night: date
    period_first: date
    season: SeasonClass
    standing: Standing
    years: int
    typical: float | None
    high: float | None = Field(description="P90 of past years.")


class Trend(View):
    """A field or a trap and one species over some nights, all as of one moment."""

    org_id: str
    field_id: str | None = Field(description="Of a trap, where it stands now.")
    species: str
    nights: list[date] = Field(description="Unbroken, up to tonight.")
    lunar_days: list[int] = Field(description="1-30. The same date last year lies about 11 lunar days away.")
    as_of: date | None = Field(description="The last night that is over or complete; null when none is.")
    heard_at: datetime | None = Field(description="End of the newest reading of these nights.")
    is_mixed: bool = Field(
        description="Traps of different lamp hours: they are not put together, and stand each alone."
    )
    field: FieldNights | None = Field(description="Null for a trap.")
    rules: list[ThresholdLine] = Field(description="The one in force first, then others that judged these nights.")
    band: Band | None = Field(description="The normal along the nights; null: too few years.")
    season: SeasonNow | None
    traps: list[TrapNights]


class TrapPeak(View):
    """A trap's state and its newest peak."""

    trap_id: str
    name: str
    field_id: str | None
    commune_code: str | None
    as_of: date
    state: TrapState
    peak: Peak | None = Field(description="The newest of the last 120 nights.")
    after: list[StageWindow] = Field(description="After that peak, while the state is peak.")


class NormalYear(View):
    """The normal year of a field or trap: 72 five-day periods, lists in their order."""

    org_id: str
    field_id: str | None
    trap_id: str | None
    species: str
    year: int
    standing: Standing = Field(description="normal from 10 years on, provisional from 5, none below.")
    years: list[int] = Field(description="Past years with nights, of the last ten.")
    is_mixed: bool = Field(description="Traps of different lamp hours: there is no common normal.")
    period_first: list[date]
    band: Band
    typical: Numbers = Field(description="This year's.")
    typical_before: Numbers = Field(description="Last year's; its nights lie about 11 lunar days away.")
    now: SeasonNow | None
