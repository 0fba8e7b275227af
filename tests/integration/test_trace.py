"""One name leads from the trap's packet to the message that a person got, and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest.broker import Message
from ingest.pipeline import store_batch
from lighttrap.errors import InputFault, NotFound
from lighttrap.store import alerts, pool, traces
from tests.builders import ORG, a_reading, a_topic
from tests.fix_broker import Broker
from tests.fix_programs import Program
from tests.fix_trapside import TrapSide
from tests.outbreak import a_night, a_person, a_village, store
from tests.post import DOWN, Post
from tests.waiting import wait_until

NIGHT = 3
BPH = "nilaparvata-lugens"


def steps(conn: pool.Connection, what: str) -> list[str]:
    return [step.step for step in traces.follow(conn, traces.find(conn, what))]


@pytest.fixture
def told(database: str, conn: pool.Connection) -> tuple[str, int, str]:
    """A night that was told to somebody at the second try: the reading that tipped it, the delivery, its key."""
    [trap_id] = a_village(conn, 1)
    a_person(conn, None)
    for message in a_night(trap_id, NIGHT, 360):
        store_batch(conn, [message], alert_within_s=1e9)
        conn.commit()
    post = Post(database)
    post.script = [DOWN]
    post.work()
    conn.execute("UPDATE delivery SET next_try_at = now() - interval '1 second'")
    conn.commit()
    post.work()
    [(cause, delivery_id, key)] = conn.execute(
        "SELECT e.cause, d.delivery_id, d.key::text FROM delivery d JOIN alert_event e USING (event_id)"
    ).fetchall()
    return cause, delivery_id, key


def test_reading_that_tipped_a_night_leads_to_the_message(conn: pool.Connection, told: tuple[str, int, str]):
    cause, _, _ = told
    found = traces.follow(conn, traces.find(conn, cause))
    assert [one.step for one in found] == [
        "measured", "received", "stored", "raised", "fanned out", "queued", "claimed", "handed over", "claimed",
        "handed over", "ended",
    ]  # fmt: skip
    times = [one.at for one in found[2:]]
    assert None not in times
    assert times == sorted(times)  # type: ignore[type-var]  # none of them is None
    assert "HTTP 503" in found[7].what


def test_the_cause_is_the_reading_that_reached_the_threshold(conn: pool.Connection, told: tuple[str, int, str]):
    """Six readings of 60 each: the fifth makes 300, which is a watch."""
    trap_id, boot, seq = told[0].split("/")
    [(start_at, total)] = conn.execute(
        """SELECT r.start_at, sum((o.counts ->> %s)::int) FROM reading r
           JOIN reading o ON o.trap_id = r.trap_id AND o.start_at <= r.start_at
           WHERE r.trap_id = %s AND r.boot = %s AND r.seq = %s GROUP BY r.start_at""",
        [BPH, trap_id, int(boot), int(seq)],
    ).fetchall()
    assert total >= 300
    [(before,)] = conn.execute(
        "SELECT sum((counts ->> %s)::int) FROM reading WHERE trap_id = %s AND start_at < %s", [BPH, trap_id, start_at]
    ).fetchall()
    assert before < 300


def test_message_leads_back_to_the_same_way(conn: pool.Connection, told: tuple[str, int, str]):
    cause, delivery_id, key = told
    assert steps(conn, str(delivery_id)) == steps(conn, key) == steps(conn, cause)


def test_another_reading_of_that_night_names_the_one_that_tipped_it(conn: pool.Connection, told: tuple[str, int, str]):
    [(trap_id, boot, seq)] = conn.execute(
        "SELECT trap_id, boot, seq FROM reading WHERE trap_id || '/' || boot || '/' || seq <> %s LIMIT 1", [told[0]]
    ).fetchall()
    found = traces.follow(conn, traces.find(conn, f"{trap_id}/{boot}/{seq}"))
    assert [one.step for one in found] == ["measured", "received", "stored", "raised"]
    assert found[-1].what.endswith(f"by {told[0]}")


def test_nobody_is_named(conn: pool.Connection, told: tuple[str, int, str]):
    text = " ".join(step.what for step in traces.follow(conn, traces.find(conn, told[0])))
    assert "0912345678" not in text
    assert "Bà Tư" not in text


def test_what_the_clock_ends_has_no_reading_behind_it(database: str, conn: pool.Connection):
    [trap_id] = a_village(conn, 1)
    a_person(conn, None)
    for night, total in enumerate([360, 10, 10, 10]):
        store(conn, a_night(trap_id, night, total))
    conn.execute("UPDATE judged_night SET changed_at = now() - interval '1 hour'")
    alerts.judge_over(conn, None, 1e9)
    conn.commit()
    causes = conn.execute("SELECT word, cause FROM alert_event ORDER BY event_id").fetchall()
    assert [cause is None for word, cause in causes if word == "raised"] == [False]


def test_of_a_reading_that_is_not_there_the_ledger_speaks(conn: pool.Connection):
    [trap_id] = a_village(conn, 1)
    start = datetime(2026, 10, 1, 13, 0, tzinfo=UTC)
    late = a_reading(seq=5, start=start, end=start + timedelta(minutes=10))
    topic = a_topic(org=ORG, trap_id=trap_id).encode()
    store_batch(conn, [Message(1, 1, 1, topic, late.payload(), datetime.now(UTC).timestamp())])
    conn.commit()
    found = traces.follow(conn, traces.find(conn, f"{trap_id}/{late.boot}/3"))
    assert [(one.step, one.what) for one in found] == [("ledger", "missing")]


@pytest.mark.parametrize("what", ["trap-1/7/7", "999", "5e5fa5e5-0000-4000-8000-000000000000"])
def test_what_was_never_heard_of_is_said_to_be_so(conn: pool.Connection, what: str):
    with pytest.raises(NotFound):
        traces.follow(conn, traces.find(conn, what))


@pytest.mark.parametrize("what", ["", "x", "a/b/c", "trap-1/1", "²", "9" * 30])
def test_what_names_nothing_is_refused(conn: pool.Connection, what: str):
    with pytest.raises(InputFault):
        traces.find(conn, what)


def lines(program: Program, message: str) -> list[dict[str, Any]]:
    """What a program has logged under these words."""
    found = [json.loads(line) for line in program.output().splitlines() if line.startswith("{")]
    return [one for one in found if one["message"] == message]


def test_logs_of_ingest_and_notifier_name_the_reading(
    database: str, conn: pool.Connection, broker: Broker, trap_side: TrapSide, start_ingest, start_program
):
    [trap_id] = a_village(conn, 1)
    a_person(conn, None, addresses={"console": "0912345678"})
    written = {"LIGHTTRAP_LOG__FORMAT": "json", "LIGHTTRAP_INGEST__ALERT_WITHIN_S": "1e9"}
    ingest = start_ingest(database, broker.url, **written)
    notifier = start_program(
        "lighttrap.notify", LIGHTTRAP_DATABASE__DSN=database, LIGHTTRAP_NOTIFY__CONSOLE__IS_ON="true",
        LIGHTTRAP_NOTIFY__METRICS_PORT="0", LIGHTTRAP_NOTIFY__POLL_S="0.2", **written,
    )  # fmt: skip
    trap_side.send_all((message.topic.decode(), message.payload) for message in a_night(trap_id, NIGHT, 360))
    wait_until(lambda: lines(notifier, "message sent"), within=30)
    [raised], [sent] = lines(ingest, "alert event"), lines(notifier, "message sent")
    assert raised["trace"] == sent["trace"]
    assert raised["event"] == sent["event"]
    # It is said before it is written down.
    wait_until(lambda: steps(conn, sent["trace"])[-1], equals="ended")
