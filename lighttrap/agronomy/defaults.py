"""The defaults of every computation, as data: value, unit, basis and source of each (see `basis`).

A basis of `assumed` or `proposal` must stay editable in the product. Sources are named by site or paper, as in the
handbook of the field; `section` is a section of docs/agronomy.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lighttrap.agronomy.basis import Basis, setting
from lighttrap.species import SpeciesKey

_V, _D, _A, _P = Basis.VERIFIED, Basis.DERIVED, Basis.ASSUMED, Basis.PROPOSAL


@dataclass(frozen=True, slots=True)
class EffortSettings:
    """When a night's lamp time is enough for its catch to count. All assumed."""

    complete_share: float = setting(0.8, "of nominal", _A, "section Effort")
    valid_share: float = setting(0.5, "of nominal", _A, "section Effort")


@dataclass(frozen=True, slots=True)
class MedianSettings:
    """The robust moving median. All assumed."""

    trailing_nights: int = setting(7, "nights", _A, "tonight and the 6 before: for alerts")
    centred_nights: int = setting(7, "nights", _A, "3 on each side: for charts only, it knows the future")
    min_valid: int = setting(4, "nights", _A, "fewer valid nights give no median")


@dataclass(frozen=True, slots=True)
class AggregateSettings:
    """The value of a field or commune. Assumed."""

    min_traps: int = setting(2, "traps", _A, "one trap is a trap, not a field")


@dataclass(frozen=True, slots=True)
class TrendSettings:
    """Week-on-week change and the slope of the last nights. Assumed; the interval is Sen's (1968)."""

    week_nights: int = setting(7, "nights", _V, "reports are weekly: TCVN 13268-1:2021")
    week_min_valid: int = setting(4, "nights", _A, "in each of the two weeks")
    low_typical: float = setting(5.0, "insects/trap/night", _A, "below it in both weeks: thấp, no percent")
    slope_nights: int = setting(14, "nights", _A, "two weeks")
    slope_min_valid: int = setting(8, "nights", _A, "of those")
    z: float = setting(1.96, "", _V, "95 % of the normal distribution")


@dataclass(frozen=True, slots=True)
class NormalSettings:
    """The normal year. Ten years is Japan's 平年 (Mie, Miyazaki, Hokkaido prefectures); the rest assumed."""

    years: int = setting(10, "years", _V, "Mie, Miyazaki, Hokkaido prefectures: mean of the past 10 years")
    provisional_years: int = setting(5, "years", _A, "5 to 9 years: provisional; fewer: no band")
    bin_min_valid: int = setting(3, "nights", _A, "of a five-day period")
    timing_normal_days: int = setting(2, "days", _V, "Hokkaido, Shiga, Kyoto: within 2 days is normal")
    timing_somewhat_days: int = setting(5, "days", _V, "Hokkaido, Shiga, Kyoto: 3 to 5 days somewhat, from 6 on")


@dataclass(frozen=True, slots=True)
class MoonSettings:
    """Relative catch by moon phase, to be shown and never to correct with. Assumed; after Nowinszky."""

    half_width_nights: int = setting(15, "nights", _A, "the mean runs over t-15 to t+15, half a lunar month each way")
    min_valid: int = setting(8, "nights", _A, "of those 31")
    min_per_bin: int = setting(10, "trap-nights", _A, "fewer in an eighth are not shown")


@dataclass(frozen=True, slots=True)
class SowingSettings:
    """Né rầy: sowing to dodge the hoppers. Editable per season and place."""

    sow_start_after_peak_days: int = setting(1, "days", _A, "'sow right after'; the day count was not readable")
    sow_end_after_peak_days: int = setting(5, "days", _A, "the same")
    soak_before_sowing_days: int = setting(2, "days", _A, "soaking and incubating the seed")
    min_days_between_crops: int = setting(20, "days", _V, "Hậu Giang newspaper")
    announce_with_lunar_dates: bool = setting(True, "", _V, "Vĩnh Long calendar 2018-19")


@dataclass(frozen=True, slots=True)
class RelativeSettings:
    """The rules that compare a trap with itself. All proposals."""

    jump_factor: float = setting(3.0, "times the base", _P, "section Alert levels, jump")
    jump_base_from: int = setting(8, "nights before", _P, "the base is the median of t-8 to t-2")
    jump_base_to: int = setting(2, "nights before", _P, "it leaves out both nights that are tested")
    jump_min_valid: int = setting(4, "nights", _P, "of the 7 of the base")
    season_min_valid: int = setting(3, "nights", _P, "of this year's five-day period so far")
    own_quantile: float = setting(0.95, "", _P, "of the trap's own valid nights above zero")
    own_nights: int = setting(365, "nights", _P, "the nights before tonight that count")
    own_min_nights: int = setting(60, "nights", _P, "above zero, of those")
    resend_nights: int = setting(3, "nights", _P, "one message per trap, species and level; a higher one always")


@dataclass(frozen=True, slots=True)
class SpeciesRules:
    """Alert bands of one species: insects per trap per night, one trap. None: no absolute band; all proposals.

    `floor` is the least catch for which a relative rule may fire; None means the species never alerts.
    """

    floor: float | None = setting(None, "insects/trap/night", _P, "section Alert levels")
    watch: float | None = setting(None, "insects/trap/night", _P, "section Alert levels")
    warning: float | None = setting(None, "insects/trap/night", _P, "section Alert levels")
    alarm: float | None = setting(None, "insects/trap/night", _P, "section Alert levels")


NEVER: Final = SpeciesRules()
"""Beneficials, unidentified, and species outside the catalogue."""

SPECIES_RULES: Final[dict[SpeciesKey, SpeciesRules]] = {
    # Percentiles 75, 90 and 98-99 of the non-zero nights of 20 traps in Sóc Trăng, 2010.
    "nilaparvata-lugens": SpeciesRules(floor=100, watch=300, warning=1_000, alarm=5_000),
    "sogatella-furcifera": SpeciesRules(floor=100),
    "nephotettix-spp": SpeciesRules(floor=100),
    "recilia-dorsalis": SpeciesRules(floor=100),
    "laodelphax-striatellus": SpeciesRules(floor=50),
    "orseolia-oryzae": SpeciesRules(floor=50),
    "cnaphalocrocis-medinalis": SpeciesRules(floor=20),
    "parapoynx-stagnalis": SpeciesRules(floor=20),
    "scotinophara-coarctata": SpeciesRules(floor=20),
    "scirpophaga-incertulas": SpeciesRules(floor=10),
    "chilo-suppressalis": SpeciesRules(floor=10),
    "sesamia-inferens": SpeciesRules(floor=10),
    "leptocorisa-spp": SpeciesRules(floor=10),
    "spodoptera-mauritia": SpeciesRules(floor=10),
}


def rules_of(species: SpeciesKey) -> SpeciesRules:
    """The default bands of a species; `NEVER` for those that are not to alert."""
    return SPECIES_RULES.get(species, NEVER)
