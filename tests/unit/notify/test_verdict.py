"""The verdict: one sentence, honest about how much."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from lighttrap.agronomy.level import Level
from lighttrap.notify.verdict import Situation, packaged, ratio, verdict

SITUATION = Situation(Level.WARNING, "Phường Ninh Kiều", date(2026, 11, 22), "nilaparvata-lugens", 1240, 1000)


@pytest.mark.parametrize(
    ("value", "threshold", "expected"),
    [
        (952, 200, "almost 5 times the"),
        (1000, 200, "5 times the"),
        (1049, 200, "more than 5 times the"),
        (900, 200, "more than 4 times the"),
        (200, 200, "just at the"),
        (219, 200, "just at the"),
        (221, 200, "more than 1.1 times the"),
        (340, 200, "1.7 times the"),
        (349, 200, "more than 1.7 times the"),
        (390, 200, "almost 2 times the"),
        (1_000_000, 300, "more than 3,333 times the"),
        (199, 200, ""),
        (None, 200, ""),
        (200, None, ""),
        (200, 0, ""),
        (float("nan"), 200, ""),
    ],
)
def test_ratio_never_says_more_than_is_true(value: float | None, threshold: float | None, expected: str):
    assert ratio(value, threshold, packaged()["en"]) == expected


def test_verdict_says_level_pest_place_night_count_and_threshold():
    assert verdict(SITUATION, "vi") == (
        "Báo động: rầy nâu ở Phường Ninh Kiều, đêm 22/11: 1.240 con/bẫy, hơn 1,2 lần ngưỡng đề xuất 1.000."
    )
    assert verdict(SITUATION, "en") == (
        "Warning: brown planthopper at Phường Ninh Kiều, night of 22/11: 1,240 per trap, "
        "more than 1.2 times the proposed threshold 1,000."
    )


def test_threshold_that_an_agronomist_set_is_no_proposal():
    said = verdict(replace(SITUATION, is_proposal=False), "vi")
    assert "ngưỡng 1.000" in said
    assert "đề xuất" not in said


def test_watch_below_its_threshold_is_told_as_a_rise():
    said = verdict(replace(SITUATION, level=Level.WATCH, value=120, threshold=300), "vi")
    assert "tăng nhanh" in said
    assert "300" not in said


def test_lost_night_is_not_called_low():
    said = verdict(replace(SITUATION, level=Level.UNKNOWN, value=0), "vi")
    assert said == "Chưa thể nói: không có số liệu rầy nâu ở Phường Ninh Kiều đêm 22/11."


def test_night_that_is_not_final_is_told_so():
    assert verdict(replace(SITUATION, is_final=False), "vi").startswith("Tính đến lúc này: Báo động")
    assert verdict(replace(SITUATION, is_final=False), "en").startswith("So far: Warning")


def test_calm_night_says_low_and_its_count():
    low = replace(SITUATION, level=Level.NONE, value=0)
    assert verdict(low, "vi") == "Thấp: rầy nâu ở Phường Ninh Kiều, đêm 22/11: 0 con/bẫy."


def test_name_that_an_agronomist_edited_is_the_one_told():
    assert "rầy lửa" in verdict(replace(SITUATION, names={"vi": "rầy lửa"}), "vi")


@pytest.mark.parametrize("language", ["km", "fr", ""])
def test_language_without_texts_gets_vietnamese(language: str):
    assert verdict(SITUATION, language) == verdict(SITUATION, "vi")
