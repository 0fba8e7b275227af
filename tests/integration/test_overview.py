"""The overview: one night of all fields, as a map and a morning list need it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from lighttrap import model
from lighttrap.model import Role
from lighttrap.night import night_of
from lighttrap.store import alerts, fields, orgs, overview, pool, traps
from tests.builders import ORG, a_trap
from tests.fix_api import Api, a_token
from tests.outbreak import BPH, FIRST, OUTBREAK, a_village, an_outbreak, store

NIGHT = date(2025, 11, 22)
ZONE = "Asia/Ho_Chi_Minh"
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
HOPPER, BORER = "nilaparvata-lugens", "scirpophaga-incertulas"
STATES = ("complete", "partial", "lost", "silent", "pending")


def a_plot(conn: pool.Connection, field_id: str, *trap_ids: str, commune: str | None = None) -> None:
    """A field with traps in it, since long ago."""
    orgs.ensure_org(conn, ORG)
    for trap_id in trap_ids:
        a_trap(conn, trap_id)
    fields.put_field(conn, model.Field(field_id, ORG, f"Ruộng {field_id}", ZONE, commune_code=commune))
    for trap_id in trap_ids:
        traps.deploy(conn, trap_id=trap_id, field_id=field_id, at=LONG_AGO)
    conn.commit()


def burned(conn: pool.Connection, trap_id: str, lamp_s: int = 39_600, night: date = NIGHT, **counts: int) -> None:
    """What a trap sent of a night: lamp seconds, and counts by species with `_` for `-`."""
    conn.execute(
        "INSERT INTO trap_night (trap_id, night, lamp_s, covered_s, readings, first_at, last_at)"
        " VALUES (%s, %s, %s, 39600, 66, %s, %s)",
        (trap_id, night, lamp_s, datetime(2025, 11, 22, 11, tzinfo=UTC), datetime(2025, 11, 22, 22, tzinfo=UTC)),
    )
    for species, count in counts.items():
        conn.execute(
            "INSERT INTO catch VALUES (%s, %s, %s, %s, %s, 66)",
            (trap_id, species.replace("_", "-"), night, count, lamp_s),
        )
    conn.commit()


def a_rule(conn: pool.Connection, species: str = HOPPER, **own: Any) -> int:  # noqa: ANN401 - columns of the rule
    """A rule in the table, which judges nothing by itself; returns its id."""
    columns = {"org_id": ORG, "species": species, "watch": 300, "warning": 1000, "author": "x", **own}
    names, places = ", ".join(columns), ", ".join(["%s"] * len(columns))
    [(rule_id,)] = conn.execute(
        f"INSERT INTO alert_rule ({names}) VALUES ({places}) RETURNING rule_id".encode(), list(columns.values())
    ).fetchall()
    return int(rule_id)


def judged(
    conn: pool.Connection, rule_id: int, field_id: str, value: float | None, level: int, night: date = NIGHT
) -> None:
    """What a rule made of a field's night."""
    conn.execute(
        "INSERT INTO judged_night (rule_id, field_id, night, value, traps, is_valid, is_final, level)"
        " VALUES (%s, %s, %s, %s, 1, %s, true, %s)",
        (rule_id, field_id, night, value, value is not None, level),
    )
    conn.commit()


def ask(api: Api, conn: pool.Connection, path: str = "", **params: Any) -> Any:  # noqa: ANN401
    answer = api.client.get(
        f"/v1/orgs/{ORG}/overview{path}",
        params={"night": str(NIGHT), **params},
        headers=a_token(conn, ORG, Role.VIEWER),
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_overview_says_of_each_field_what_ingest_judged(api, conn):
    village = a_village(conn, 3)
    for messages in an_outbreak(village, sick=1):
        store(conn, messages)
    for at, (count, level) in enumerate(zip(OUTBREAK, (0, 1, 2, 3, 1, 0, 0, 0), strict=True)):
        found = ask(api, conn, night=str(FIRST + timedelta(days=at)))
        levels = {one["field_id"]: (one["level"], one["value"]) for one in found["fields"]}
        assert levels == {"field-1": (0, 60), "field-2": (level, count), "field-3": (0, 60)}
        assert found["figures"]["over_threshold"] == bool(level)
        assert found["figures"]["highest"]["highest"] == max(count, 60)
        assert all(one["complete"] == one["traps"] == one["reported"] == 1 for one in found["fields"])
    [worst, *_] = ask(api, conn, "/worst", night=str(FIRST + timedelta(days=7)), nights=8)
    assert worst["field"]["level"] == 0
    [worst, *_] = ask(api, conn, "/worst", night=str(FIRST + timedelta(days=3)), nights=6)
    assert worst["field"]["field_id"] == "field-2"
    assert [(one["value"], one["level"]) for one in worst["nights"]] == [
        (None, None), (None, None), (60, 0), (360, 1), (1200, 2), (6000, 3)
    ]  # fmt: skip


def test_states_of_traps_add_up_and_silence_is_not_zero(api, conn):
    names = ["trap-whole", "trap-part", "trap-lost", "trap-mute"]
    a_plot(conn, "f-mixed", *names)
    a_plot(conn, "f-mute", "trap-mute-2")
    a_trap(conn, "trap-of-no-field")
    for trap_id, lamp_s in zip(names[:3], (39_600, 24_000, 9_000), strict=True):
        burned(conn, trap_id, lamp_s, nilaparvata_lugens=7)
    found = ask(api, conn)
    mixed, mute = found["fields"]
    assert [mixed[state] for state in STATES] == [1, 1, 1, 1, 0]
    assert (mixed["traps"], mixed["reported"]) == (4, 3)
    assert [mute[state] for state in STATES] == [0, 0, 0, 1, 0]
    assert (mute["level"], mute["value"], mute["highest"]) == (None, None, None)
    figures = found["figures"]
    assert (figures["traps"], figures["reported"], figures["silent"]) == (6, 3, 3)
    assert (figures["fields"], figures["known"], figures["over_threshold"]) == (2, 0, 0)
    assert figures["newest_at"] == "2025-11-22T22:00:00Z"


def test_night_that_goes_on_is_pending_and_not_final(api, conn):
    a_plot(conn, "f-1", "trap-1")
    [one] = ask(api, conn, night=str(datetime.now(UTC).date() + timedelta(days=2)))["fields"]
    assert (one["pending"], one["silent"], one["is_final"]) == (1, 0, False)


def test_species_that_is_worst_in_a_field_is_the_one_shown(api, conn):
    a_plot(conn, "f-1", "trap-1")
    a_plot(conn, "f-2", "trap-2")
    hopper, borer = a_rule(conn), a_rule(conn, BORER, watch=10, warning=50)
    for field_id, trap_id, borers in (("f-1", "trap-1", 30), ("f-2", "trap-2", 4)):
        burned(conn, trap_id, nilaparvata_lugens=270, scirpophaga_incertulas=borers)
        judged(conn, hopper, field_id, 270, 0)
        judged(conn, borer, field_id, borers, 1 if borers > 9 else 0)
    first, second = ask(api, conn)["fields"]
    assert (first["species"], first["level"], first["threshold"], first["highest"]) == (BORER, 1, 10, 30)
    # Neither is at a level: nearest to its threshold is the worst, 270 of 300 before 4 of 10.
    assert (second["species"], second["level"], second["threshold"], second["highest"]) == (HOPPER, 0, 300, 270)
    [first, _] = ask(api, conn, species=HOPPER)["fields"]
    assert (first["species"], first["level"], first["highest"], first["highest_trap_id"]) == (HOPPER, 0, 270, "trap-1")


def test_lost_night_is_unknown_unless_it_was_enough_for_a_level(api, conn):
    a_plot(conn, "f-1", "trap-1")
    a_plot(conn, "f-2", "trap-2")
    rule_id = a_rule(conn)
    for field_id, level in (("f-1", 0), ("f-2", 2)):
        judged(conn, rule_id, field_id, None, level)
    assert [one["level"] for one in ask(api, conn)["fields"]] == [None, 2]


def test_night_judged_by_several_rules_is_that_of_the_one_in_force(api, conn):
    a_plot(conn, "f-1", "trap-1", commune="31498")
    old = a_rule(conn, replaced_at=LONG_AGO)
    older = a_rule(conn, replaced_at=LONG_AGO - timedelta(days=9))
    judged(conn, older, "f-1", 2000, 2)
    judged(conn, old, "f-1", 500, 1)
    assert ask(api, conn)["fields"][0]["rule_id"] == old
    # Another commune's rule judged it once, and is in force still: for others.
    elsewhere = a_rule(conn, commune_code="99999", version=3)
    judged(conn, elsewhere, "f-1", 4000, 2)
    of_org = a_rule(conn, version=4)
    judged(conn, of_org, "f-1", 400, 1)
    assert ask(api, conn)["fields"][0]["rule_version"] == 4
    of_commune = a_rule(conn, commune_code="31498", version=5)
    judged(conn, of_commune, "f-1", 300, 1)
    assert ask(api, conn)["fields"][0]["rule_id"] == of_commune
    [strip] = ask(api, conn, "/worst", nights=1)
    assert (strip["field"]["rule_id"], strip["nights"][0]["value"]) == (of_commune, 300)


def test_trap_counts_where_it_stood_that_midnight(api, conn):
    a_plot(conn, "f-1", "trap-1")
    a_plot(conn, "f-2")
    traps.deploy(conn, trap_id="trap-1", field_id="f-2", at=datetime(2025, 11, 23, 2, tzinfo=UTC))
    conn.commit()
    assert [one["traps"] for one in ask(api, conn)["fields"]] == [1, 0]
    assert [one["traps"] for one in ask(api, conn, night="2025-11-23")["fields"]] == [0, 1]
    traps.retire(conn, ORG, "trap-1", datetime(2025, 11, 24, tzinfo=UTC))
    conn.commit()
    assert ask(api, conn, night="2025-11-24")["figures"]["traps"] == 0


@pytest.mark.parametrize(
    ("geometry", "point"),
    [
        (None, None),
        ({"type": "Point", "coordinates": [105.97, 9.6]}, [105.97, 9.6]),
        ({"type": "Polygon", "coordinates": [[[1, 2], [3, 2], [3, 6], [1, 6], [1, 2]]]}, [2, 4]),
        ({"type": "MultiPolygon", "coordinates": [[[[1, 2], [3, 2], [3, 6], [1, 2]]], [[[90, 9]] * 4]]}, [2, 4]),
        ({"type": "Nonsense", "coordinates": "x"}, None),
        ({"type": "Polygon", "coordinates": [[["a", None], [1, 2]]]}, [1, 2]),
    ],
)
def test_field_is_a_point_on_the_map(api, conn, geometry, point):
    a_plot(conn, "f-1")
    fields.put_field(conn, model.Field("f-1", ORG, "Ruộng", ZONE, geometry))
    conn.commit()
    assert ask(api, conn)["fields"][0]["point"] == point


def test_worst_come_first_and_only_as_many_as_asked_for(api, conn):
    orgs.ensure_org(conn, ORG)
    rule_id = a_rule(conn)
    for number, (value, level) in enumerate([(100, 0), (None, 0), (1500, 2), (400, 1), (900, 1), (3000, 2)]):
        a_plot(conn, f"f-{number}")
        judged(conn, rule_id, f"f-{number}", value, level)
    found = ask(api, conn, "/worst")
    assert [one["field"]["field_id"] for one in found] == ["f-5", "f-2", "f-4", "f-3", "f-0", "f-1"]
    assert [len(one["nights"]) for one in found] == [14] * 6
    assert len(ask(api, conn, "/worst", fields=2)) == 2


def test_last_night_is_that_whose_lamp_hours_are_over_in_all_fields(api, conn):
    assert overview.last_night(conn, ORG) == night_of(datetime.now(UTC) - timedelta(hours=18), ZONE)
    zones = ("Pacific/Kiritimati", "Pacific/Honolulu")
    a_plot(conn, "f-1")
    for number, zone in enumerate(zones):
        fields.put_field(conn, model.Field(f"f-{number}", ORG, "Ruộng", zone))
    conn.commit()
    expected = night_of(datetime.now(UTC) - timedelta(hours=18), zones[1])
    assert overview.last_night(conn, ORG) == expected
    found = api.client.get(f"/v1/orgs/{ORG}/overview", headers=a_token(conn, ORG, Role.VIEWER)).json()
    assert found["night"] == str(expected)


def test_open_alerts_are_counted_in_their_org(api, conn):
    a_plot(conn, "f-1", "trap-1")
    alerts.put_rule(conn, model.AlertRule(ORG, BPH, "x", watch=300))
    for org in (ORG, "an-giang"):
        a_trap(conn, f"trap-{org}", org=org)
        for state, cleared in (("active", None), ("cleared", datetime.now(UTC))):
            conn.execute(
                "INSERT INTO alert (org_id, kind, trap_id, fault, level, highest, opened_night, state, cleared_at)"
                " VALUES (%s, 'device', %s, 'lamp', 2, 2, '2025-11-22', %s, %s)",
                (org, f"trap-{org}", state, cleared),
            )
    conn.commit()
    assert ask(api, conn)["figures"]["open_alerts"] == 1


def test_levels_of_nights_are_those_of_each_nights_overview(api, conn):
    village = a_village(conn, 3)
    for messages in an_outbreak(village, sick=1):
        store(conn, messages)
    last = FIRST + timedelta(days=len(OUTBREAK) - 1)
    found = ask(api, conn, "/levels", night=str(last), nights=len(OUTBREAK) + 1)
    assert [one["night"] for one in found] == [str(FIRST + timedelta(days=at - 1)) for at in range(len(OUTBREAK) + 1)]
    assert found[0] == {
        "night": str(FIRST - timedelta(days=1)), "none": 0, "watch": 0, "warning": 0, "alarm": 0, "unknown": 3,
        "is_final": True,
    }  # fmt: skip
    for night in found:
        levels = [one["level"] for one in ask(api, conn, night=night["night"])["fields"]]
        told = [night[name] for name in ("none", "watch", "warning", "alarm", "unknown")]
        assert told == [levels.count(level) for level in (0, 1, 2, 3, None)]


def test_levels_count_a_field_once_by_its_most_exact_rule_in_force(api, conn):
    a_plot(conn, "f-one", "trap-one")
    general = a_rule(conn)
    exact = a_rule(conn, field_id="f-one")
    judged(conn, general, "f-one", 900, 3)
    judged(conn, exact, "f-one", 900, 1)
    [night] = ask(api, conn, "/levels", nights=1)
    assert (night["watch"], night["alarm"], night["unknown"]) == (1, 0, 0)


def test_night_is_final_in_levels_once_nothing_more_is_expected_of_it(api, conn):
    a_plot(conn, "f-one", "trap-one")
    judged(conn, a_rule(conn), "f-one", 900, 1)
    assert ask(api, conn, "/levels", nights=1)[0]["is_final"]
    conn.execute("UPDATE judged_night SET is_final = false")
    conn.commit()
    assert not ask(api, conn, "/levels", nights=1)[0]["is_final"]
    tonight = str(datetime.now(UTC).date() + timedelta(days=1))
    assert not ask(api, conn, "/levels", nights=1, night=tonight)[0]["is_final"]
