from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboard import health, words
from dashboard.health import Need
from lighttrap import views

NOW = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
SAY = words.load("vi")
DAY_S = 26 * 3600.0


def a_device(trap_id: str = "a", heard_h: float | None = 1, **own: Any) -> views.Device:  # noqa: ANN401 - of the view
    values: dict[str, Any] = {
        "trap_id": trap_id, "last_heard_at": None if heard_h is None else NOW - timedelta(hours=heard_h),
        "online": True, "said_at": NOW, "firmware": "1", "battery_v": 12.4, "panel_v": 14.0, "signal_dbm": -80.0,
        "missing": 0, "faults": [],
    }  # fmt: skip
    return views.Device(**{**values, **own})


def needs(*devices: views.Device) -> list[tuple[str, Need]]:
    return [(one.device.trap_id, one.need) for one in health.conditions(devices, NOW, DAY_S)]


@pytest.mark.parametrize(
    ("device", "need"),
    [
        (a_device(), Need.NONE),
        (a_device(heard_h=27), Need.SILENT),
        (a_device(heard_h=None), Need.NEVER),
        (a_device(faults=["battery"]), Need.BATTERY),
        (a_device(faults=["gap", "lamp"]), Need.LAMP),
        (a_device(online=False), Need.OFFLINE),
        (a_device(online=False, faults=["battery"]), Need.BATTERY),
        (a_device(faults=["a fault of next year"]), Need.NONE),
    ],
)
def test_most_urgent_need_counts(device: views.Device, need: Need):
    assert needs(device) == [("a", need)]


def test_worst_come_first_and_of_those_the_longest_silent():
    found = needs(
        a_device("well"), a_device("quiet", 30), a_device("low", faults=["battery"]), a_device("dead", 300),
        a_device("new", None),
    )  # fmt: skip
    assert [trap_id for trap_id, _ in found] == ["dead", "quiet", "low", "new", "well"]


def test_sentence_says_how_many_need_somebody_and_why():
    found = health.conditions([a_device("b", 40), a_device("c", faults=["battery"]), a_device("d")], NOW, DAY_S)
    assert health.sentence(found, SAY) == "Cần xem 2 trên 3 bẫy: 1 mất tín hiệu, 1 pin yếu."
    assert health.sentence(found[2:], SAY) == "Cả 1 bẫy đều ổn."
    assert health.sentence([], SAY) == "Chưa có bẫy nào."


@pytest.mark.parametrize("need", [need for need in Need if need is not Need.NONE])
def test_every_need_says_what_to_bring(need: Need):
    assert health.bring(need, SAY)
    assert health.need_word(need, SAY)
