"""The database is lost and comes back from a backup that is older than what traps were told is safe."""

from __future__ import annotations

from tests.chaos.fault import Fault
from tests.chaos.scene import Scene


def _lost(scene: Scene) -> None:
    """A backup under load, work that goes on, the database gone at a random moment, the backup put back elsewhere."""
    ingest = scene.start_ingest()
    with scene.load(2000):
        scene.wait_until_stored(scene.rng.randrange(800 * scene.scale))
        backup = scene.take_backup()
        scene.wait_until_stored(backup.tables["public.reading"].rows + scene.rng.randrange(1, 400))
        ingest.kill()
        scene.restore(backup)
        scene.start_ingest()
    if scene.wait_until_asked() == 0:
        scene.complain("nothing was lost, so nothing is shown")


FAULTS = (
    Fault(
        "database-restored", "database lost, an older backup put back", _lost,
        settings={"LIGHTTRAP_INGEST__GAP_SCAN_S": "0.2", "LIGHTTRAP_INGEST__GAP_PATIENCE_S": "0"},
    ),
)  # fmt: skip
