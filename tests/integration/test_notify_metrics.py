"""What the notifier tells of itself while it works, and when it cannot."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request

from lighttrap.notify.metrics import FAN_OUT, STEP_LIMIT_S, Metrics
from lighttrap.notify.sender import Sender
from lighttrap.notify.settings import NotifierSettings
from lighttrap.store import pool
from tests.outbreak import OUTBREAK, a_night, a_person, a_village, store
from tests.post import DOWN, LOST, REFUSED, Post
from tests.services import free_port
from tests.waiting import wait_until


def page(port: int, path: str) -> tuple[int, str]:
    """Status and body; (0, "") while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()
    except OSError:
        return 0, ""


def test_attempts_are_counted_by_channel_and_outcome(database: str, conn: pool.Connection):
    [trap_id] = a_village(conn, 1)
    for _ in range(4):
        a_person(conn, None, kind="staff")
    store(conn, a_night(trap_id, 0, max(OUTBREAK)))
    metrics, post = Metrics(), Post(database)
    post.fan_out()
    post.script = [DOWN, LOST, REFUSED]
    sender = Sender(post, NotifierSettings(), database, metrics=metrics)
    while sender.step(conn):
        pass
    sender.close()
    counted = {
        outcome: metrics.registry.get_sample_value(
            "lighttrap_notify_attempts_total", {"channel": "sms", "outcome": outcome}
        )
        for outcome in ("sent", "failed", "unknown", "refused")
    }
    assert counted["failed"] == counted["unknown"] == counted["refused"] == 1
    assert sum(filter(None, counted.values())) == len(post.asked)
    measured = metrics.registry.get_sample_value("lighttrap_notify_provider_seconds_count", {"channel": "sms"})
    assert measured == len(post.asked)


def test_a_part_that_does_not_come_round_is_found_out(monkeypatch):
    metrics = Metrics()
    now_s = 1000.0
    monkeypatch.setattr("lighttrap.notify.metrics.time.monotonic", lambda: now_s)
    metrics.beat("sms", "one of its senders")
    metrics.beat("sms", "another")
    now_s += STEP_LIMIT_S + 1
    metrics.beat("sms", "another")
    metrics.beat(FAN_OUT, "the main thread")
    assert metrics.faults() == ["sms stands still"]
    assert metrics.registry.get_sample_value("lighttrap_notify_step_age_seconds", {"part": "sms"}) == STEP_LIMIT_S + 1


def test_notifier_serves_its_metrics_and_says_whether_it_is_ready(start_program, database: str):
    port = free_port()
    program = start_program(
        "lighttrap.notify", LIGHTTRAP_DATABASE__DSN=database, LIGHTTRAP_NOTIFY__METRICS_PORT=str(port),
        LIGHTTRAP_NOTIFY__CONSOLE__IS_ON="true",
    )  # fmt: skip
    wait_until(lambda: page(port, "/readyz") == (200, "ready"))
    assert page(port, "/healthz") == (200, "alive")
    text = page(port, "/metrics")[1]
    assert 'lighttrap_notify_step_age_seconds{part="fan-out"}' in text
    assert 'lighttrap_notify_step_age_seconds{part="console"}' in text
    program.stop()


def test_notifier_without_a_database_lives_and_is_not_ready(start_program):
    port = free_port()
    start_program(
        "lighttrap.notify", LIGHTTRAP_DATABASE__DSN=f"postgresql://x@127.0.0.1:{free_port()}/x",
        LIGHTTRAP_NOTIFY__METRICS_PORT=str(port),
    )  # fmt: skip
    wait_until(lambda: page(port, "/healthz") == (200, "alive"))
    assert page(port, "/readyz") == (503, "no database")


def test_a_port_that_is_taken_is_said_in_one_sentence(start_program, database: str):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        program = start_program(
            "lighttrap.notify", LIGHTTRAP_DATABASE__DSN=database, LIGHTTRAP_NOTIFY__METRICS_PORT=str(port)
        )
        assert program.wait() == 2
    assert "the port for /metrics" in program.output()
    assert "Traceback" not in program.output()
