"""The numbers of the forecast, and the coefficients learnt from the series that were at hand.

The priors were fitted by `python -m bench.forecast --prior` (ridge of 5 towards nothing): the daily one to brown
planthopper in ten traps of Sóc Trăng, 2010 (zeros that were partly unread nights, one block copied), the weekly one to
nine insects at Maruteru, 1994-2005. The daily calendar term is half the weekly one: one year cannot show a season.
What they are worth on series they were not fitted to stands in docs/forecast.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from lighttrap.agronomy import hazard, peaks
from lighttrap.agronomy.basis import Basis, setting
from lighttrap.agronomy.defaults import rules_of
from lighttrap.agronomy.hazard import Scales
from lighttrap.agronomy.peaks import PeakSettings
from lighttrap.agronomy.valid import Ints
from lighttrap.species import SpeciesKey

_A, _D = Basis.ASSUMED, Basis.DERIVED
# fmt: off
DAILY_PRIOR: Final = (
    -2.77, -0.1, -1.33, -0.59, 0.8, -0.37, 0.0, -0.22, 0.91, 0.31, 0.39, -0.32, -0.02, -0.64, 0.04, 0.5,
)
WEEKLY_PRIOR: Final = (
    -3.76, 0.15, -2.67, -1.01, 0.79, -0.55, -0.1, -0.24, 1.1, 0.23, 0.35, -0.22, -0.04, -0.49, -0.11, 1.06,
)
# fmt: on
"""In the order of `hazard.TERMS`."""
GENERATION_DAYS: Final[dict[SpeciesKey, int]] = {
    "scirpophaga-incertulas": 40,
    "chilo-suppressalis": 40,
    "sesamia-inferens": 40,
    "cnaphalocrocis-medinalis": 30,
    "orseolia-oryzae": 27,
}
"""Days from peak to peak where they are not a planthopper's 24. Stem borers 35-45 and leaffolder assumed; gall midge
25-30: congtydelta.com."""
_PLANTHOPPER_DAYS: Final = 24
_FLOOR_SHARE: Final = 0.3
"""Peak floor of a species over its floor for relative alert rules: 30 over 100 for brown planthopper (assumed)."""
_FLOOR_ELSE: Final = 10.0


@dataclass(frozen=True, slots=True)
class ForecastSettings:
    """When forecasts are made and how wide they may be. Steps are nights, or weeks in a weekly series."""

    peak: PeakSettings = peaks.DAILY
    scales: Scales = hazard.DAILY
    prior: tuple[float, ...] = DAILY_PRIOR
    pull: float = setting(100.0, "", _D, "how strongly coefficients keep to the prior; docs/forecast.md")
    cycle_pull: float = setting(20.0, "", _D, "the same for clock and calendar: species and places differ in them")
    horizon_days: int = setting(40, "days", _A, "1.7 generations: a later peak is nobody's next")
    chance: float = setting(0.8, "", _A, "an 80 % window holds the peak in 80 of 100 forecasts")
    start_chance: float = setting(0.88, "", _D, "asked of the model at first: cross-validated, docs/forecast.md")
    adapt: float = setting(0.01, "", _D, "how much one outcome moves it; docs/forecast.md")
    passed_days: int = setting(
        4, "days", _D, "a peak is confirmed 4 nights after it, as a rule: so far back it may lie"
    )
    likely_days: int = setting(7, "days", _A, "the width of the envelope of the next adults, P+21 … P+27")
    free_pull: float = setting(5.0, "", _D, "the same for the coefficients that are learnt freely; docs/forecast.md")
    other_weight: float = setting(
        0.2, "", _A, "first trust in clock and in free learning, each; the rest is the prior's"
    )
    score_weight: float = setting(0.3, "", _D, "weekly outcomes of one trap say much the same")
    max_window_days: int = setting(35, "days", _A, "a wider window helps nobody")
    revise_days: int = setting(7, "days", _A, "as the weekly report")
    first_days: int = setting(30, "days", _A, "nothing is said before: a series must show itself first")
    refit_days: int = setting(28, "days", _A, "how often the model learns")
    night_weight: float = setting(0.2, "", _D, "neighbouring nights say much the same")
    landmarks: int = setting(3000, "trap-nights", _A, "at most so many are learnt from, evenly taken")

    def steps(self, days: int) -> int:
        """Days as steps of the series, at least 1."""
        return max(1, round(days / self.scales.step_days))

    def ahead(self) -> Ints:
        """The steps ahead that a peak may fall: from nights not confirmed yet, before tonight, to the horizon."""
        return np.arange(-self.steps(self.passed_days), self.steps(self.horizon_days) + 1)

    def earliest_next(self, last_peak: Ints, night: Ints) -> Ints:
        """The first night the next peak can lie, as seen on `night`: not long past, and more than R after the last."""
        after = np.where(last_peak >= 0, last_peak + self.peak.radius + 1, 0)
        return np.maximum(np.maximum(night - self.steps(self.passed_days), after), 0)


DAILY: Final = ForecastSettings()
WEEKLY: Final = ForecastSettings(
    peak=peaks.WEEKLY,
    scales=hazard.WEEKLY,
    prior=WEEKLY_PRIOR,
    horizon_days=84,
    passed_days=7,
    start_chance=0.77,
    max_window_days=56,
    adapt=0.02,
    first_days=182,
    refit_days=84,
)
"""For weekly totals / 7. The horizon is longer since the peaks of a weekly series lie 8 to 11 weeks apart."""


def peak_floor(species: SpeciesKey) -> float:
    """Least typical catch of a peak, insects per trap per night: 30 for planthoppers and leafhoppers, 3 for borers."""
    floor = rules_of(species).floor
    return _FLOOR_ELSE if floor is None else _FLOOR_SHARE * floor


def for_species(species: SpeciesKey, *, weekly: bool = False, floor: float | None = None) -> ForecastSettings:
    """The defaults for a species, nightly or weekly; `floor` overrides that of its peaks.

    The horizon and the widest window of a nightly series grow with the generation of the species.
    """
    base = WEEKLY if weekly else DAILY
    peak = replace(base.peak, floor=peak_floor(species) if floor is None else floor)
    longer = GENERATION_DAYS.get(species, _PLANTHOPPER_DAYS) / _PLANTHOPPER_DAYS
    if weekly or longer <= 1:
        return replace(base, peak=peak)
    scales = replace(base.scales, gap_days=base.scales.gap_days * longer)
    horizon, widest = round(base.horizon_days * longer), round(base.max_window_days * longer)
    return replace(base, peak=peak, scales=scales, horizon_days=horizon, max_window_days=widest)
