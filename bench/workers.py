"""One, two and four workers side by side, each with the traps of its own orgs."""

from __future__ import annotations

import time

from bench import backlog
from bench.servers import LOOK_EVERY_S, Ingest, Servers, register, wait_for
from lighttrap import topics

NUMBERS = (1, 2, 4)


def measure(servers: Servers, metrics_port: int, messages: int) -> list[dict[str, int]]:
    """Readings stored a second by 1, 2 and 4 workers together, each draining an equal share."""
    found = []
    for run, number in enumerate(NUMBERS):
        orgs = [f"bench-{number}-{index}" for index in range(number)]
        traps = {org: topics.numbered_trap_ids(org, 1000 // number) for org in orgs}
        for org, ids in traps.items():
            register(servers.dsn, org, ids)
            backlog.keep_session(servers.broker_port, org, org=org)
            backlog.fill(servers.broker_port, backlog.readings(ids, messages // number, org, 1 + run))
        found.append({"workers": number, "stored_per_s": round(_drain(servers, metrics_port, orgs, messages))})
    return found


def _drain(servers: Servers, metrics_port: int, orgs: list[str], messages: int) -> float:
    workers = [Ingest(servers, metrics_port + index, org, org) for index, org in enumerate(orgs)]

    def stored() -> int:
        return sum(worker.stored() for worker in workers)

    try:
        wait_for(lambda: all(worker.stored() for worker in workers), 60)
        began, first = time.perf_counter(), stored()
        whole = messages // len(orgs) * len(orgs)
        wait_for(lambda: stored() >= whole, 300, every_s=LOOK_EVERY_S)
        return (whole - first) / (time.perf_counter() - began)
    finally:
        for worker, org in zip(workers, orgs, strict=True):
            worker.stop()
            backlog.forget_session(servers.broker_port, org)
