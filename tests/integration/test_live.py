"""Live updates: what is stored is told at once, to those it concerns, and streams end when they must."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from api.live import MOST_IDS, Follower
from lighttrap import migrate, wire
from lighttrap.model import Role
from lighttrap.store import alerts, corrections, live, news, pool, tokens, visits
from lighttrap.store.corrections import CatchKey, Seen
from lighttrap.store.live import Change
from tests.builders import NIGHTFALL, ORG, TRAP, a_reading, a_trap, store_readings
from tests.cluster import Cluster, Databases
from tests.fix_api import ApiProgram, a_token
from tests.outbreak import BPH, FIRST, RULE, a_night, a_village, store
from tests.waiting import wait_until

PLACE = f"/v1/orgs/{ORG}/live"
QUICK = {"LIGHTTRAP_API__LIVE_CHECK_S": "0.3"}
StartApi = Callable[..., ApiProgram]


class Stream:
    """Somebody who follows an org."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.told: list[tuple[str, Any]] = []
        self.status = 0
        self.has_ended = False
        place = urlsplit(url)
        self._connection = HTTPConnection(place.hostname or "", place.port)
        self._connection.request("GET", PLACE, headers=headers)
        self._socket = self._connection.sock
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with suppress(OSError, HTTPException), self._connection.getresponse() as answer:
            self.status = answer.status
            event = ""
            while line := answer.readline().decode():
                word, _, text = line.rstrip().partition(": ")
                event = text if word == "event" else event
                if word == "data":
                    self.told.append((event, json.loads(text)["ids"]))
        self.has_ended = True

    def of(self, about: str) -> list[Any]:
        """The ids told of something."""
        return [ids for event, ids in self.told if event == about]

    def close(self) -> None:
        """Hangs up, as a browser's tab that is closed."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._connection.close()
        self._socket.close()


@pytest.fixture
def follow() -> Iterator[Callable[[ApiProgram, dict[str, str]], Stream]]:
    """Follows an org until the test ends; waits for the first `resync`."""
    opened: list[Stream] = []

    def open_one(program: ApiProgram, headers: dict[str, str]) -> Stream:
        stream = Stream(program.url, headers)
        opened.append(stream)
        wait_until(lambda: stream.of("resync") or stream.has_ended)
        return stream

    yield open_one
    for stream in opened:
        stream.close()


@pytest.fixture(scope="module")
def place(databases: Databases) -> Iterator[str]:
    """One database for all who share a program."""
    dsn = databases.clone()
    yield dsn
    databases.drop(dsn)


@pytest.fixture(scope="module")
def program(place: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiProgram]:
    """The API as a program that checks often whether streams may go on; starting one takes seconds."""
    started = ApiProgram(place, tmp_path_factory.mktemp("live") / "api.log", **QUICK)
    started.start()
    try:
        started.wait_until_ready()
        wait_until(lambda: "live updates are listened for" in started.output())
        yield started
    finally:
        started.kill()


@pytest.fixture
def there(place: str) -> Iterator[pool.Connection]:
    """A connection to the database of the shared program."""
    with pool.connect(place) as connection:
        yield connection


def streams_of(program: ApiProgram) -> float:
    """How many streams the program says it has."""
    text = httpx2.get(f"{program.url}/metrics").text
    return float(text.split("\nlighttrap_api_live_streams ")[1].split("\n")[0])


def test_reading_that_ingest_stores_is_told(place, there, program, follow, broker, start_ingest, trap_side):
    a_trap(there)
    stream = follow(program, a_token(there, ORG, Role.VIEWER))
    start_ingest(place, broker.url, LIGHTTRAP_INGEST__BATCH_S="0.05")
    trap_side.send(a_reading(1))
    wait_until(lambda: stream.of("catch"), equals=[[TRAP]])


def test_alert_and_status_are_told(there, program, follow):
    [trap_id] = a_village(there, 1)
    stream = follow(program, a_token(there, ORG, Role.VIEWER))
    store(there, a_night(trap_id, 0, 600))
    wait_until(lambda: stream.of("alert") and stream.of("catch"))
    # Of the night; an ingest that ran on this database before may have found traps silent.
    [(alert_id,)] = there.execute("SELECT alert_id FROM alert WHERE kind = 'catch'").fetchall()
    assert stream.of("alert") == [[alert_id]]
    news.store_status(there, ORG, trap_id, wire.StatusPacket(v=1, online=True), datetime.now(UTC))
    there.commit()
    wait_until(lambda: stream.of("trap"), equals=[[trap_id]])


def test_another_orgs_are_not_told(there, program, follow):
    a_trap(there)
    a_trap(there, "ag-001", org="an-giang")
    stream = follow(program, a_token(there, ORG, Role.VIEWER))
    store_readings(there, a_reading(1), trap_id="ag-001", org="an-giang")
    store_readings(there, a_reading(2))
    wait_until(lambda: stream.of("catch"))
    assert stream.told == [("resync", None), ("catch", [TRAP])]


def test_nobody_follows_without_a_role_there(there, program, follow):
    for headers, status in (({}, 401), (a_token(there, "an-giang", Role.ADMIN), 404)):
        assert httpx2.get(program.url + PLACE, headers=headers).status_code == status


def test_stream_ends_soon_after_its_token_is_revoked(there, program, follow):
    headers = a_token(there, ORG, Role.VIEWER)
    token_id = tokens.list_tokens(there)[-1].token_id
    other = follow(program, a_token(there, ORG, Role.VIEWER))
    stream = follow(program, headers)
    tokens.revoke_token(there, token_id)
    there.commit()
    wait_until(lambda: stream.has_ended, within=5)
    assert not other.has_ended
    wait_until(lambda: streams_of(program), equals=1)


def test_stream_ends_after_its_time_and_may_be_asked_for_again(database, conn, start_api, follow):
    program = start_api(database, LIGHTTRAP_API__LIVE_S="0.5")
    program.wait_until_ready()
    headers = a_token(conn, ORG, Role.VIEWER)
    streams = [follow(program, headers)]
    wait_until(lambda: streams[0].has_ended, within=5)
    streams.append(follow(program, headers))
    wait_until(lambda: streams[1].has_ended, within=5)
    assert [stream.status for stream in streams] == [200, 200]


def test_caller_has_some_streams_at_most_and_may_open_another_when_one_is_closed(database, conn, start_api, follow):
    program = start_api(database, LIGHTTRAP_API__LIVE_STREAMS="2")
    program.wait_until_ready()
    headers = a_token(conn, ORG, Role.VIEWER)
    first, _ = follow(program, headers), follow(program, headers)
    refused = httpx2.get(program.url + PLACE, headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (429, "too-many-tries")
    assert follow(program, a_token(conn, ORG, Role.VIEWER)).status == 200
    first.close()
    wait_until(lambda: streams_of(program), equals=2)
    assert follow(program, headers).status == 200


def test_many_streams_hold_no_connection_and_no_thread(database, conn, start_api, follow):
    program = start_api(database, LIGHTTRAP_API__CONNECTIONS="1", LIGHTTRAP_API__LIVE_STREAMS="40", **QUICK)
    program.wait_until_ready()
    headers = a_token(conn, ORG, Role.VIEWER)
    streams = [follow(program, headers) for _ in range(40)]
    a_trap(conn)
    for _ in range(20):
        assert httpx2.get(f"{program.url}/v1/orgs/{ORG}/traps", headers=headers, timeout=5).status_code == 200
    store_readings(conn, a_reading(1))
    wait_until(lambda: all(stream.of("catch") == [[TRAP]] for stream in streams))


def test_restarted_database_makes_every_stream_ask_anew(own_cluster: Cluster, start_api, follow):
    with pool.connect(own_cluster.dsn()) as conn:
        migrate.migrate(conn)
        headers = a_token(conn, ORG, Role.VIEWER)
        a_trap(conn)
    program = start_api(own_cluster.dsn(), **QUICK)
    program.wait_until_ready()
    stream = follow(program, headers)
    wait_until(lambda: "live updates are listened for" in program.output())
    before = len(stream.of("resync"))
    own_cluster.stop()
    wait_until(lambda: "live updates are away" in program.output())
    own_cluster.start()
    wait_until(lambda: len(stream.of("resync")) > before, within=30)
    with pool.connect(own_cluster.dsn()) as conn:
        store_readings(conn, a_reading(1))
    wait_until(lambda: stream.of("catch"), equals=[[TRAP]])
    assert not stream.has_ended


@pytest.mark.parametrize("processes", ["1", "2"])
def test_program_with_open_streams_stops_in_time(database, conn, start_api, follow, processes):
    program = start_api(database, LIGHTTRAP_API__PROCESSES=processes)
    program.wait_until_ready()
    headers = a_token(conn, ORG, Role.VIEWER)
    streams = [follow(program, headers) for _ in range(4)]
    began = time.monotonic()
    program.stop()
    assert time.monotonic() - began < 5
    assert program.process is not None
    assert program.process.returncode == 0
    wait_until(lambda: all(stream.has_ended for stream in streams))


# What the database says


@pytest.fixture
def heard(database: str) -> Iterator[Callable[[], list[Change]]]:
    """What was said since it was asked last."""
    with pool.connect(database) as ears:
        ears.autocommit = True
        live.listen(ears)
        yield lambda: list(live.changes(ears, 0.2))


def test_what_is_undone_is_not_told(conn, heard):
    a_trap(conn)
    conn.execute("INSERT INTO trap_night VALUES (%s, '2025-11-22', 600, 600, 1, now(), now())", (TRAP,))
    conn.rollback()
    assert heard() == []


def test_status_that_is_known_is_not_told_again(conn, heard):
    a_trap(conn)
    for _ in range(2):
        news.store_status(conn, ORG, TRAP, wire.StatusPacket(v=1, online=True, at=NIGHTFALL), NIGHTFALL)
        conn.commit()
    news.store_status(conn, ORG, TRAP, wire.StatusPacket(v=1, online=False, at=NIGHTFALL.replace(hour=1)), NIGHTFALL)
    conn.commit()
    assert {change.about for change in heard()} == {"trap"}
    news.store_status(conn, ORG, TRAP, wire.StatusPacket(v=1, online=False, at=NIGHTFALL.replace(hour=1)), NIGHTFALL)
    conn.commit()
    assert heard() == []


def test_visit_and_correction_are_told(conn, heard):
    [trap_id] = a_village(conn, 1)
    store(conn, a_night(trap_id, 0, 600))
    heard()
    visits.add_visit(conn, ORG, trap_id, author="Lan")
    conn.commit()
    assert heard() == [Change(ORG, "trap", frozenset({trap_id}))]
    key = CatchKey(trap_id, BPH, FIRST)
    corrections.put_correction(conn, ORG, key, 60, seen=Seen(600), reason="x", author="Lan")
    conn.commit()
    assert {change.about for change in heard()} == {"catch", "alert"}


@pytest.mark.parametrize(("number", "are_named"), [(200, True), (201, False)])
def test_many_traps_at_once_fit_into_what_can_be_said(conn, heard, number, are_named):
    a_trap(conn)
    conn.execute(
        "INSERT INTO trap (trap_id, org_id, name, in_service_from) SELECT lpad(n::text, 32, 'x'), %s, 'x', now()"
        " FROM generate_series(1, %s) AS n",
        (ORG, number),
    )
    conn.execute(
        "INSERT INTO trap_night SELECT lpad(n::text, 32, 'x'), '2025-11-22', 600, 600, 1, now(), now()"
        " FROM generate_series(1, %s) AS n",
        (number,),
    )
    conn.commit()
    [change] = heard()
    assert (change.ids is not None and len(change.ids) == number) == are_named


def test_rule_that_judges_thousands_of_nights_is_one_word(conn, heard):
    traps_there = a_village(conn, 6)
    for trap_id in traps_there:
        store(conn, a_night(trap_id, 0, 600))
    heard()
    alerts.put_rule(conn, RULE, told_within_s=1e9)
    assert len(heard()) <= 2


# What waits for a slow reader


def test_what_waits_for_a_slow_reader_is_merged_and_bounded():
    async def slow() -> None:
        follower = Follower(ORG, "token 1 (x)")
        follower.tell(Change(ORG, "catch", frozenset({"st-001"})))
        assert follower.take() == {"resync": None}
        assert follower.take() == {}
        for number in range(MOST_IDS):
            follower.tell(Change(ORG, "catch", frozenset({f"st-{number}"})))
            follower.tell(Change(ORG, "alert", frozenset({number % 7})))
        assert follower.take() == {"catch": {f"st-{n}" for n in range(MOST_IDS)}, "alert": set(range(7))}
        for number in range(100_000):
            follower.tell(Change(ORG, "catch", frozenset({f"st-{number}"})))
        assert follower.take() == {"catch": None}
        assert not await follower.wait(0.01)
        follower.tell(Change(ORG, "trap", None))
        assert await follower.wait(10)
        assert follower.take() == {"trap": None}

    asyncio.run(slow())
