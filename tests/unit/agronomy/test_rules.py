from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lighttrap import species
from lighttrap.agronomy import defaults, normal, rules
from lighttrap.agronomy.basis import Basis, explain
from lighttrap.agronomy.level import Level
from lighttrap.agronomy.rules import Rule
from lighttrap.agronomy.valid import Floats
from tests import soctrang

BPH = defaults.rules_of("nilaparvata-lugens")
BORER = defaults.rules_of("scirpophaga-incertulas")
CATCH = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 3), st.integers(1, 40)), elements=st.one_of(st.just(np.nan), st.floats(0, 1e5))
)


def levels(*catch: float, of: defaults.SpeciesRules = BPH) -> list[int]:
    return [int(level) for level in rules.judge(np.array(catch), of).level]


def a_season(*classes: normal.SeasonClass) -> normal.SeasonSoFar:
    size = len(classes)
    return normal.SeasonSoFar(np.array(classes), np.full(size, 60.0), np.full(size, 40.0), np.full(size, 10))


def test_bands_are_reached_at_their_very_number():
    found = levels(299, 300, 999, 1_000, 4_999, 5_000)
    assert found == [Level.NONE, Level.WATCH, Level.WATCH, Level.WARNING, Level.WARNING, Level.ALARM]


def test_a_lost_night_has_no_level():
    assert levels(5_000, np.nan, 0) == [Level.ALARM, Level.UNKNOWN, Level.NONE]


def test_jump_needs_two_nights_at_three_times_the_base():
    quiet = [40.0, 40, np.nan, 40, 40, np.nan, 40]  # five valid nights, median 40: the bar is 120
    assert levels(*quiet, 120, 120)[-2:] == [Level.NONE, Level.WATCH]
    assert levels(*quiet, 119, 250)[-1] == Level.NONE
    assert levels(*quiet, 250, 119)[-1] == Level.NONE
    assert levels(*quiet, np.nan, 250)[-1] == Level.NONE


def test_jump_bar_is_not_raised_by_the_jump_itself():
    judged = rules.judge(np.array([40.0] * 7 + [200, 200]), BPH)
    (fired,) = judged.explain(8)
    assert fired == rules.Fired(Rule.JUMP, Level.WATCH, 200, 120, 40, 7)


def test_jump_needs_four_nights_of_base_and_the_floor():
    assert levels(40, 40, 40, 200, 200)[-1] == Level.NONE
    assert levels(0, 0, 0, 0, 99, 99)[-1] == Level.NONE
    assert levels(0, 0, 0, 0, 100, 100)[-1] == Level.WATCH  # with a base of 0 only the floor decides


def test_species_without_bands_alert_by_relative_rules_only():
    assert levels(5_000, of=BORER) == [Level.NONE]
    assert levels(2, 2, 2, 2, 10, 10, of=BORER)[-1] == Level.WATCH


def test_high_for_this_trap():
    past = np.arange(1.0, 101)  # P95 of 100 nights: 95.05
    found = rules.judge(np.append(past, 290), BPH)
    assert found.level[-1] == Level.WARNING
    fired = found.explain(100)[0]
    assert (fired.rule, fired.level, fired.catch, fired.bar, fired.behind) == (
        Rule.OWN_HIGH,
        Level.WARNING,
        290,
        100,
        100,
    )
    assert fired.base == pytest.approx(95.05)
    assert rules.judge(np.append(past, 99), BPH).own_high[-1] == np.False_  # above P95, below the floor
    assert rules.judge(np.append(past[:59] + 100, 290), BPH).own_high[-1] == np.False_  # 59 nights are too few
    zeros = np.zeros(300)
    assert rules.judge(np.r_[zeros, past[:60] + 100, 290], BPH).own_high[-1] == np.True_


def test_own_high_looks_back_a_year_and_no_further():
    old = np.full(100, 10_000.0)
    year = np.r_[np.full(300, np.nan), np.full(65, 50.0)]
    assert rules.judge(np.r_[old, year, 120.0], BPH).own_high[-1] == np.True_
    assert rules.judge(np.r_[old, year[1:], 120.0], BPH).own_high[-1] == np.True_  # one old night is no P95
    assert rules.judge(np.r_[old, year[60:], 120.0], BPH).own_high[-1] == np.False_


def test_many_for_the_season_is_a_watch_above_the_floor():
    season = a_season(normal.SeasonClass.MANY, normal.SeasonClass.MANY, normal.SeasonClass.SOMEWHAT_MANY)
    found = rules.judge(np.array([100.0, 99, 200]), BPH, season)
    assert found.level.tolist() == [Level.WATCH, Level.NONE, Level.NONE]
    assert found.explain(0) == [rules.Fired(Rule.SEASON, Level.WATCH, 100, 100, 40, 10, 60)]
    last = rules.judge(np.array([99.0, 100]), BPH, a_season(normal.SeasonClass.FEW, normal.SeasonClass.MANY), last=1)
    assert last.level.tolist() == [Level.WATCH]
    assert last.explain(0)[0].rule is Rule.SEASON


def test_the_highest_level_stands_and_all_rules_are_told():
    found = rules.judge(np.array([10.0] * 7 + [6_000, 6_000]), BPH)
    assert found.level[-1] == Level.ALARM
    assert [one.rule for one in found.explain(8)] == [Rule.BAND, Rule.JUMP]
    assert found.explain(0) == []


@pytest.mark.parametrize("key", ["cyrtorhinus-lividipennis", "paederus-fuscipes", "unidentified", "not-in-catalogue"])
def test_beneficials_and_the_unidentified_never_alert(key: str):
    season = a_season(*[normal.SeasonClass.MANY] * 70)
    found = rules.judge(np.full(70, 90_000.0), defaults.rules_of(key), season)
    assert set(found.level.tolist()) == {Level.NONE}


def test_every_pest_has_rules_and_nothing_else_has():
    pests = {one.key for one in species.CATALOGUE if one.role is species.Role.PEST}
    assert set(defaults.SPECIES_RULES) == pests


@given(CATCH)
def test_judging_only_the_last_nights_says_the_same(catch: Floats):
    whole, part = rules.judge(catch, BPH), rules.judge(catch, BPH, last=3)
    np.testing.assert_array_equal(part.level, whole.level[..., -3:])
    np.testing.assert_array_equal(part.jump_base, whole.jump_base[..., -3:])


@given(CATCH)
def test_no_night_is_judged_by_its_future(catch: Floats):
    half = catch.shape[-1] // 2
    np.testing.assert_array_equal(rules.judge(catch[..., :half], BPH).level, rules.judge(catch, BPH).level[..., :half])


@given(CATCH, st.randoms(use_true_random=False))
def test_traps_are_judged_each_by_itself(catch: Floats, chance):
    order = list(range(catch.shape[0]))
    chance.shuffle(order)
    np.testing.assert_array_equal(rules.judge(catch[order], BPH).level, rules.judge(catch, BPH).level[order])


@given(CATCH, st.floats(0, 1e5))
def test_more_insects_tonight_never_lower_the_level(catch: Floats, more: float):
    higher = catch.copy()
    higher[..., -1] += more
    assert (rules.judge(higher, BPH).level[..., -1] >= rules.judge(catch, BPH).level[..., -1]).all()


def test_episodes_begin_anew_after_more_than_three_quiet_nights():
    fired = np.array([1, 0, 0, 1, 0, 0, 0, 1, 1, 0]) == 1
    assert np.flatnonzero(rules.episode_starts(fired)).tolist() == [0, 7]


@pytest.mark.parametrize(("bar", "nights", "episodes"), [(300, 337, 97), (1_000, 124, 63), (5_000, 29, 16)])
def test_load_of_the_bands_on_soc_trang_is_as_stated(bar: int, nights: int, episodes: int):
    _, catch = soctrang.catches()
    fired = catch >= bar
    assert (int(fired.sum()), int(rules.episode_starts(fired).sum())) == (nights, episodes)


def test_load_of_the_jump_rule_on_soc_trang_is_as_stated():
    _, catch = soctrang.catches()
    jump = rules.judge(catch, BPH).jump
    assert jump[:, 8:].size == 3_570
    assert (int(jump[:, 8:].sum()), int(rules.episode_starts(jump[:, 8:]).sum())) == (159, 77)


def test_judged_levels_agree_with_the_bands_on_soc_trang():
    _, catch = soctrang.catches()
    judged = rules.judge(catch, BPH)
    np.testing.assert_array_equal(judged.level == Level.ALARM, catch >= 5_000)
    assert (judged.level[catch >= 1_000] >= Level.WARNING).all()


@pytest.mark.parametrize(
    "settings",
    [
        defaults.EffortSettings(), defaults.MedianSettings(), defaults.AggregateSettings(), defaults.TrendSettings(),
        defaults.NormalSettings(), defaults.MoonSettings(), defaults.SowingSettings(), defaults.RelativeSettings(), BPH,
    ],
    ids=lambda settings: type(settings).__name__,
)  # fmt: skip
def test_every_number_says_on_what_it_rests(settings: object):
    told = explain(settings)
    assert told
    assert all(number.source and isinstance(number.basis, Basis) for number in told)
    assert [number.value for number in told] == [getattr(settings, number.name) for number in told]


def test_every_alert_number_is_a_proposal():
    assert {one.basis for one in (*explain(BPH), *explain(defaults.RelativeSettings()))} == {Basis.PROPOSAL}
    with pytest.raises(TypeError):
        explain(defaults.SpeciesRules)
