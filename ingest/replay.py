"""Takes quarantined messages through the same path as new ones.

`python -m ingest replay` does it for whoever sits at the machine; the worker does it for whoever asked over HTTP.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

from ingest.broker import Message
from ingest.pipeline import Outcome, quarantine_one, store_batch
from ingest.retry import store_bisecting
from lighttrap import model
from lighttrap.errors import StoreRejected
from lighttrap.store import alerts, quarantine, readings
from lighttrap.store.pool import Connection, connect, translate_errors

PAGE = 500
T = TypeVar("T")


class Run(Protocol):
    """Runs a step in a transaction of its own and commits, or raises a StoreError and leaves nothing behind."""

    def __call__(self, step: Callable[[Connection], T]) -> T:
        """Returns what the step returns."""


def main(arguments: Sequence[str], dsn: str) -> int:
    """Replays what the options name and says what became of it. Returns 0."""
    parser = argparse.ArgumentParser(prog="ingest replay", description=__doc__)
    parser.add_argument("--reason")
    parser.add_argument("--trap")
    wanted = parser.parse_args(arguments)
    with connect(dsn, application="lighttrap replay") as conn:
        results = replay(conn, wanted.reason, wanted.trap)
    kept = results.total() - results["stored"] - results["duplicate"] - results["noted"]
    print(  # noqa: T201 - it speaks to the operator
        f"{results['stored']} stored, {results['duplicate']} duplicates, {results['noted']} noted, {kept} kept back"
    )
    return 0


def replay(conn: Connection, reason: str | None, trap_id: str | None) -> Counter[str]:
    """Replays page by page, each in a transaction of its own. Returns how many met which fate."""

    def run(step: Callable[[Connection], T]) -> T:
        with translate_errors(), conn.transaction():
            return step(conn)

    results: Counter[str] = Counter()
    run(readings.create_stage)
    following = partial(
        quarantine.next_to_replay, upto=run(quarantine.newest), reason=reason, trap_id=trap_id, limit=PAGE
    )
    after = 0
    while ids := run(partial(following, after=after)):
        after = ids[-1]
        for outcome in take_up(run, ids):
            results.update(stored=outcome.stored, duplicate=outcome.duplicate, noted=outcome.noted)
            results.update(outcome.refused)
        print(f"{results.total()} messages", file=sys.stderr)  # noqa: T201 - progress
    return results


def take_up(run: Run, ids: Sequence[int], alert_within_s: float = alerts.TOLD_WITHIN_S) -> Iterator[Outcome]:
    """Takes up these messages, each at most once whoever else is at it; yields what became of each committed part.

    What is refused again is kept again, in the same transaction; what the database itself refuses is found by
    bisection and does not hold up its neighbours.
    """

    def store(part: Sequence[int]) -> Outcome:
        return run(lambda conn: _store(conn, part, alert_within_s))

    def refuse(one: int, fault: StoreRejected) -> Outcome:
        return run(lambda conn: _refuse(conn, one, fault))

    for _, outcome in store_bisecting(ids, store, refuse):
        yield outcome


def _store(conn: Connection, ids: Sequence[int], alert_within_s: float) -> Outcome:
    messages = [_message(entry) for entry in quarantine.take_up(conn, ids)]
    return store_batch(conn, messages, alert_within_s=alert_within_s) if messages else Outcome()


def _refuse(conn: Connection, one: int, fault: StoreRejected) -> Outcome:
    taken = quarantine.take_up(conn, [one])
    return quarantine_one(conn, _message(taken[0]), fault) if taken else Outcome()


def _message(entry: model.QuarantinedMessage) -> Message:
    return Message(0, 0, 1, entry.topic, entry.payload, entry.received_at.timestamp())
