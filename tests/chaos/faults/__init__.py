"""Every fault, by name."""

from __future__ import annotations

from tests.chaos.fault import Fault
from tests.chaos.faults import broker, database, disks, ingest, network, restore, rivals, traffic


def every_fault() -> dict[str, Fault]:
    """The faults in the order of the report."""
    modules = (traffic, ingest, broker, database, disks, restore, network, rivals)
    return {fault.name: fault for module in modules for fault in module.FAULTS}
