"""`python -m ingest replay`: takes quarantined messages through the same path as new ones."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence

from ingest.broker import Message
from ingest.pipeline import store_batch
from lighttrap import model
from lighttrap.store import quarantine, readings
from lighttrap.store.pool import Connection, connect, translate_errors

PAGE = 500


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
    results: Counter[str] = Counter()
    with translate_errors():
        readings.create_stage(conn)
        after, upto = 0, quarantine.newest(conn)
        while page := quarantine.next_to_replay(
            conn, after=after, upto=upto, reason=reason, trap_id=trap_id, limit=PAGE
        ):
            after = page[-1].quarantine_id
            # Marked first: what is refused again for the same reason turns back to kept.
            quarantine.mark_replayed(conn, [message.quarantine_id for message in page])
            outcome = store_batch(conn, [_message(entry) for entry in page])
            conn.commit()
            results.update(stored=outcome.stored, duplicate=outcome.duplicate, noted=outcome.noted)
            results.update(outcome.refused)
            print(f"{results.total()} messages", file=sys.stderr)  # noqa: T201 - progress
    return results


def _message(entry: model.QuarantinedMessage) -> Message:
    return Message(0, 0, 1, entry.topic, entry.payload, entry.received_at.timestamp())
