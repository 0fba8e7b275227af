"""Episodes and what is said of them: the same, however the nights arrive."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lighttrap.agronomy.episodes import Change, Episode, JudgedNight, Known, Said, Sustain, Word, changes, episodes
from lighttrap.agronomy.level import Level

FIRST = date(2026, 11, 1)
LEVELS = st.lists(st.sampled_from([Level.NONE, Level.NONE, *Level]).filter(lambda one: one >= 0), max_size=40)
SUSTAINS = st.builds(Sustain, st.integers(1, 2), st.integers(2, 4), st.integers(1, 4))


def nights(levels: list[Level]) -> list[JudgedNight]:
    """Nights one after the other; a night without level is calm."""
    return [JudgedNight(FIRST + timedelta(index), level, level == Level.NONE) for index, level in enumerate(levels)]


class Store:
    """What a database would hold of one rule and place."""

    def __init__(self) -> None:
        self.alerts: dict[int, Known] = {}
        self.told: list[tuple[int, Said]] = []

    def settle(self, found: list[Episode]) -> None:
        """Makes the alerts agree with the episodes, and remembers what was said."""
        for change in changes(list(self.alerts.values()), found):
            self._apply(change)

    def _apply(self, change: Change) -> None:
        alert_id = change.alert_id or len(self.alerts) + 1
        old = self.alerts.get(alert_id)
        said = (old.said if old else frozenset()) | {
            (one.level, one.night) for one in change.say if one.word is Word.RAISED
        }
        self.told += [(alert_id, one) for one in change.say]
        over = old.said_over if old else False
        for one in change.say:
            if one.word in (Word.CLEARED, Word.REOPENED) or one.level == Level.NONE:
                over = one.word is not Word.REOPENED
        if change.episode is None:
            assert old is not None
            self.alerts[alert_id] = Known(alert_id, old.opened, old.opened, Level.NONE, said, over, withdrawn=True)
        else:
            now = change.episode
            self.alerts[alert_id] = Known(alert_id, now.opened, now.cleared, now.level, said, over)


@given(LEVELS, SUSTAINS)
def test_episodes_follow_each_other_and_end_calm(levels, sustain):
    series = nights(levels)
    found = episodes(series, sustain)
    by_night = {night.night: night for night in series}
    for episode in found:
        assert all(by_night[night].level >= level for level, night in episode.reached.items())
        assert episode.cleared is None or by_night[episode.cleared].calm
    assert all(one.cleared is not None and one.cleared < other.opened for one, other in pairwise(found))


@given(LEVELS, st.randoms(use_true_random=False))
def test_any_order_of_nights_ends_with_the_same_alerts_and_says_no_level_twice(levels, rng):
    series = nights(levels)
    order = list(range(len(series)))
    rng.shuffle(order)
    store = Store()
    for count in range(1, len(order) + 1):
        store.settle(episodes([series[index] for index in sorted(order[:count])]))
    kept = sorted((one.opened, one.cleared, one.level) for one in store.alerts.values() if not one.withdrawn)
    assert kept == [(one.opened, one.cleared, one.level) for one in episodes(series)]
    raised = [(alert_id, said.level) for alert_id, said in store.told if said.word is Word.RAISED]
    assert len(raised) == len(set(raised))
    nights_told = [(said.level, said.night) for _, said in store.told if said.word is Word.RAISED]
    assert len(nights_told) == len(set(nights_told))


@given(LEVELS)
def test_settling_again_says_nothing(levels):
    store = Store()
    store.settle(episodes(nights(levels)))
    told = list(store.told)
    store.settle(episodes(nights(levels)))
    assert store.told == told


def test_an_outbreak_is_told_once_at_each_level_and_once_when_it_is_over():
    levels = [Level.NONE, Level.WATCH, Level.WARNING, Level.ALARM, Level.WARNING, Level.NONE, Level.NONE, Level.NONE]
    store = Store()
    for count in range(1, len(levels) + 1):
        store.settle(episodes(nights(levels[:count])))
    assert [(said.word, said.level) for _, said in store.told] == [
        (Word.RAISED, Level.WATCH),
        (Word.RAISED, Level.WARNING),
        (Word.RAISED, Level.ALARM),
        (Word.CLEARED, Level.ALARM),
    ]


def test_two_of_three_nights_are_needed_when_the_rule_says_so():
    levels = [Level.WATCH, Level.NONE, Level.NONE, Level.NONE, Level.WATCH, Level.NONE, Level.ALARM]
    [episode] = episodes(nights(levels), Sustain(k=2, n=3))
    assert episode.reached == {Level.WATCH: FIRST + timedelta(6)}


def test_the_night_that_is_going_on_neither_clears_nor_starts_the_count_anew():
    watch, calm = Level.WATCH, Level.NONE
    series = nights([watch, calm, calm])
    going_on = JudgedNight(FIRST + timedelta(3), calm, None)
    assert episodes([*series, going_on])[0].cleared is None
    over = going_on._replace(calm=True)
    assert episodes([*series, over])[0].cleared == over.night


def test_late_data_that_take_a_level_away_say_so():
    store = Store()
    store.settle(episodes(nights([Level.WATCH, Level.ALARM])))
    store.settle(episodes(nights([Level.WATCH, Level.WATCH])))
    store.settle(episodes(nights([Level.NONE, Level.NONE])))
    assert [(said.word, said.level) for _, said in store.told][3:] == [
        (Word.CORRECTED, Level.WATCH),
        (Word.CORRECTED, Level.NONE),
    ]
    assert all(one.withdrawn for one in store.alerts.values())


def test_an_alert_that_falls_into_two_goes_on_as_the_one_with_its_highest_level():
    whole = [Level.WATCH, Level.WATCH, Level.WATCH, Level.WATCH, Level.WATCH, Level.WATCH, Level.ALARM]
    store = Store()
    gapped = [one for at, one in enumerate(nights(whole)) if at not in (2, 3, 4)]
    store.settle(episodes(gapped))
    told = list(store.told)
    calm = [*whole[:2], Level.NONE, Level.NONE, Level.NONE, *whole[5:]]
    store.settle(episodes(nights(calm)))
    assert store.alerts[1].level is Level.ALARM
    assert [said.word for _, said in store.told[len(told) :]] == [Word.CLEARED]


def test_nights_before_the_fold_count_for_k_of_n_and_open_nothing():
    series = nights([Level.WATCH, Level.WATCH])
    assert episodes(series, Sustain(k=2, n=2), since=FIRST + timedelta(1))[0].opened == FIRST + timedelta(1)
    assert episodes(series[:1], since=FIRST + timedelta(1)) == []


def test_an_episode_of_which_nothing_more_is_known_lapses_without_an_all_clear():
    first, *_ = nights([Level.ALARM])
    later = first._replace(night=first.night + timedelta(35))
    store = Store()
    store.settle(episodes([first]))
    store.settle(episodes([first, later]))
    raised = [(alert_id, said.word, said.level) for alert_id, said in store.told]
    assert [word for _, word, _ in raised] == [Word.RAISED] * 6
    assert {alert_id for alert_id, _, _ in raised} == {1, 2}
