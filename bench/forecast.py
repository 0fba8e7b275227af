"""Cross-validates the forecast on the shared series, and fits the priors that are shipped.

`python -m bench.forecast` prints the tables of docs/forecast.md, `python -m bench.forecast --prior` the coefficients
of lighttrap/agronomy/forecast_settings.py. It needs the series named in tests/soctrang.py.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lighttrap.agronomy import backtest, forecast, forecast_settings, hazard, peaks
from lighttrap.agronomy.backtest import Backtest, Score, Scored
from lighttrap.agronomy.forecast import NEVER, Known
from lighttrap.agronomy.forecast_settings import ForecastSettings
from lighttrap.agronomy.valid import Bools, Floats
from tests import soctrang

RIDGE = 5.0
INSECTS = {
    "Nilaparvata lugens": "nilaparvata-lugens",
    "Sogatella furcifera": "sogatella-furcifera",
    "Nephotettix spp.": "nephotettix-spp",
    "Recilia dorsalis": "recilia-dorsalis",
    "Scirpophaga incertulas": "scirpophaga-incertulas",
    "Cnaphalocrocis medinalis": "cnaphalocrocis-medinalis",
    "Orseolia oryzae": "orseolia-oryzae",
    "Parapoynx stagnalis": "parapoynx-stagnalis",
    "Cyrtorhinus lividipennis": "cyrtorhinus-lividipennis",
}


@dataclass(frozen=True, slots=True)
class Network:
    """One network to learn from or to be tested on: catches (traps, steps) and its settings."""

    name: str
    catch: Floats
    settings: ForecastSettings

    def chosen(self, traps: Sequence[int]) -> Network:
        """Some of its traps."""
        return replace(self, catch=self.catch[list(traps)])


def fitted(networks: Iterable[Network], within: slice = slice(None)) -> tuple[float, ...]:
    """Coefficients fitted to whole series, knowing all that came; `within` keeps some steps of them only."""
    terms, happened, step = [], [], 1
    for one in networks:
        settings, end = one.settings, one.catch.shape[1]
        seen = peaks.walk(one.catch, settings.peak)
        at = hazard.situation(one.catch, seen, settings.peak, settings.scales)
        found = peaks.find(one.catch, settings.peak)
        true = [found.night[found.final & (found.trap == trap)] for trap in range(len(one.catch))]
        trap, when, _ = forecast.landmarks(replace(settings, landmarks=10**9), seen, end - 1 - settings.peak.radius)
        chosen = np.isin(when, np.arange(end)[within]) & (when >= settings.peak.state_window + settings.peak.radius)
        trap, when = trap[chosen], when[chosen]
        came = Known(true, true).next_peak(trap, settings.earliest_next(at.last_peak[trap, when], when), NEVER) - when
        until = min(end - 1 - settings.peak.radius, int(np.arange(end)[within][-1]))
        x, y = forecast.observed(settings, at, trap, when, came, until)
        terms.append(x)
        happened.append(y)
        step = settings.scales.step_days
    weight = 0.4 if step == 1 else 0.5
    prior, pull = np.zeros(len(hazard.TERMS)), np.full(len(hazard.TERMS), RIDGE)
    prior[hazard.ALWAYS], pull[hazard.ALWAYS] = -3.6, 1e-3
    found_b = hazard.fit(np.concatenate(terms), np.concatenate(happened), step, weight, prior, pull)
    return tuple(round(float(one), 2) for one in found_b)


def with_prior(network: Network, prior: tuple[float, ...]) -> Network:
    """The network under another prior; the daily calendar term cannot be fitted to one year and stays."""
    if network.settings.scales.step_days == 1:
        prior = (*prior[:-1], network.settings.prior[-1])
    return replace(network, settings=replace(network.settings, prior=prior))


def tested(network: Network) -> Backtest:
    """What a backtest finds."""
    return backtest.run(network.catch, network.settings)


def pooled(parts: Sequence[tuple[Backtest, Bools]], settings: ForecastSettings) -> tuple[Score, dict[str, Score]]:
    """One score over forecasts of several backtests; traps of different ones stay apart."""
    kept = [backtest.part(one.scored, chosen) for one, chosen in parts]
    made = [replace(one.made, trap=one.made.trap + 1000 * number) for number, one in enumerate(kept)]
    joined = forecast.joined(made)
    rest = (np.concatenate([getattr(one, name) for one in kept]) for name in Scored.__slots__[1:])
    return backtest.scores(Scored(joined, *rest), settings, sum(one.trap_years for one, _ in parts))


def everything(result: Backtest) -> Bools:
    """All of its forecasts."""
    return np.ones(len(result.scored.came), np.bool_)


def row(name: str, scores: tuple[Score, dict[str, Score]]) -> None:
    """Prints a line: ours / last interval / calendar mean."""
    ours, others = scores
    last, calendar = others["last_interval"], others["calendar_mean"]
    cells = [name, str(ours.forecasts), str(ours.without_peak)]
    for figure, form in (("mae_days", "{:.1f}"), ("hit_rate", "{:.2f}"), ("hit_rate_80", "{:.2f}")):
        cells.append(" / ".join(form.format(getattr(one, figure)) for one in (ours, last, calendar)))
    cells += [f"{ours.coverage_80:.2f}", f"{ours.window_80_days:.0f}"]
    cells.append(" / ".join(f"{one.false_alarms_per_trap_year:.1f}" for one in (ours, last, calendar)))
    print("| " + " | ".join(cells) + " |")


def heading(title: str) -> None:
    """Prints the head of a table."""
    print(f"\n{title}\n")
    print("| | n | no peak | error days | hit week | hit same width | 80 % holds | 80 % days | false a trap-year |")
    print("|---|---|---|---|---|---|---|---|---|")


def soc_trang() -> tuple[list[str], Network]:
    """The ten traps and their names."""
    names, catch = soctrang.catches()
    return names, Network("Sóc Trăng", catch, forecast_settings.DAILY)


def maruteru() -> list[Network]:
    """Each insect as a network of one trap."""
    networks = []
    for name, key in INSECTS.items():
        nights, catch = soctrang.weekly(name)
        place = np.round((nights - nights[0]).astype(int) / 7).astype(int)
        whole = np.full(place[-1] + 1, np.nan)
        whole[place] = catch
        networks.append(Network(name, whole[None], forecast_settings.for_species(key, weekly=True)))
    return networks


def by_trap() -> None:
    """Each trap by a prior of the other nine, in the network of ten."""
    names, network = soc_trang()
    parts = []
    heading("Sóc Trăng 2010, each trap by a prior fitted to the other nine")
    for trap, name in enumerate(names):
        others = [one for one in range(len(names)) if one != trap]
        result = tested(with_prior(network, fitted([network.chosen(others)])))
        chosen = result.scored.made.trap == trap
        parts.append((replace(result, trap_years=result.trap_years / len(names)), chosen))
        row(name, pooled(parts[-1:], network.settings))
    row("all", pooled(parts, network.settings))


def by_halves() -> None:
    """Five traps by a prior of the other five, alone in their file: what an unseen network meets."""
    names, network = soc_trang()
    rng = np.random.default_rng(2010)
    parts = []
    heading("Sóc Trăng 2010, five traps alone by a prior fitted to the other five, ten halvings at random")
    for _ in range(10):
        order = rng.permutation(len(names))
        for learn, test in ((order[:5], order[5:]), (order[5:], order[:5])):
            unseen = with_prior(network.chosen(test.tolist()), fitted([network.chosen(learn.tolist())]))
            result = tested(unseen)
            parts.append((result, everything(result)))
    row("all", pooled(parts, network.settings))


def by_season() -> None:
    """Each half of the year by a prior of the other half."""
    _, network = soc_trang()
    heading("Sóc Trăng 2010, each half year by a prior fitted to the other")
    halves = {"January to June": (slice(182, 365), slice(0, 182)), "July to December": (slice(0, 182), slice(182, 365))}
    parts = []
    for name, (learn, test) in halves.items():
        result = tested(with_prior(network, fitted([network], learn)))
        made = result.scored.made.night
        parts.append((replace(result, trap_years=result.trap_years / 2), (made >= test.start) & (made < test.stop)))
        row(name, pooled(parts[-1:], network.settings))
    row("all", pooled(parts, network.settings))


def by_insect() -> None:
    """Each insect of Maruteru by a prior of the other eight."""
    networks, parts = maruteru(), []
    heading("Maruteru 1994-2005, each insect alone by a prior fitted to the others")
    for one in networks:
        result = tested(with_prior(one, fitted([other for other in networks if other is not one])))
        parts.append((result, everything(result)))
        if result.ours.forecasts:
            row(one.name, pooled(parts[-1:], one.settings))
    row("all", pooled(parts, forecast_settings.WEEKLY))


def by_years() -> None:
    """The years to 1999 of all insects by a prior of the later ones, and the other way round."""
    networks, parts = maruteru(), []
    heading("Maruteru, each half of the years by a prior fitted to the other half")
    for name, learn, test in (
        ("1994-1999", slice(313, None), slice(0, 313)),
        ("2000-2005", slice(0, 313), slice(313, 10_000)),
    ):
        prior = fitted([one for one in networks if one.catch.shape[1] > 500], learn)
        mine = []
        for one in networks:
            result = tested(with_prior(one, prior))
            made = result.scored.made.night
            mine.append((replace(result, trap_years=result.trap_years / 2), (made >= test.start) & (made < test.stop)))
        row(name, pooled(mine, forecast_settings.WEEKLY))
        parts += mine
    row("all", pooled(parts, forecast_settings.WEEKLY))


def priors() -> None:
    """Prints the coefficients fitted to all of each."""
    print("daily ", fitted([soc_trang()[1]]))
    print("weekly", fitted(maruteru()))


if __name__ == "__main__":
    if "--prior" in sys.argv[1:]:
        priors()
    else:
        for table in (by_trap, by_halves, by_season, by_insect, by_years):
            table()
