"""Takes a lost database connection (08006) for a fault of the messages, and quarantines them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ingest import worker
from ingest.session import StoreSession
from lighttrap.errors import StoreRejected, StoreUnavailable
from lighttrap.store.pool import Connection
from tests.chaos import patches

FAULT = "postgres-killed"
FIGURE = "refused"


def sabotage() -> None:
    """Breaks the worker of this process."""

    def run_once(session: StoreSession, step: Callable[[Connection], Any]) -> Any:  # noqa: ANN401 - as the step's
        connected = session._conn is not None
        try:
            return original(session, step)
        except StoreUnavailable as fault:
            if connected:
                raise StoreRejected(str(fault), "08006") from fault
            raise

    original = patches.replace(StoreSession, "run_once", run_once)
    patches.replace(worker, "store_bisecting", _store_or_refuse_each)


def _store_or_refuse_each(
    items: Sequence[Any], store: Callable[[Sequence[Any]], Any], refuse: Callable[[Any, StoreRejected], Any]
) -> Iterator[tuple[Sequence[Any], Any]]:
    try:
        yield items, store(items)
    except StoreRejected as fault:
        for item in items:
            yield [item], refuse(item, fault)
