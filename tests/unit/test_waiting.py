from __future__ import annotations

import pytest

from tests.waiting import wait_until


def test_what_was_observed_is_returned():
    answers = iter(["", "", "seen"])
    assert wait_until(lambda: next(answers)) == "seen"


def test_equals_waits_past_other_true_answers():
    answers = iter([1, 2, 0])
    assert wait_until(lambda: next(answers), equals=0) == 0


def test_time_running_out_reports_what_was_seen_last():
    with pytest.raises(AssertionError, match=r"waited 0\.05 s for 5, last saw 3"):
        wait_until(lambda: 3, equals=5, within=0.05)
