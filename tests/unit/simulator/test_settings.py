from __future__ import annotations

import json
from pathlib import Path

import pytest

from lighttrap.errors import ConfigError, InputFault
from simulator.__main__ import main
from simulator.config import FleetSettings, SimulatorSettings
from simulator.memory import Memory, load
from tests.simulated import NOON_S, a_device


def test_option_wins_over_environment_and_environment_over_default(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LIGHTTRAP_SIMULATOR__TRAPS", "7")
    monkeypatch.setenv("LIGHTTRAP_SIMULATOR__SEED", "5")
    settings = SimulatorSettings(simulator={"traps": "9"}).simulator
    assert (settings.traps, settings.seed, settings.interval_s) == (9, 5, 60)


def test_trap_ids_are_those_that_the_command_line_registers():
    assert FleetSettings(traps=2, prefix="st").trap_ids == ["st-00001", "st-00002"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--traps", "0"], "traps"),
        (["--org", "Demo!"], "org"),
        (["--species", "Rầy nâu"], "species"),
        (["--faults", "explode=1"], "explode"),
        (["--lamp-hours", "10:00-14:00"], "noon"),
        (["--zone", "Mars/Olympus"], "time zone"),
        (["--fast"], "--history-days"),
        (["--once", "--history-days", "3"], "--once"),
        (["--broker-url", "http://127.0.0.1"], "mqtt://"),
        (["--prefix", "a-much-too-long-prefix-for-ids"], "prefix"),
    ],
)
def test_settings_that_cannot_work_are_refused_in_one_sentence(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["run", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_a_state_file_is_written_and_read_whole(tmp_path: Path):
    path = tmp_path / "state.json"
    device = a_device()
    device.connected(NOON_S, 0)
    device.poll(NOON_S + 86_400, 0, 100)
    memory = load(path, "demo", "sim", 1)
    memory.save(path, [device], 123.0)
    again = load(path, "demo", "sim", 1)
    revived = a_device()
    assert again.recall(revived)
    assert (again.nonce, again.saved_s, revived.state()) == (memory.nonce, 123.0, device.state())
    assert not again.recall(a_device("sim-00002"))


def test_state_of_another_fleet_is_refused(tmp_path: Path):
    path = tmp_path / "state.json"
    Memory("demo", "sim", 1).save(path, [], 1.0)
    with pytest.raises(ConfigError, match="seed 1"):
        load(path, "demo", "sim", 2)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 9}'])
def test_a_state_file_that_cannot_be_read_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "state.json"
    path.write_text(text)
    with pytest.raises(InputFault, match="state file"):
        load(path, "demo", "sim", 1)


@pytest.mark.parametrize(
    "damage",
    [{}, {"journal": {}, "marks": {}, "is_past": False}, {"journal": {"planned_s": 1, "stretches": []}, "marks": {}}],
)
def test_damaged_state_of_a_trap_is_refused(tmp_path: Path, damage: dict[str, object]):
    path = tmp_path / "state.json"
    Memory("demo", "sim", 1).save(path, [a_device()], 1.0)
    document = json.loads(path.read_text())
    document["traps"]["sim-00001"] = damage
    path.write_text(json.dumps(document))
    with pytest.raises(InputFault, match="sim-00001"):
        load(path, "demo", "sim", 1).recall(a_device())


def test_a_state_file_that_cannot_be_written_is_said(tmp_path: Path):
    with pytest.raises(InputFault, match="cannot be written"):
        Memory("demo", "sim", 1).save(tmp_path / "absent" / "state.json", [], 1.0)
