"""Alerts on a real database: raised, kept and ended in the transaction that stores the readings."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest.broker import Message
from ingest.pipeline import Outcome, store_batch
from lighttrap import model
from lighttrap.store import alerts, fields, orgs, pool, readings, traps
from tests.builders import ORG, a_reading, a_topic

BPH = "nilaparvata-lugens"
PLANNED_S = 6 * 600
"""Planned lamp time of a night here: six readings of ten minutes."""
FIRST = datetime.now(UTC).date() - timedelta(days=40)
RULE = model.AlertRule(ORG, BPH, "an agronomist", watch=300, warning=1000, alarm=5000)
OUTBREAK = [60, 360, 1200, 6000, 900, 60, 60, 60]
SAID = [("raised", 1), ("raised", 2), ("raised", 3), ("cleared", 3)]


def a_place(conn: pool.Connection, number: int, traps_in_it: int = 1) -> list[str]:
    """A field with traps of its own; returns their ids."""
    orgs.ensure_org(conn, ORG)
    fields.put_field(conn, model.Field(f"field-{number}", ORG, f"Ruộng {number}", "Asia/Ho_Chi_Minh"))
    ids = [f"trap-{number}-{index}" for index in range(traps_in_it)]
    since = datetime.now(UTC) - timedelta(days=200)
    for trap_id in ids:
        traps.register_trap(conn, trap_id=trap_id, org_id=ORG, nominal_s=PLANNED_S, in_service_from=since)
        traps.deploy(conn, trap_id=trap_id, field_id=f"field-{number}", at=since)
    return ids


@pytest.fixture
def place(conn: pool.Connection) -> str:
    """A trap in a field, and a rule; returns the trap."""
    [trap_id] = a_place(conn, 1)
    alerts.put_rule(conn, RULE)
    prepare(conn)
    return trap_id


def prepare(conn: pool.Connection) -> None:
    """Makes the session one that can store."""
    readings.create_stage(conn)
    conn.commit()


def a_night(trap_id: str, night: int, total: int, readings_in_it: int = 6) -> list[Message]:
    """The readings of one night, an even share of the catch in each."""
    evening = datetime(FIRST.year, FIRST.month, FIRST.day, 13, 0, tzinfo=UTC) + timedelta(days=night)
    found = []
    for index in range(readings_in_it):
        packet = a_reading(
            1 + night * 6 + index, start=evening + index * timedelta(minutes=10),
            counts={BPH: total // 6, "sogatella-furcifera": 1},
        )  # fmt: skip
        found.append(
            Message(1, 1, 1, a_topic(trap_id=trap_id).encode(), packet.payload(), datetime.now(UTC).timestamp())
        )
    return found


def store(conn: pool.Connection, messages: Sequence[Message], within_s: float = 1e9) -> Outcome:
    """Stores messages as one batch, in the transaction that ingest would use."""
    outcome = store_batch(conn, messages, alert_within_s=within_s)
    conn.commit()
    return outcome


def said(conn: pool.Connection, field_id: str = "field-1") -> list[tuple[str, int]]:
    """What was said of a field's alerts, in order."""
    query = """
        SELECT e.word, e.level FROM alert_event e JOIN alert a USING (alert_id)
        WHERE a.field_id = %s ORDER BY e.event_id
    """
    return [(word, level) for word, level in conn.execute(query, [field_id]).fetchall()]


def the_alerts(conn: pool.Connection) -> list[Any]:
    """Every alert: place, nights, levels, state."""
    query = (
        "SELECT field_id, opened_night, cleared_night, level, highest, state FROM alert ORDER BY opened_night, field_id"
    )
    return conn.execute(query).fetchall()


def test_an_outbreak_in_one_of_six_fields_is_said_once_at_each_level_and_once_when_over(conn):
    places = [a_place(conn, number)[0] for number in range(1, 7)]
    alerts.put_rule(conn, RULE)
    prepare(conn)
    for night, total in enumerate(OUTBREAK):
        for trap_id in places:
            store(conn, a_night(trap_id, night, total if trap_id == places[2] else 60))
    assert said(conn, "field-3") == SAID
    assert the_alerts(conn) == [
        ("field-3", FIRST + timedelta(1), FIRST + timedelta(7), 3, 3, "cleared"),
    ]


@pytest.mark.parametrize("order", ["ten times", "reversed", "shuffled", "one batch"])
def test_order_and_repetition_change_nothing(conn, place, order):
    messages = [message for night, total in enumerate(OUTBREAK) for message in a_night(place, night, total)]
    match order:
        case "ten times":
            batches = [[message] * 10 for message in messages] + [messages] * 2
        case "reversed":
            batches = [[message] for message in reversed(messages)]
        case "shuffled":
            random.Random(7).shuffle(messages)
            batches = [[message] for message in messages]
        case _:
            batches = [messages]
    for batch in batches:
        store(conn, batch)
    raised = [word for word in said(conn) if word[0] == "raised"]
    assert sorted(raised) == SAID[:3]
    assert the_alerts(conn) == [("field-1", FIRST + timedelta(1), FIRST + timedelta(7), 3, 3, "cleared")]
    assert [word for word, _ in said(conn)].count("cleared") == 1


def test_a_night_raises_while_it_is_going_on_and_clears_only_when_it_is_whole(conn, place):
    messages = a_night(place, 0, 3000)
    store(conn, messages[:1])
    assert said(conn) == [("raised", 1)]
    store(conn, messages[1:2])
    assert said(conn) == [("raised", 1), ("raised", 2)]
    for night in (1, 2, 3):
        store(conn, a_night(place, night, 6)[:5])
    assert said(conn)[-1] == ("cleared", 2)


def test_lost_nights_neither_raise_nor_clear(conn, place):
    store(conn, a_night(place, 0, 600))
    for night in (1, 2, 3, 4):
        store(conn, a_night(place, night, 6, readings_in_it=2))
    alerts.judge_over(conn, None, 1e9, quiet_s=0)
    conn.commit()
    assert said(conn) == [("raised", 1)]
    for night in (5, 6, 7):
        store(conn, a_night(place, night, 6))
    assert said(conn) == [("raised", 1), ("cleared", 1)]


def test_a_partial_night_is_measured_by_its_lamp_time_once_it_is_over(conn, place):
    store(conn, a_night(place, 0, 540, readings_in_it=4))
    assert conn.execute("SELECT value, is_final FROM judged_night").fetchall() == [(360.0, False)]
    assert alerts.judge_over(conn, None, 1e9) == 0
    conn.commit()
    alerts.judge_over(conn, None, 1e9, quiet_s=0)
    assert conn.execute("SELECT value, is_final FROM judged_night").fetchall() == [(540.0, True)]


def test_a_field_is_judged_by_the_median_of_its_traps(conn):
    ids = a_place(conn, 1, traps_in_it=3)
    alerts.put_rule(conn, RULE)
    prepare(conn)
    for trap_id, total in zip(ids, (60, 120, 60000), strict=True):
        store(conn, a_night(trap_id, 0, total))
    assert said(conn) == []
    assert conn.execute("SELECT value, traps FROM judged_night WHERE night = %s", [FIRST]).fetchall() == [(120.0, 3)]


def test_several_nights_may_be_asked_for(conn, place):
    alerts.put_rule(conn, replace(RULE, k=2, n=3))
    conn.commit()
    store(conn, a_night(place, 0, 600))
    store(conn, a_night(place, 1, 60))
    assert said(conn) == []
    store(conn, a_night(place, 2, 600))
    assert said(conn) == [("raised", 1)]


def test_a_jump_above_the_own_median_raises_a_watch(conn, place):
    alerts.put_rule(conn, model.AlertRule(ORG, BPH, "an agronomist", floor=100, jump_ratio=3))
    conn.commit()
    for night in range(8):
        store(conn, a_night(place, night, 60))
    store(conn, a_night(place, 8, 240))
    assert said(conn) == []
    store(conn, a_night(place, 9, 240))
    assert said(conn) == [("raised", 1)]


def test_a_week_that_doubles_raises_a_watch(conn, place):
    alerts.put_rule(conn, model.AlertRule(ORG, BPH, "an agronomist", floor=100, trend_ratio=2))
    conn.commit()
    for night in range(7):
        store(conn, a_night(place, night, 60))
    for night in range(7, 13):
        assert said(conn) == []
        store(conn, a_night(place, night, 150))
    assert said(conn) == [("raised", 1)]


def test_the_rule_of_the_field_goes_before_that_of_the_org(conn, place):
    alerts.put_rule(conn, replace(RULE, field_id="field-1", watch=900))
    conn.commit()
    store(conn, a_night(place, 0, 600))
    assert said(conn) == []


def test_a_new_rule_judges_the_nights_that_are_there_and_goes_on_with_what_was_raised(conn, place):
    night = (datetime.now(UTC).date() - FIRST).days - 3
    store(conn, a_night(place, night, 600))
    lower = alerts.put_rule(conn, replace(RULE, watch=100, warning=500), told_within_s=1e9)
    conn.commit()
    assert lower.version == 2
    assert said(conn) == [("raised", 1), ("raised", 2)]
    assert len(the_alerts(conn)) == 1


def test_an_alert_goes_on_under_the_rule_of_its_field_when_that_comes_later(conn, place):
    store(conn, a_night(place, 0, 600))
    alerts.put_rule(conn, replace(RULE, field_id="field-1", watch=100), told_within_s=1e9)
    conn.commit()
    for night in (1, 2, 3):
        store(conn, a_night(place, night, 6))
    assert said(conn) == [("raised", 1), ("cleared", 1)]
    assert len(the_alerts(conn)) == 1


def test_a_rule_that_ends_takes_its_alerts_with_it_unless_another_fits(conn, place):
    alerts.put_rule(conn, replace(RULE, field_id="field-1"))
    store(conn, a_night(place, 0, 600))
    assert alerts.end_rule(conn, replace(RULE, field_id="field-1"))
    assert said(conn) == [("raised", 1)]
    assert alerts.end_rule(conn, RULE)
    assert said(conn) == [("raised", 1), ("cleared", 1)]
    assert not alerts.end_rule(conn, RULE)


def test_a_second_round_of_a_batch_may_touch_the_same_night(conn, place):
    first, again, *_ = a_night(place, 0, 600)
    other = again._replace(payload=again.payload.replace(b"600", b"599"))
    assert store(conn, [first, again, other]).refused == {"key_conflict": 1}


def test_lost_traps_do_not_pull_the_median_of_their_field_down(conn):
    ids = a_place(conn, 1, traps_in_it=3)
    alerts.put_rule(conn, RULE)
    prepare(conn)
    store(conn, a_night(ids[0], 0, 6000))
    for trap_id in ids[1:]:
        store(conn, a_night(trap_id, 0, 60, readings_in_it=1))
    alerts.judge_over(conn, None, 1e9, quiet_s=0)
    conn.commit()
    assert conn.execute("SELECT value, traps, level FROM judged_night").fetchall() == [(6000.0, 1, 3)]


def test_the_first_trap_to_speak_does_not_speak_for_all(conn):
    ids = a_place(conn, 1, traps_in_it=3)
    alerts.put_rule(conn, RULE)
    prepare(conn)
    for trap_id in ids:
        store(conn, a_night(trap_id, 0, 60))
    store(conn, a_night(ids[0], 1, 60000))
    assert said(conn) == []
    store(conn, a_night(ids[1], 1, 60000))
    assert said(conn)[-1] == ("raised", 3)


def test_a_jump_needs_both_nights(conn, place):
    alerts.put_rule(conn, model.AlertRule(ORG, BPH, "an agronomist", floor=100, jump_ratio=3))
    for night in range(8):
        store(conn, a_night(place, night, 60))
    store(conn, a_night(place, 9, 240))
    assert said(conn) == []


def test_an_alert_follows_its_field_to_the_rule_of_its_commune(conn, place):
    alerts.put_rule(conn, replace(RULE, commune_code="31528"))
    store(conn, a_night(place, 0, 600))
    fields.put_field(conn, model.Field("field-1", ORG, "Ruộng 1", "Asia/Ho_Chi_Minh", commune_code="31528"))
    conn.commit()
    for night in (1, 2, 3):
        store(conn, a_night(place, night, 6))
    assert said(conn) == [("raised", 1), ("cleared", 1)]
    alerts.put_rule(conn, replace(RULE, watch=200))
    assert len(the_alerts(conn)) == 1


def test_what_is_over_is_told_however_late_it_is_known(conn, place):
    for night, total in enumerate([600, 6, 6, 6]):
        store(conn, a_night(place, night, total), within_s=48 * 3600)
    found = conn.execute("SELECT word, is_late FROM alert_event ORDER BY event_id").fetchall()
    assert found == [("raised", True), ("cleared", False)]


def test_an_alert_of_a_place_that_nothing_is_known_of_lapses_in_silence(conn, place):
    store(conn, a_night(place, 0, 600))
    alerts.judge_over(conn, None, 1e9)
    conn.commit()
    assert said(conn) == [("raised", 1)]
    assert the_alerts(conn) == [("field-1", FIRST, FIRST, 1, 1, "cleared")]
    store(conn, a_night(place, 30, 600))
    assert said(conn) == [("raised", 1), ("raised", 1)]


def test_proposals_do_not_come_back_once_ended(conn, place):
    assert len(alerts.propose_rules(conn, ORG, "proposal")) == 13
    assert alerts.end_rule(conn, RULE)
    assert alerts.propose_rules(conn, ORG, "proposal") == []


def test_late_data_tell_nobody_but_are_kept(conn, place):
    store(conn, a_night(place, 0, 600), within_s=48 * 3600)
    assert conn.execute("SELECT is_late, facts ->> 'value' FROM alert_event").fetchall() == [(True, "600")]


def test_a_field_without_a_rule_costs_no_row(conn):
    [trap_id] = a_place(conn, 1)
    prepare(conn)
    assert store(conn, a_night(trap_id, 0, 60000)).touched == 0
    assert conn.execute("SELECT count(*) FROM judged_night").fetchall() == [(0,)]


def test_the_first_batch_of_thousands_of_fields_is_judged_though_the_planner_knows_nothing_yet(conn):
    a_place(conn, 1)
    alerts.put_rule(conn, RULE)
    prepare(conn)
    for statement in (
        """INSERT INTO trap (trap_id, org_id, name, nominal_s, in_service_from)
           SELECT 'many-' || n, 'soc-trang', n, 3600, now() - interval '200 days' FROM generate_series(1, 4000) AS n""",
        "INSERT INTO field (field_id, org_id, name) SELECT trap_id, org_id, name FROM trap WHERE trap_id LIKE 'many-%'",
        """INSERT INTO deployment (trap_id, field_id, from_at) SELECT trap_id, trap_id, in_service_from
           FROM trap WHERE trap_id LIKE 'many-%'""",
    ):
        conn.execute(statement)
    conn.commit()
    outcome = store(conn, [a_night(f"many-{number}", 0, 2000)[0] for number in range(1, 4001)])
    assert outcome.alert_events == 4000
