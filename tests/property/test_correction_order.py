"""Corrections between readings: in whatever order the readings come, counts and alerts end up the same.

Each example stores the same readings and corrections in two fields: once all readings and then the corrections, and
once the readings shuffled, some twice, with the corrections in between, from the first reading of their night on.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.broker import Message
from lighttrap.store import alerts, corrections
from lighttrap.store.corrections import CatchKey, Seen
from lighttrap.store.pool import Connection
from tests.builders import ORG
from tests.outbreak import BPH, FIRST, a_field, a_night, a_village, store

NIGHTS = 4
TOTALS = st.sampled_from([60, 360, 1200, 6000])
numbers = itertools.count(1)


@dataclass(frozen=True)
class Recount:
    """A night, and what somebody counted; None undoes the correction before."""

    night: int
    count: int | None


@dataclass(frozen=True)
class Story:
    """What the machine counts by night, what people put right, and one order of all of it."""

    totals: tuple[int, ...]
    recounts: tuple[Recount, ...]
    order: tuple[tuple[int, int] | Recount, ...]
    """(night, place in it) of a reading, or a recount."""


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """A story; each recount comes after some reading of its night, and recounts keep their order."""
    totals = tuple(draw(st.lists(TOTALS, min_size=NIGHTS, max_size=NIGHTS)))
    recounts = draw(
        st.lists(
            st.builds(Recount, st.integers(0, NIGHTS - 1), st.none() | TOTALS | st.just(0)), min_size=1, max_size=5
        )
    )
    told = [(night, place) for night in range(NIGHTS) for place in range(6)]
    order: list[tuple[int, int] | Recount] = list(draw(st.permutations(told + draw(st.lists(st.sampled_from(told))))))
    at = 0
    for recount in recounts:
        first = next(place for place, one in enumerate(order) if isinstance(one, tuple) and one[0] == recount.night)
        at = draw(st.integers(max(at, first) + 1, len(order)))
        order.insert(at, recount)
    return Story(totals, tuple(recounts), tuple(order))


def play(conn: Connection, story: Story, order: list[tuple[int, int] | Recount]) -> str:
    """Stores readings and recounts in that order in a new field; returns its trap."""
    trap_id = a_field(conn, 100 + next(numbers))
    conn.commit()
    nights = [a_night(trap_id, night, total) for night, total in enumerate(story.totals)]
    waiting: list[Message] = []
    for one in order:
        if isinstance(one, tuple):
            waiting.append(nights[one[0]][one[1]])
            continue
        store(conn, waiting)
        waiting = []
        recount(conn, trap_id, one)
    store(conn, waiting)
    alerts.judge_over(conn, None, 1e9, quiet_s=0)
    conn.commit()
    return trap_id


def recount(conn: Connection, trap_id: str, one: Recount) -> None:
    key = CatchKey(trap_id, BPH, FIRST + timedelta(days=one.night))
    known = corrections.in_force(conn, ORG, key)
    if one.count is None:
        if known:
            corrections.undo_correction(conn, ORG, known.correction_id, reason="x", author="x")
    else:
        [(machine,)] = conn.execute(
            "SELECT count FROM catch WHERE trap_id = %s AND night = %s", (trap_id, key.night)
        ).fetchall()
        seen = Seen(machine, known.correction_id if known else None)
        corrections.put_correction(conn, ORG, key, one.count, seen=seen, reason="x", author="x")
    conn.commit()


LOOKS = (
    "SELECT species, night, count, machine_count, lamp_s, readings FROM verified_catch WHERE trap_id = %(trap)s"
    " ORDER BY night",
    "SELECT night, value, traps, is_valid, is_final, level, calm FROM judged_night WHERE field_id = %(field)s"
    " ORDER BY night",
    "SELECT opened_night, cleared_night, level, state FROM alert WHERE field_id = %(field)s AND state <> 'withdrawn'"
    " ORDER BY opened_night",
)


def looks(conn: Connection, trap_id: str) -> list[list[Any]]:
    """What is there of a trap and its field."""
    ids = {"trap": trap_id, "field": trap_id.replace("trap", "field")}
    return [conn.execute(query, ids).fetchall() for query in LOOKS]


@pytest.mark.timeout(600)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(story=stories())
def test_corrections_between_readings_in_any_order_end_up_the_same(conn: Connection, village: None, story: Story):
    straight: list[tuple[int, int] | Recount] = [(night, place) for night in range(NIGHTS) for place in range(6)]
    one = play(conn, story, [*straight, *story.recounts])
    other = play(conn, story, list(story.order))
    assert looks(conn, other) == looks(conn, one)
    wanted = {recount.night: recount.count for recount in story.recounts}
    for night, (_, _, count, machine_count, *_) in enumerate(looks(conn, one)[0]):
        assert machine_count == story.totals[night]
        assert count == (machine_count if wanted.get(night) is None else wanted[night])


@pytest.fixture
def village(conn: Connection) -> None:
    """A rule, and a session that can store."""
    a_village(conn, 1)
