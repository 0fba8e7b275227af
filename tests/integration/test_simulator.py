from __future__ import annotations

import csv
import json
import os
import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from lighttrap import topics
from tests.fix_broker import Broker
from tests.fix_programs import Program, StartProgram
from tests.fix_proxy import Proxy
from tests.simulated import BPH, StandIn
from tests.waiting import wait_until

SHARED = Path(os.environ.get("LIGHTTRAP_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))


class StandInIngest:
    """Subscribes to all that traps send, keeps it in a ledger, and says what is stored; killed and revived at will."""

    def __init__(self, broker: Broker) -> None:
        self.server = StandIn()
        self.is_away = False
        self.status: dict[str, dict[str, Any]] = {}
        self._broker = broker
        self._moved: set[str] = set()
        self._orgs: dict[str, str] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, "stand-in", protocol=mqtt.MQTTv5)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 1)
        self._teller = threading.Thread(target=self._tell, daemon=True)

    def start(self) -> None:
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 3_600
        self._client.connect(self._broker.host, self._broker.port, clean_start=False, properties=properties)
        self._client.loop_start()
        self._teller.start()

    def stop(self) -> None:
        self._over.set()
        self._teller.join(5)
        self._client.disconnect()
        self._client.loop_stop()

    def command(self, org: str, trap_id: str, **command: str | int) -> None:
        topic = topics.build(org, trap_id, topics.Kind.COMMAND)
        self._client.publish(topic, json.dumps({"v": 1, **command}), qos=1)

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        client.subscribe([(one, 1) for one in topics.up_filters()])

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        topic = topics.parse(message.topic)
        with self._lock:
            if topic.kind is topics.Kind.STATUS:
                self.status[topic.trap_id] = json.loads(message.payload)
            if self.is_away:
                return  # as a worker that died before its commit
            self._orgs[topic.trap_id] = topic.org
            trap_id = self.server.take(message.topic, bytes(message.payload))
            if trap_id is not None:
                self._moved.add(trap_id)

    def _tell(self) -> None:
        while not self._over.wait(0.3):
            with self._lock:
                moved, self._moved = self._moved, set()
                told = [(self._orgs[trap_id], self.server.stored_packet(trap_id)) for trap_id in moved]
                topics_of = [
                    topics.build(org, trap, topics.Kind.STORED) for (org, _), trap in zip(told, moved, strict=True)
                ]
            for topic, (_, packet) in zip(topics_of, told, strict=True):
                self._client.publish(topic, packet.payload(), qos=1, retain=True)


@pytest.fixture
def ingest(broker: Broker) -> Iterator[StandInIngest]:
    made = StandInIngest(broker)
    made.start()
    yield made
    made.stop()


def simulate(start_program: StartProgram, broker: Broker, *arguments: str) -> Program:
    return start_program("simulator", "run", *arguments, LIGHTTRAP_BROKER__URL=broker.url)


def succeeds(program: Program, within: float = 120) -> bool:
    assert program.wait(within) == 0, program.output()[-3_000:]
    return True


@pytest.fixture
def nights(tmp_path: Path) -> tuple[Path, dict[tuple[str, str], int]]:
    """A file of 3 traps and 60 nights, with one value that is not a whole number; and what it says."""
    path, said = tmp_path / "nights.csv", {}
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["name", "evening", "rầy nâu"])
        for trap in ("Bẫy số 1", "Bẫy số 2", "1047"):
            for number in range(60):
                evening = (date(2010, 1, 1) + timedelta(days=number)).isoformat()
                count = number * number * (number % 3)
                rows.writerow([trap, evening, count])
                said[{"1047": "1047"}.get(trap, f"bay-so-{trap[-1]}"), evening] = count
        rows.writerow(["1047", "2010-03-20", "12.5"])
    return path, said


def replay(start_program: StartProgram, broker: Broker, path: Path, *more: str) -> Program:
    columns = ("--trap-column", "name", "--night-column", "evening", "--count", f"{BPH}=rầy nâu")
    return start_program(
        "simulator", "replay", str(path), "--org", "soc-trang", *columns, *more, LIGHTTRAP_BROKER__URL=broker.url
    )


def sums(server: StandIn) -> dict[tuple[str, str], int]:
    """The catch per trap and evening, as stored."""
    found: dict[tuple[str, str], int] = {}
    for trap_id, boot in server.stored:
        kept = server.stored[trap_id, boot]
        evening = (kept[1].start + timedelta(hours=7)).date().isoformat()
        found[trap_id, evening] = found.get((trap_id, evening), 0) + sum(one.counts[BPH] for one in kept.values())
    return found


def test_once_means_one_reading_of_each_trap(start_program: StartProgram, broker: Broker, ingest: StandInIngest):
    program = simulate(start_program, broker, "--traps", "300", "--connections", "7", "--once", "--timeout", "60")
    assert succeeds(program)
    assert ingest.server.number == 300
    assert {len(kept) for kept in ingest.server.stored.values()} == {1}


def test_the_past_is_made_whole_although_messages_go_astray(
    start_program: StartProgram, broker: Broker, ingest: StandInIngest
):
    faults = "drop=0.02,duplicate=0.05,reorder=0.05,corrupt=0.01,reboot=0.1,flood=0.0005"
    program = simulate(
        start_program, broker, "--traps", "5", "--history-days", "6", "--fast", "--faults", faults, "--timeout", "150"
    )
    assert succeeds(program, 160)
    server = ingest.server
    assert server.conflicts == 0
    assert server.unreadable > 0
    assert all(sorted(kept) == list(range(1, len(kept) + 1)) for kept in server.stored.values())
    assert server.number >= 5 * 6 * 48 - 30


def test_a_live_fleet_says_who_is_there_and_says_goodbye(
    start_program: StartProgram, broker: Broker, ingest: StandInIngest
):
    program = simulate(start_program, broker, "--traps", "4", "--connections", "2", "--interval", "1")
    wait_until(lambda: ingest.server.number >= 12, within=30)
    assert {trap: one["online"] for trap, one in ingest.status.items()} == {f"sim-0000{n}": True for n in range(1, 5)}
    program.stop()
    assert program.process is not None
    assert program.process.returncode == 0
    wait_until(lambda: {one["online"] for one in ingest.status.values()} == {False})


def test_a_trap_that_is_killed_is_said_to_be_offline_by_its_will(
    start_program: StartProgram, broker: Broker, ingest: StandInIngest
):
    program = simulate(start_program, broker, "--traps", "1", "--interval", "1")
    wait_until(lambda: ingest.status.get("sim-00001", {}).get("online") is True, within=30)
    program.kill()
    wait_until(lambda: ingest.status["sim-00001"] == {"v": 1, "online": False})


def test_a_fleet_killed_at_any_moment_goes_on_with_the_same_readings(
    start_program: StartProgram, broker: Broker, ingest: StandInIngest, tmp_path: Path
):
    state = str(tmp_path / "state.json")
    for round_number in range(1, 4):
        program = simulate(start_program, broker, "--traps", "3", "--interval", "1", "--state", state)
        wanted = ingest.server.number + 9
        wait_until(lambda wanted=wanted: ingest.server.number >= wanted, within=40)  # type: ignore[misc]
        program.kill()
        assert len(ingest.server.stored) == 3, f"a new boot in round {round_number}"
    assert ingest.server.conflicts == 0
    last = simulate(start_program, broker, "--traps", "3", "--interval", "1", "--state", state, "--exit-after", "4")
    assert succeeds(last)
    for trap_id, boot in ingest.server.stored:
        kept = ingest.server.stored[trap_id, boot]
        assert ingest.server.watermark(trap_id, boot) == max(kept)


def test_a_fleet_killed_while_it_makes_its_past_makes_it_once(
    start_program: StartProgram, broker: Broker, ingest: StandInIngest, tmp_path: Path
):
    past = ("--traps", "3", "--history-days", "9", "--interval", "1", "--state", str(tmp_path / "state.json"))
    for part in (100, 700):
        program = simulate(start_program, broker, *past)
        wait_until(lambda part=part: ingest.server.number >= part, within=30)  # type: ignore[misc]
        program.kill()
    for _ in range(2):
        program = simulate(start_program, broker, *past)
        wait_until(lambda program=program: "playing live" in program.output(), within=60)  # type: ignore[misc]
        wanted = ingest.server.number + 60
        wait_until(lambda wanted=wanted: ingest.server.number >= wanted, within=60)  # type: ignore[misc]
        program.kill()
    assert len(ingest.server.stored) == 3
    assert ingest.server.conflicts == 0
    readings = ingest.server.readings("sim-00001")
    assert all(after.start - before.end < timedelta(minutes=1) for before, after in pairwise(readings))


def test_a_broker_that_dies_costs_nothing(start_program: StartProgram, broker: Broker, ingest: StandInIngest):
    ingest.is_away = True
    program = simulate(start_program, broker, "--traps", "6", "--history-days", "20", "--fast", "--timeout", "150")
    wait_until(lambda: _published(broker) > 500, within=30)
    broker.kill()
    broker.forget()
    broker.start()
    ingest.is_away = False
    assert succeeds(program, 160)
    assert ingest.server.conflicts == 0
    assert all(sorted(kept) == list(range(1, len(kept) + 1)) for kept in ingest.server.stored.values())


def test_a_cut_line_is_mended_and_nothing_is_missing(
    start_program: StartProgram, broker_proxy: Proxy, ingest: StandInIngest
):
    url = f"mqtt://{broker_proxy.host}:{broker_proxy.port}"
    program = start_program(
        "simulator", "run", "--traps", "2", "--interval", "1", "--exit-after", "15", LIGHTTRAP_BROKER__URL=url
    )
    wait_until(lambda: ingest.server.number >= 4, within=30)
    broker_proxy.stop()
    before = ingest.server.number
    wait_until(lambda: broker_proxy.connections == 0)
    broker_proxy.start()
    wait_until(lambda: ingest.server.number > before + 6, within=30)
    assert succeeds(program)
    assert all(sorted(kept) == list(range(1, len(kept) + 1)) for kept in ingest.server.stored.values())


def test_resend_and_set_are_obeyed(start_program: StartProgram, broker: Broker, ingest: StandInIngest):
    simulate(start_program, broker, "--traps", "1", "--interval", "1")
    wait_until(lambda: ingest.server.number >= 5, within=30)
    ((trap_id, boot),) = ingest.server.stored
    before = ingest.server.duplicates
    ingest.command("demo", trap_id, command="resend", boot=boot, from_seq=1, to_seq=4)
    wait_until(lambda: ingest.server.duplicates >= before + 4)
    ingest.command("demo", trap_id, command="resend", boot=boot + 1, from_seq=1, to_seq=2)
    wait_until(lambda: [event.boot for _, event in ingest.server.events if event.event == "gone"] == [boot + 1])
    ingest.command("demo", trap_id, command="set", interval_s=60)
    wait_until(lambda: _is_quiet(ingest), within=30)
    assert ingest.server.conflicts == 0


def _is_quiet(ingest: StandInIngest) -> bool:
    """Whether a trap that read each second has read nothing for three."""
    last = max(one.end for kept in ingest.server.stored.values() for one in kept.values())
    return time.time() - last.timestamp() > 3


def test_replayed_nights_sum_to_the_file(
    start_program: StartProgram, broker: Broker, ingest: StandInIngest, nights: tuple[Path, dict[tuple[str, str], int]]
):
    path, said = nights
    program = replay(start_program, broker, path)
    assert succeeds(program)
    assert sums(ingest.server) == said
    output = program.output()
    assert "line 182" in output
    assert "12.5" in output
    assert f"nights sent 180, readings {180 * 11}, confirmed {180 * 11}, values left out 1" in output


def test_replaying_twice_repeats_the_same_bytes(
    start_program: StartProgram, broker: Broker, ingest: StandInIngest, nights: tuple[Path, dict[tuple[str, str], int]]
):
    path, said = nights
    assert succeeds(replay(start_program, broker, path))
    assert succeeds(replay(start_program, broker, path))
    # The second is confirmed by what is retained of the first, perhaps before all of it has come here.
    wait_until(lambda: ingest.server.duplicates >= 180 * 11)
    assert sums(ingest.server) == said
    assert ingest.server.conflicts == 0


def test_replay_outlives_a_dead_ingest_and_a_dead_broker(
    start_program: StartProgram, broker: Broker, ingest: StandInIngest, nights: tuple[Path, dict[tuple[str, str], int]]
):
    path, said = nights
    ingest.is_away = True
    program = replay(start_program, broker, path, "--timeout", "150")
    wait_until(lambda: program.is_running and _published(broker) > 500, within=30)
    broker.kill()
    broker.forget()
    broker.start()
    ingest.is_away = False
    assert succeeds(program, 160)
    assert sums(ingest.server) == said
    assert ingest.server.conflicts == 0


def _published(broker: Broker) -> int:
    """Publish messages that a broker has received, by its own account."""
    seen: list[int] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "asks", protocol=mqtt.MQTTv5)
    client.on_message = lambda _client, _data, message: seen.append(int(message.payload))
    client.connect(broker.host, broker.port)
    client.subscribe("$SYS/broker/publish/messages/received")
    client.loop_start()
    try:
        wait_until(lambda: seen, within=5)
    finally:
        client.disconnect()
        client.loop_stop()
    return seen[-1]


def test_replay_tells_as_json_what_became_of_it(
    start_program: StartProgram, broker: Broker, ingest: StandInIngest, nights: tuple[Path, dict[tuple[str, str], int]]
):
    program = replay(start_program, broker, nights[0], "--json")
    assert succeeds(program)
    result = json.loads(program.output().splitlines()[-1])
    assert (result["nights"], result["confirmed"], result["nights_stored"]) == (180, 1_980, 180)
    assert [(one["line"], one["value"]) for one in result["left_out"]] == [(182, "12.5")]


def test_replay_that_is_never_confirmed_says_so_and_fails(
    start_program: StartProgram, broker: Broker, nights: tuple[Path, dict[tuple[str, str], int]]
):
    program = replay(start_program, broker, nights[0], "--timeout", "3")
    assert program.wait(30) == 1
    assert "1980 readings are not confirmed" in program.output()


def test_replay_without_a_broker_waits_and_then_fails(
    start_program: StartProgram, nights: tuple[Path, dict[tuple[str, str], int]]
):
    columns = ("--trap-column", "name", "--night-column", "evening", "--count", f"{BPH}=rầy nâu", "--timeout", "2")
    program = start_program(
        "simulator", "replay", str(nights[0]), "--org", "demo", *columns, LIGHTTRAP_BROKER__URL="mqtt://127.0.0.1:9"
    )
    assert program.wait(30) == 1
    assert "Traceback" not in program.output()
