from __future__ import annotations

from datetime import date, timedelta

import pytest

from lighttrap import species
from lighttrap.agronomy import sowing, timeline
from lighttrap.agronomy.defaults import SowingSettings
from lighttrap.agronomy.sowing import Note
from lighttrap.agronomy.timeline import Stage

PEAK = date(2026, 11, 10)


def day(number: int) -> date:
    return PEAK + timedelta(days=number)


@pytest.mark.parametrize(
    ("stage", "first", "last", "earliest", "latest"),
    [
        (Stage.EGG_LAYING, 3, 5, 3, 5),
        (Stage.HATCH, 9, 13, 9, 13),
        (Stage.CONTROL, 12, 18, 11, 22),
        (Stage.NEXT_ADULTS, 22, 26, 21, 27),
    ],
)
def test_planthopper_windows_are_the_handbooks(stage: Stage, first: int, last: int, earliest: int, latest: int):
    found = timeline.window_of(stage, timeline.after(PEAK, timeline.TIMELINES["nilaparvata-lugens"]))
    assert found is not None
    assert (found.first, found.last, found.earliest, found.latest) == tuple(map(day, (first, last, earliest, latest)))


def test_next_adults_have_a_point_and_nothing_else_has():
    points = {one.stage: one.point for one in timeline.after(PEAK, timeline.PLANTHOPPERS)}
    assert points.pop(Stage.NEXT_ADULTS) == day(24)
    assert set(points.values()) == {None}


def test_yellow_stem_borer_has_only_a_control_window():
    found = timeline.after(PEAK, timeline.TIMELINES["scirpophaga-incertulas"])
    assert [(one.stage, one.first, one.last) for one in found] == [(Stage.CONTROL, day(5), day(7))]
    assert timeline.window_of(Stage.HATCH, found) is None


@pytest.mark.parametrize("key", sorted(timeline.TIMELINES))
def test_windows_lie_in_their_envelopes_and_name_a_source(key: str):
    assert key in {one.key for one in species.CATALOGUE}
    for one in timeline.TIMELINES[key]:
        assert one.earliest <= one.first <= (one.point or one.first) <= one.last <= one.latest
        assert one.source


def test_sowing_days_meet_the_next_adults_with_rice_of_17_to_25_days():
    adults = timeline.window_of(Stage.NEXT_ADULTS, timeline.after(PEAK, timeline.PLANTHOPPERS))
    found = sowing.after_peak(PEAK, known_on=day(0), next_adults=adults)
    assert (found.sow_first, found.sow_last) == (day(1), day(5))
    assert (found.soak_first, found.soak_last) == (day(-1), day(3))
    assert found.rice_age_days == (17, 25)
    assert found.notes == (Note.RAISE_WATER,)


@pytest.mark.parametrize(("known", "note"), [(3, Note.PARTLY_LATE), (5, Note.PARTLY_LATE), (6, Note.LATE)])
def test_what_is_known_too_late_is_said(known: int, note: Note):
    assert sowing.after_peak(PEAK, known_on=day(known)).notes[0] is note


def test_a_field_rests_between_crops():
    moved = sowing.after_peak(PEAK, known_on=day(0), last_harvest=day(-17))
    assert (moved.sow_first, moved.sow_last, moved.notes[0]) == (day(3), day(5), Note.TOO_SOON)
    none = sowing.after_peak(PEAK, known_on=day(0), last_harvest=day(-10))
    assert (none.sow_first, none.soak_first, none.notes) == (None, None, (Note.TOO_SOON,))


def test_the_agronomists_own_days_are_followed():
    own = SowingSettings(sow_start_after_peak_days=10, sow_end_after_peak_days=15, soak_before_sowing_days=3)
    found = sowing.after_peak(PEAK, known_on=day(4), settings=own)
    assert (found.soak_first, found.sow_first, found.sow_last) == (day(7), day(10), day(15))
    assert sowing.on_rising(PEAK, own) == (day(1), day(4))
