from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lighttrap.up import orphan


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def test_recorded_process_is_ended(tmp_path: Path, sleeper: subprocess.Popen[bytes]):
    orphan.record(tmp_path, "broker", sleeper.pid)
    assert orphan.end_recorded(tmp_path, "broker", [signal.SIGTERM], 5) == sleeper.pid
    assert sleeper.wait(5) == -signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


def test_stranger_with_the_same_id_is_left_alone(tmp_path: Path, sleeper: subprocess.Popen[bytes]):
    record = {"pid": sleeper.pid, "birth": "another boot 42"}
    (tmp_path / "broker.json").write_text(json.dumps(record))
    assert orphan.end_recorded(tmp_path, "broker", [signal.SIGTERM], 5) is None
    assert sleeper.poll() is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}'])
def test_damaged_record_is_no_hindrance(tmp_path: Path, text: str):
    (tmp_path / "broker.json").write_text(text)
    assert orphan.end_recorded(tmp_path, "broker", [signal.SIGTERM], 5) is None


def test_process_that_ignores_all_else_is_killed(tmp_path: Path):
    deaf = subprocess.Popen(["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"], stdout=subprocess.PIPE)
    assert deaf.stdout is not None
    assert deaf.stdout.readline() == b"deaf\n"
    orphan.record(tmp_path, "broker", deaf.pid)
    assert orphan.end_recorded(tmp_path, "broker", [signal.SIGTERM], 0.2) == deaf.pid
    assert deaf.wait(5) == -signal.SIGKILL
    deaf.stdout.close()


def test_birth_is_stable_and_ends_with_the_process(sleeper: subprocess.Popen[bytes]):
    born = orphan.birth(sleeper.pid)
    assert born == orphan.birth(sleeper.pid) != orphan.birth(os.getpid())
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert orphan.birth(sleeper.pid) is None, "a dead process that nobody has buried is no longer alive"
