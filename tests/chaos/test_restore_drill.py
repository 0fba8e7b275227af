"""The restore drill, with the commands as a technician types them: the server dies, another takes its place."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from lighttrap import model
from lighttrap.backup import manifest, restore
from lighttrap.store import alerts, corrections, fields, pool, restores, traps
from lighttrap.store.corrections import CatchKey, Seen
from tests.builders import NIGHTFALL, ORG, a_topic
from tests.chaos.fault import Fault
from tests.chaos.faults.restore import FAULTS
from tests.chaos.journal import Outgoing
from tests.chaos.scene import Scene
from tests.chaos.site import Site
from tests.chaos.workers import OURS
from tests.cluster import Cluster, Databases
from tests.fix_broker import find_mosquitto
from tests.ledger_check import balance
from tests.outbreak import a_person
from tests.services import missing
from tests.waiting import wait_until

pytestmark = [pytest.mark.db, pytest.mark.broker, pytest.mark.slow]

BPH = "nilaparvata-lugens"
COUNTS = """
    SELECT (SELECT count(*) FROM reading), (SELECT count(*) FROM correction), (SELECT count(*) FROM quarantine),
           (SELECT count(*) FROM recipient), (SELECT count(*) FROM alert_event)
"""


def lighttrap(*words: str | Path, meanwhile: Callable[[], object] | None = None, **settings: str) -> str:
    """Runs a command and returns what it prints; does something else again and again until it has ended."""
    command = [sys.executable, "-c", "from lighttrap.cli.main import app; app()", *map(str, words)]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("LIGHTTRAP_")}
    environ = {**clean, **settings}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ) as child:
        while meanwhile and child.poll() is None:
            meanwhile()
        said, complained = child.communicate()
    assert child.returncode == 0, complained
    return said.strip()


@pytest.fixture
def scene(own_cluster: Cluster) -> Iterator[Scene]:
    """A fleet whose traps stand in fields with a rule, and a farmer who is told; its server may die."""
    mosquitto = find_mosquitto()
    if mosquitto is None:
        missing("no mosquitto found")
    fault = Fault("drill", "the drill", lambda _: None, settings=FAULTS[0].settings)
    site = Site(own_cluster, Databases(own_cluster.dsn()), mosquitto)
    with ExitStack() as stack:
        made = Scene(site, fault, OURS, random.Random(7), 1, stack)
        with pool.connect(made.dsn) as conn:
            _furnish(conn, list(made.fleet.rings))
        yield made


def _furnish(conn: pool.Connection, trap_ids: list[str]) -> None:
    alerts.put_rule(conn, model.AlertRule(ORG, BPH, "an agronomist", watch=30, warning=1000, alarm=5000))
    for number, trap_id in enumerate(trap_ids):
        fields.put_field(conn, model.Field(f"field-{number}", ORG, f"Ruộng {number}", "Asia/Ho_Chi_Minh"))
        traps.deploy(conn, trap_id=trap_id, field_id=f"field-{number}", at=NIGHTFALL.replace(year=2025, month=1))
    a_person(conn, "field-1")


def _correct(scene: Scene) -> None:
    with pool.connect(scene.dsn) as conn:
        query = "SELECT trap_id, night, count FROM catch WHERE species = %s ORDER BY 1, 2 LIMIT 1"
        [(trap_id, night, count)] = conn.execute(query, [BPH]).fetchall()
        key = CatchKey(trap_id, BPH, night)
        corrections.put_correction(conn, ORG, key, 7, seen=Seen(count), reason="đếm lại", author="Lan")


def _counts(dsn: str) -> tuple[int, ...]:
    with psycopg.connect(dsn) as conn:
        return conn.execute(COUNTS.encode()).fetchone() or ()


def test_a_server_that_died_is_restored_elsewhere_and_the_rings_fill_what_the_backup_lacks(
    scene: Scene, databases: Databases, own_cluster: Cluster, tmp_path: Path
):
    fleet, ingest = scene.fleet, scene.start_ingest()
    poison = Outgoing("", 0, 0, a_topic(trap_id=next(iter(fleet.rings))), b"?", "not_json")
    fleet.send_and_wait([*fleet.readings(400), poison])
    scene.wait_until_stored(400)
    _correct(scene)

    def work_on() -> None:
        fleet.send_and_wait(fleet.readings(20))

    file = Path(lighttrap("backup", "--to", tmp_path, meanwhile=work_on, LIGHTTRAP_DATABASE__DSN=scene.dsn))
    fleet.send_and_wait(fleet.readings(200))
    sent = len(fleet.journal.account().sent)
    scene.wait_until_stored(sent)
    saved = manifest.read(file).tables["public.reading"].rows
    assert 400 <= saved <= sent - 200
    ingest.kill()
    own_cluster.kill()

    with restore.throw_away(databases.admin_dsn) as elsewhere:
        assert "and compared" in lighttrap("restore", file, "--into", elsewhere)
        readings, corrected, refused, people, events = _counts(elsewhere)
        assert (readings, corrected, refused, people, events > 0) == (saved, 1, 1, 1, True)
        with pool.connect(elsewhere) as conn:
            assert restores.holding(conn) is not None
        scene.dsn = elsewhere
        fleet.journal.broker_died()
        scene.start_ingest()
        assert scene.wait_until_asked() == sent - saved
        fleet.send_again()
        scene.wait_until_stored(sent)
        wait_until(fleet.unconfirmed, equals=0, within=30)
        with pool.connect(elsewhere) as conn:
            assert balance(conn, fleet.journal.account().sent).is_even
        scene.ingest.kill()
    own_cluster.start()
