"""Faults in what is sent: too often, out of order, at impossible times, or nothing that can be understood."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lighttrap import topics
from lighttrap.store import pool
from tests import corpus
from tests.builders import NIGHTFALL, ORG, a_reading
from tests.chaos.fault import Fault
from tests.chaos.journal import Outgoing
from tests.chaos.ring import Ring
from tests.chaos.scene import Scene

TIMES = 10
RECONNECTS = 3


def _none(scene: Scene) -> None:
    scene.start_ingest()
    with scene.load(2500):
        pass


def _storm(scene: Scene) -> None:
    ingest = scene.start_ingest()
    many = scene.fleet.readings(300 * scene.scale) * TIMES
    scene.rng.shuffle(many)
    with scene.fleet.load(many):
        for part in range(RECONNECTS):
            scene.wait_until_stored(90 * scene.scale * (part + 1))
            scene.rng.choice(scene.fleet.lines).drop()
        ingest.kill()
        ingest.start()


def _reordered(scene: Scene) -> None:
    """A week of readings in random order."""
    scene.start_ingest()
    week = scene.fleet.readings(2000 * scene.scale, lambda seq: NIGHTFALL - timedelta(hours=7 * seq))
    scene.rng.shuffle(week)
    with scene.fleet.load(week):
        pass


def _clocks(scene: Scene) -> None:
    """Readings at impossible times are refused, each once; those of a clock set back are stored."""
    scene.start_ingest()
    now = datetime.now(UTC)
    starts = {
        datetime(1970, 1, 1, tzinfo=UTC): "clock_behind",
        datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC): "clock_ahead",
        datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC): "clock_ahead",
        now + timedelta(days=1): "clock_ahead",
        now - timedelta(days=1): "",
        NIGHTFALL: "",
    }
    sent = []
    for start, reason in list(starts.items()) * 30:
        sent += [one._replace(poison=reason) for one in scene.fleet.readings(5, lambda _seq, at=start: at)]  # type: ignore[misc]
    scene.rng.shuffle(sent)
    with scene.fleet.load([*sent, *sent]):
        pass


def _poison(scene: Scene) -> None:
    """The whole corpus of malformed payloads among honest readings, and rows that only the database refuses."""
    with pool.connect(scene.dsn) as conn:
        conn.execute("ALTER TABLE reading ADD CHECK (lamp_s <> 601)")
    scene.start_ingest()
    honest = scene.fleet.readings(1000 * scene.scale)
    trap_id = next(iter(scene.fleet.rings))
    bad = [
        Outgoing(trap_id, 0, 0, topics.build(ORG, trap_id, one.kind), one.payload, one.reason)
        for one in corpus.malformed()
    ]
    lost_trap = topics.build(ORG, "nobody-knows", topics.Kind.READING)
    bad += [Outgoing(trap_id, 0, 0, lost_trap, one.payload, "unknown_trap") for one in honest[:5]]
    bad += [_for_the_database(ring, seq) for seq, ring in enumerate(scene.fleet.rings.values(), 1)]
    mixed = [*honest, *bad, *bad]
    scene.rng.shuffle(mixed)
    with scene.fleet.load(mixed):
        pass


def _for_the_database(ring: Ring, seq: int) -> Outgoing:
    """A reading of a boot that the trap does not keep, for what the database refuses stays unconfirmed."""
    packet = a_reading(seq, boot=ring.boot + 1, lamp_s=601)
    topic = topics.build(ring.org, ring.trap_id, topics.Kind.READING)
    return Outgoing(ring.trap_id, ring.boot + 1, seq, topic, packet.payload(), "database")


FAULTS = (
    Fault("none", "nothing goes wrong", _none),
    Fault("storm", f"every reading {TIMES} times, shuffled, with {RECONNECTS} reconnects and a killed ingest", _storm),
    Fault("reordered", "readings of many nights in random order", _reordered),
    Fault("clocks", "clocks at 1970, 2038, 2106, a day off and set back, all twice", _clocks),
    Fault("poison", "every malformed payload twice, among honest readings", _poison),
)
