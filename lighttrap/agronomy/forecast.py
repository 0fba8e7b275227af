"""When the next flight peak comes: a forecast with a stated chance, or none and why.

Each trap is looked at on the night a peak is confirmed, on the night it begins to rise, and once a week. The hazard
of the next peak (see `hazard`) gives a chance to each coming night. From it come a point (the median night, should
the peak come within the horizon), the likely week (the seven nights that hold most) and the 80 % window: the shortest
that holds the wanted chance, the chance that no peak comes at all counted against it. Where such a window is too wide
to be of use, or no peak is likely, there is no forecast.

The hazard is reckoned in three ways: by the prior, moved a little by the traps' own past; by their own past, moved a
little by the prior; and by the clock alone, as often as peaks have come so many days after the last. They are mixed
by how likely each had called the outcomes so far (Bayesian model averaging), so a network that keeps a strict clock
and one that keeps none are both served.

A stated 80 % must be true of traps the model never saw. So the chance asked of the model moves with what became of
the forecasts before: down a little after a window that held its peak, up four times as much after one that missed
(adaptive conformal inference, Gibbs and Candès 2021).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Final

import numpy as np

from lighttrap.agronomy import hazard, peaks, windows
from lighttrap.agronomy.forecast_settings import ForecastSettings
from lighttrap.agronomy.hazard import Situation
from lighttrap.agronomy.peaks import State, Walk
from lighttrap.agronomy.valid import Bools, Floats, Ints

CLOCK: Final = 1
"""Place of the clock among the three ways of reckoning."""
NEVER: Final = 1_000_000
"""Steps to a peak that does not come."""


class Occasion(IntEnum):
    """Why a trap was looked at."""

    CONFIRMED = 0
    """A peak has just been confirmed."""
    RISING = 1
    """It has begun to rise."""
    WEEKLY = 2
    """A week has passed."""


class Answer(IntEnum):
    """What the look at a trap gave."""

    FORECAST = 0
    NO_DATA = 1
    """Too few valid nights."""
    NO_CLEAR_PEAK = 2
    """Hoppers come on and on: no dates are given."""
    PEAK_UNLIKELY = 3
    """That no peak comes within the horizon is too likely for an 80 % window."""
    TOO_WIDE = 4
    """The 80 % window is wider than of use."""


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Looks at traps, in the order of nights; arrays of shape (looks,). Nights are indices of the series.

    `point`, `likely_first` (the likely week), `first` and `last` (the 80 % window, both ends in it) are -1 where
    `answer` is not FORECAST. `peak_chance` is that of any peak within the horizon.
    """

    trap: Ints
    night: Ints
    occasion: Ints
    answer: Ints
    point: Ints
    likely_first: Ints
    first: Ints
    last: Ints
    peak_chance: Floats

    def where(self, chosen: Bools) -> Forecasts:
        """Some of the looks."""
        return Forecasts(*(getattr(self, name)[chosen] for name in self.__slots__))


@dataclass(slots=True)
class Known:
    """Peaks that stand: at least R nights old when seen. By trap, each peak with the night it was so known."""

    night: list[Ints]
    known_on: list[Ints]

    def next_peak(self, trap: Ints, earliest: Ints, on: int) -> Ints:
        """First standing peak at or after `earliest`, by what is known on night `on`; NEVER where none is."""
        found = np.full(len(trap), NEVER, np.int64)
        for one in np.unique(trap):
            stands = self.night[one][self.known_on[one] <= on]
            mine = np.flatnonzero(trap == one)
            place = np.searchsorted(stands, earliest[mine])
            there = place < len(stands)
            found[mine[there]] = stands[place[there]]
        return found


def standing(newest: Ints, radius: int) -> Known:
    """The peaks that stood at some night, from the newest peak known on each night, shape (traps, nights)."""
    nights, known = [], []
    for row in newest:
        age = np.arange(len(row)) - row
        old = np.flatnonzero((row >= 0) & (age >= radius))
        peak, first = np.unique(row[old], return_index=True)
        nights.append(peak)
        known.append(old[first])
    return Known(nights, known)


def run(catch: Floats, settings: ForecastSettings, seen: Walk | None = None) -> Forecasts:
    """Every forecast and refusal of a network, night by night; each rests on the nights up to its own alone.

    `catch` is the normalised catch of one species, shape (traps, nights), NaN where unknown,
    on a complete axis. All traps of one network should come together: they learn from each other's past.
    """
    if catch.shape[-1] == 0 or catch.shape[0] == 0:
        return joined([])
    seen = seen or peaks.walk(catch, settings.peak)
    at = hazard.situation(catch, seen, settings.peak, settings.scales)
    walker = _Walker(settings, at, seen, standing(seen.newest, settings.peak.radius))
    return joined([looks for night in range(catch.shape[-1]) if (looks := walker.step(night)) is not None])


def newest(looks: Forecasts, night: int) -> Forecasts:
    """The last look at each trap up to a night, by trap: what stands tonight, be it a forecast or none and why."""
    past = looks.where(looks.night <= night)
    _, from_end = np.unique(past.trap[::-1], return_index=True)
    last = np.zeros(len(past.trap), np.bool_)
    last[len(past.trap) - 1 - from_end] = True
    stands = past.where(last)
    order = np.argsort(stands.trap)
    return Forecasts(**{name: getattr(stands, name)[order] for name in Forecasts.__slots__})


@dataclass(slots=True)
class _Walker:
    """Goes through the nights, learning from what is past."""

    settings: ForecastSettings
    at: Situation
    seen: Walk
    known: Known
    coefficients: Floats = field(init=False)
    trust: Floats = field(init=False)
    free: Floats = field(init=False)
    asked: float = field(init=False)
    looked: Ints = field(init=False)
    open: Forecasts = field(init=False)
    pending: list[tuple[Ints, int, Floats]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.coefficients = np.array(self.settings.prior)
        self.trust = np.log([1 - 2 * self.settings.other_weight, *[self.settings.other_weight] * 2])
        self.asked = self.settings.start_chance
        self.looked = np.full(self.at.level.shape[0], -NEVER, np.int64)
        self.open = joined([])

    def step(self, night: int) -> Forecasts | None:
        """Looks at the traps whose turn it is on a night."""
        first, refit = self.settings.steps(self.settings.first_days), self.settings.steps(self.settings.refit_days)
        if night < first:
            return None
        if (night - first) % refit == 0:
            past = lessons(self.settings, self.at, self.seen, self.known, night)
            self.coefficients = learnt(self.settings, past)
            freely = replace(self.settings, pull=self.settings.free_pull, cycle_pull=self.settings.free_pull)
            self.free = learnt(freely, past)
        self._adapt(night)
        self._weigh(night)
        trap, occasion = self._turns(night)
        if not len(trap):
            return None
        self.looked[trap] = night
        each = self._chances(trap, night)
        self.pending.append((trap, night, each))
        share = np.exp(self.trust - self.trust.max())
        share /= share.sum()
        chances = np.tensordot(share, each, axes=1)
        # The clock states its chances truly from the start; the other two are too sure of themselves.
        asked = self.asked - share[CLOCK] * (self.settings.start_chance - self.settings.chance)
        looks = _looks(self.settings, self.seen, chances, float(np.clip(asked, 0.5, 0.97)), trap, night, occasion)
        self.open = joined([self.open, looks.where(looks.answer == Answer.FORECAST)])
        return looks

    def _chances(self, trap: Ints, night: int) -> Floats:
        """Chance of each coming night by the three ways of reckoning, shape (3, traps, steps)."""
        when, ahead = np.full(len(trap), night), self.settings.ahead()
        by_clock = clock_coefficients(self.settings)
        return hazard.distributions(self.at, trap, when, ahead, (self.coefficients, by_clock, self.free))

    def _weigh(self, night: int) -> None:
        """Moves the trust in the three ways by how likely each had called the outcomes that are known tonight."""
        ahead = self.settings.ahead()
        over = night - self.settings.steps(self.settings.horizon_days) - self.settings.peak.radius
        while self.pending and self.pending[0][1] < over:
            trap, when, each = self.pending.pop(0)
            nights = np.full(len(trap), when)
            earliest = self.settings.earliest_next(self.at.last_peak[trap, when], nights)
            step = self.known.next_peak(trap, earliest, night) - when - ahead[0]
            inside = (step >= 0) & (step < len(ahead))
            told = each[:, np.arange(len(trap)), np.where(inside, step, 0)]
            told = np.where(inside, told, 1 - each.sum(axis=-1))
            score = self.settings.score_weight * np.log(np.maximum(told, 1e-4)).sum(axis=-1)
            self.trust = np.maximum(self.trust + score - (self.trust + score).max(), -6.0)

    def _turns(self, night: int) -> tuple[Ints, Ints]:
        """The traps to look at, and why."""
        last, state = self.at.last_peak, self.seen.state
        before = last[:, night - 1]
        confirmed = (last[:, night] >= 0) & ((before < 0) | (last[:, night] > before + self.settings.peak.confirm + 2))
        quiet = (state[:, max(0, night - 4) : night] != State.RISING).all(axis=-1)
        rising = (state[:, night] == State.RISING) & quiet
        weekly = night - self.looked >= self.settings.steps(self.settings.revise_days)
        occasion = np.select([confirmed, rising], [Occasion.CONFIRMED, Occasion.RISING], Occasion.WEEKLY)
        trap = np.flatnonzero(confirmed | rising | weekly)
        return trap, occasion[trap].astype(np.int64)

    def _adapt(self, night: int) -> None:
        """Moves the chance asked of the model by the outcomes that have become known tonight."""
        issued = self.open
        if not len(issued.trap):
            return
        earliest = self.settings.earliest_next(self.at.last_peak[issued.trap, issued.night], issued.night)
        came = self.known.next_peak(issued.trap, earliest, night)
        over = (came < NEVER) | (issued.last + self.settings.peak.radius < night)
        missed = over & ((came < issued.first) | (came > issued.last))
        wanted = 1 - self.settings.chance
        move = np.count_nonzero(missed) - wanted * np.count_nonzero(over)
        self.asked = float(np.clip(self.asked + self.settings.adapt * move, 0.5, 0.97))
        self.open = issued.where(~over)


def clock_coefficients(settings: ForecastSettings) -> Floats:
    """The clock alone: the hazard is as often as peaks have come so many days after the last."""
    b = np.zeros(len(hazard.TERMS))
    b[hazard.ALWAYS], b[hazard.CLOCK] = -np.log(settings.scales.gap_days), 1.0
    b[hazard.PASSED] = settings.prior[hazard.PASSED]
    return b


def lessons(
    settings: ForecastSettings, at: Situation, seen: Walk, known: Known, night: int
) -> tuple[Floats, Floats, int] | None:
    """What can be learnt from the outcomes known on a night: terms, whether it happened, of how many each is one."""
    trap, when, stride = landmarks(settings, seen, night - settings.peak.radius)
    if not len(trap):
        return None
    earliest = settings.earliest_next(at.last_peak[trap, when], when)
    came = known.next_peak(trap, earliest, night) - when
    return *observed(settings, at, trap, when, came, night - settings.peak.radius), stride


def learnt(settings: ForecastSettings, past: tuple[Floats, Floats, int] | None) -> Floats:
    """The coefficients as learnt from `lessons`: the prior, moved by the traps' own past."""
    prior = np.array(settings.prior)
    if past is None:
        return prior
    terms, happened, stride = past
    pull = np.full(len(prior), settings.pull)
    pull[hazard.ALWAYS] = 1.0
    pull[hazard.CLOCK], pull[hazard.CALENDAR] = settings.cycle_pull, settings.cycle_pull
    weight = settings.night_weight * stride * settings.scales.step_days**0.5
    return hazard.fit(terms, happened, settings.scales.step_days, min(weight, 1.0 * stride), prior, pull)


def observed(
    settings: ForecastSettings, at: Situation, trap: Ints, when: Ints, came: Ints, until: int
) -> tuple[Floats, Floats]:
    """Terms and outcome of every night that was at risk after each landmark, up to the peak or night `until`."""
    ahead = settings.ahead()
    step = np.broadcast_to(ahead, (len(trap), len(ahead)))
    risk = (when[:, None] + step <= until) & (step <= came[:, None])
    row, column = np.nonzero(risk & hazard.may_fall(at, trap[:, None], when[:, None], step))
    terms = hazard.design(at, trap[row], when[row], ahead[column])
    return terms, (ahead[column] == came[row]).astype(np.float64)


def landmarks(settings: ForecastSettings, seen: Walk, until: int) -> tuple[Ints, Ints, int]:
    """Trap-nights to learn from, evenly taken, and of how many each is one."""
    state = seen.state[:, : max(until, 0)]
    traps, nights = state.shape
    least = 1 if settings.scales.step_days > 1 else 2
    stride = max(least, -(-traps * nights // settings.landmarks))
    turn = (np.arange(nights)[None, :] + 5 * np.arange(traps)[:, None]) % stride == 0
    late = np.arange(nights) >= settings.peak.state_window
    trap, when = np.nonzero(turn & late & (state != State.NO_DATA))
    return trap, when, stride


def _looks(
    settings: ForecastSettings,
    seen: Walk,
    chances: Floats,
    asked: float,
    trap: Ints,
    night: int,
    occasion: Ints,
) -> Forecasts:
    """What is said of traps on one night."""
    when, ahead = np.full(len(trap), night), settings.ahead()
    first, last = windows.shortest_window(chances, asked)
    state = seen.state[trap, night]
    width = (last - first + 1) * settings.scales.step_days
    answer = np.select(
        [state == State.NO_DATA, state == State.NO_CLEAR_PEAK, first < 0, width > settings.max_window_days],
        [Answer.NO_DATA, Answer.NO_CLEAR_PEAK, Answer.PEAK_UNLIKELY, Answer.TOO_WIDE],
        Answer.FORECAST,
    ).astype(np.int64)
    said = answer == Answer.FORECAST

    def nights(steps: Ints) -> Ints:
        return np.where(said, night + ahead[steps], -1)

    return Forecasts(
        trap=trap,
        night=when,
        occasion=occasion,
        answer=answer,
        point=nights(windows.middle(chances)),
        likely_first=nights(windows.likely(chances, settings.steps(settings.likely_days))),
        first=nights(first),
        last=nights(last),
        peak_chance=chances.sum(axis=-1),
    )


def joined(parts: list[Forecasts]) -> Forecasts:
    """Looks of several in one, in the order given."""
    nothing = np.zeros(0, np.int64)
    columns = {
        name: np.concatenate([nothing, *(getattr(part, name) for part in parts)]) for name in Forecasts.__slots__
    }
    return Forecasts(**columns)
