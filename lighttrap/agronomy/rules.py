"""The level of a trap's night, and which rule said so with its numbers. Every threshold is a proposal.

No authority's threshold for light-trap catches was found for any country. A lost night has no level: it neither
raises nor clears. Nothing here knows the future, so a night judged again later comes out the same unless late data
changed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from lighttrap.agronomy import normal, smooth, valid
from lighttrap.agronomy.defaults import RelativeSettings, SpeciesRules
from lighttrap.agronomy.level import Level
from lighttrap.agronomy.valid import Bools, Floats, Ints

_DEFAULT = RelativeSettings()


class Rule(StrEnum):
    """What can raise a level."""

    BAND = "band"
    """The catch is at or above the species' absolute threshold."""
    JUMP = "jump"
    """Tonight and last night at three times the trap's own median."""
    SEASON = "season"
    """Many for the season."""
    OWN_HIGH = "own-high"
    """Above the 95th percentile of the trap's own year."""


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that fired: `catch` reached `bar`, which came from `base`; all in insects per trap per night.

    `base` is the threshold (BAND), the median (JUMP), P95 of the trap's year (OWN_HIGH), or P90 of the period's past
    years (SEASON), which `typical`, this year's catch in the period so far, is above. `behind` is how many nights, for
    SEASON years, stand behind the base; 0 for a threshold.
    """

    rule: Rule
    level: Level
    catch: float
    bar: float
    base: float
    behind: int
    typical: float | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """Levels of the judged nights, all arrays of shape (..., judged nights), and the numbers behind them.

    `level` holds `Level` values, the highest of the rules that fired. `explain` tells of one night.
    """

    catch: Floats
    level: Ints
    band_level: Ints
    jump: Bools
    jump_base: Floats
    jump_nights: Ints
    many: Bools
    season: normal.SeasonSoFar | None
    own_high: Bools
    own_bar: Floats
    own_nights: Ints
    rules: SpeciesRules
    settings: RelativeSettings

    def explain(self, *place: int) -> list[Fired]:
        """The rules that fired at one place of the arrays, highest level first."""
        catch, rules = float(self.catch[place]), self.rules
        found = []
        level = Level(int(self.band_level[place]))
        if level > Level.NONE:
            bar = {Level.WATCH: rules.watch, Level.WARNING: rules.warning, Level.ALARM: rules.alarm}[level]
            found.append(Fired(Rule.BAND, level, catch, float(bar or 0), float(bar or 0), 0))
        floor = float(rules.floor or 0)
        if self.own_high[place]:
            own = float(self.own_bar[place])
            found.append(Fired(Rule.OWN_HIGH, Level.WARNING, catch, max(floor, own), own, int(self.own_nights[place])))
        if self.jump[place]:
            base = float(self.jump_base[place])
            bar = max(floor, self.settings.jump_factor * base)
            found.append(Fired(Rule.JUMP, Level.WATCH, catch, bar, base, int(self.jump_nights[place])))
        if self.season is not None and self.many[place]:
            high, years = float(self.season.high[place]), int(self.season.years[place])
            now = float(self.season.typical[place])
            found.append(Fired(Rule.SEASON, Level.WATCH, catch, floor, high, years, now))
        return sorted(found, key=lambda one: -one.level)


def judge(
    catch: Floats,
    rules: SpeciesRules,
    season: normal.SeasonSoFar | None = None,
    last: int | None = None,
    settings: RelativeSettings = _DEFAULT,
) -> Judgement:
    """The levels of the last `last` nights (all when None), from normalised catches of shape (..., nights).

    `season` is `normal.season_so_far` of the same catches, of the same shape; without it the season rule is silent.
    The axis should reach 365 nights before the first night judged; a shorter one leaves the rules less history, never
    another meaning.
    """
    first = max(0, catch.shape[-1] - last) if last is not None else 0
    tonight = catch[..., first:]
    # The jump looks back a few nights only; a fleet's whole year need not be looked through for tonight.
    reach = max(0, first - settings.jump_base_from)
    jump, base, base_nights = _jump(catch[..., reach:], rules, settings)
    shown = slice(first - reach, None)
    own, own_bar, own_nights = _own_high(catch, rules, settings, first)
    season = None if season is None else _from(season, first)
    many = np.zeros(tonight.shape, np.bool_) if season is None else _many(tonight, season, rules)
    band_level = _band(tonight, rules)
    level = np.maximum.reduce(
        [band_level, np.where(own, Level.WARNING, 0), np.where(jump[..., shown] | many, Level.WATCH, 0)]
    )
    return Judgement(
        catch=tonight,
        level=np.where(np.isnan(tonight), Level.UNKNOWN, level).astype(np.int64),
        band_level=band_level,
        jump=jump[..., shown],
        jump_base=base[..., shown],
        jump_nights=base_nights[..., shown],
        many=many,
        season=season,
        own_high=own,
        own_bar=own_bar,
        own_nights=own_nights,
        rules=rules,
        settings=settings,
    )


def episode_starts(fired: Bools, quiet_nights: int = _DEFAULT.resend_nights) -> Bools:
    """Nights that begin an episode: they fire, and more than `quiet_nights` (3, a proposal) after the last that did.

    Shape (..., nights). A lost night between is a night that passed, and not a reason to begin anew.
    """
    before = smooth.windows(fired.astype(np.float64), quiet_nights)[..., :-1]
    quiet: Bools = ~(before == 1.0).any(axis=-1)
    return fired & quiet


def _band(catch: Floats, rules: SpeciesRules) -> Ints:
    """Levels by c ≥ watch, warning, alarm; insects per trap per night. NaN is below all."""
    level = np.zeros(catch.shape, np.int64)
    for bar, name in ((rules.watch, Level.WATCH), (rules.warning, Level.WARNING), (rules.alarm, Level.ALARM)):
        if bar is not None:
            level = np.where(catch >= bar, np.maximum(level, name), level)
    return level


def _jump(catch: Floats, rules: SpeciesRules, settings: RelativeSettings) -> tuple[Bools, Floats, Ints]:
    """Fires by b = median of the valid nights t-8 … t-2, at least 4: c_t and c_t-1 ≥ max(F, 3b).

    The base leaves out both nights that are tested, or the jump would raise its own bar; with b = 0 only F decides.
    """
    width = settings.jump_base_from - settings.jump_base_to + 1
    seen = smooth.windows(catch, settings.jump_base_from)[..., :width]
    base, known = valid.median(seen, settings.jump_min_valid), valid.count(seen)
    if rules.floor is None:
        return np.zeros(catch.shape, np.bool_), base, known
    bar = np.maximum(rules.floor, settings.jump_factor * base)
    last_night = smooth.windows(catch, 1)[..., 0]
    return (catch >= bar) & (last_night >= bar), base, known


def _from(season: normal.SeasonSoFar, first: int) -> normal.SeasonSoFar:
    """The nights from `first` on."""
    return normal.SeasonSoFar(
        season.classes[..., first:], season.typical[..., first:], season.high[..., first:], season.years[..., first:]
    )


def _many(catch: Floats, season: normal.SeasonSoFar, rules: SpeciesRules) -> Bools:
    """Class "many" of the five-day period so far, and c ≥ F."""
    if rules.floor is None:
        return np.zeros(catch.shape, np.bool_)
    many: Bools = season.classes == normal.SeasonClass.MANY
    return many & (catch >= rules.floor)


def _own_high(catch: Floats, rules: SpeciesRules, settings: RelativeSettings, first: int) -> tuple[Bools, Floats, Ints]:
    """c_t above P95 of the trap's valid nights above zero in t-365 … t-1, at least 60 of them, and c_t ≥ F.

    Night by night: all windows at once would not fit memory for a large fleet.
    """
    places = range(first, catch.shape[-1])
    bars = np.full((*catch.shape[:-1], len(places)), np.nan)
    known = np.zeros(bars.shape, np.int64)
    above_zero = np.where(catch > 0, catch, np.nan)
    if rules.floor is None:
        return np.zeros(bars.shape, np.bool_), bars, known
    for row, night in enumerate(places):
        past = above_zero[..., max(0, night - settings.own_nights) : night]
        bars[..., row] = valid.quantile(past, settings.own_quantile, settings.own_min_nights)
        known[..., row] = valid.count(past)
    tonight = catch[..., first:]
    high: Bools = (tonight > bars) & (tonight >= rules.floor)
    return high, bars, known
