"""What a line of a log is."""

from __future__ import annotations

import json
import logging
from typing import Any

from lighttrap.logs import JsonFormatter


def a_line(message: str = "message sent", **extra: Any) -> dict[str, Any]:  # noqa: ANN401 - any extra
    record = logging.makeLogRecord({"name": "lighttrap.x", "levelname": "INFO", "msg": message, **extra})
    line = JsonFormatter().format(record)
    assert "\n" not in line
    return dict(json.loads(line))


def test_a_line_says_what_it_is_about():
    found = a_line(delivery=3)
    assert (found["level"], found["logger"], found["message"], found["delivery"]) == (
        "INFO", "lighttrap.x", "message sent", 3,
    )  # fmt: skip


def test_what_a_line_is_about_does_not_stand_in_for_its_own_level():
    found = a_line(level=2, at="then")
    assert (found["level"], found["level_"], found["at_"]) == ("INFO", 2, "then")


def test_line_breaks_and_marks_from_outside_stay_in_the_line():
    assert a_line("x", topic='a\n{"level": "CRITICAL"}')["topic"] == 'a\n{"level": "CRITICAL"}'
