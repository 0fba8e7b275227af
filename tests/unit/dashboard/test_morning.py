from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from dashboard import morning, words
from dashboard.places import Names
from lighttrap import views

SAY = words.load("vi")
NIGHT = date(2026, 11, 23)


class _Nobody:
    words = SAY


def names() -> Names:
    feature = views.FieldFeature(
        id="f1", geometry=None,
        properties=views.FieldProperties(
            org_id="o", name="Ruộng ông Ba", time_zone="Asia/Ho_Chi_Minh", area_ha=None, commune_code="90001",
            growing_area_code=None,
        ),
    )  # fmt: skip
    return Names({"f1": feature}, {}, {"90001": "Xã Tân Hòa"}, _Nobody())  # type: ignore[arg-type]  # only its words


def a_field(**own: Any) -> views.FieldOverview:  # noqa: ANN401 - of the view
    values: dict[str, Any] = {
        "field_id": "f1", "name": "x", "commune_code": None, "point": None, "species": "nilaparvata-lugens",
        "value": 952.0, "level": 1, "rule_id": 1, "rule_version": 1, "threshold": 300.0, "is_final": True, "traps": 3,
        "reported": 3, "complete": 3, "partial": 0, "lost": 0, "silent": 0, "pending": 0, "highest": 1000,
        "highest_trap_id": "t",
    }  # fmt: skip
    return views.FieldOverview(**{**values, **own})


def an_overview(*fields: views.FieldOverview, **figures: Any) -> views.Overview:  # noqa: ANN401 - of the view
    own: dict[str, Any] = {
        "fields": len(fields), "known": len(fields), "over_threshold": 0, "is_final": True, "traps": 3, "reported": 3,
        "silent": 0, "highest": None, "open_alerts": 0, "newest_at": datetime(2026, 11, 24, tzinfo=UTC),
    }  # fmt: skip
    return views.Overview(
        night=NIGHT, asked_at=datetime(2026, 11, 24, tzinfo=UTC), figures=views.Figures(**{**own, **figures}),
        fields=list(fields),
    )  # fmt: skip


def said(*fields: views.FieldOverview, **figures: Any) -> str:  # noqa: ANN401 - of the view
    return morning.sentence(an_overview(*fields, **figures), names(), SAY)


def test_worst_field_is_told_with_its_number_and_its_threshold():
    text = said(a_field(), a_field(level=3, value=5510.0, threshold=5000.0))
    assert text.startswith("Nguy hiểm: rầy nâu ở Xã Tân Hòa, đêm 23/11: 5.510 con/bẫy")
    assert "ngưỡng 5.000" in text


def test_calm_night_is_called_calm():
    assert "Yên tĩnh đêm 23/11" in said(a_field(level=0, value=2.0))


def test_night_that_goes_on_is_told_as_so_far():
    assert said(a_field(level=0, value=2.0), is_final=False).startswith("Tính đến lúc này:")
    assert said(a_field(is_final=False), is_final=False).startswith("Tính đến lúc này:")


@pytest.mark.parametrize(
    ("fields", "figures"), [([], {"traps": 0}), ([a_field(level=None)], {"reported": 0}), ([a_field(level=None)], {})]
)  # fmt: skip
def test_what_is_not_known_is_never_called_calm(fields: list[views.FieldOverview], figures: dict[str, int]):
    text = said(*fields, **figures)
    assert "Yên tĩnh" not in text
    assert "Chưa" in text


def test_levels_are_counted_with_those_that_nobody_knows():
    counts = morning.counts(an_overview(a_field(level=3), a_field(level=None), a_field(level=3)))
    assert {int(level): number for level, number in counts.items() if number} == {3: 2, -1: 1}
