"""What has changed, as the database says with each commit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from lighttrap import sql
from lighttrap.store.pool import Connection

_SQL = sql.load("live")


class Change(NamedTuple):
    """Something of an org has changed: a `catch`, an `alert` or a `trap`; `ids` of traps or alerts, None: of many."""

    org_id: str
    about: str
    ids: frozenset[str | int] | None


def listen(conn: Connection) -> None:
    """From the next commit on, this session is told.

    Keep no transaction open on it: what was said is kept until every listener has read it.
    """
    conn.execute(_SQL["listen"])


def changes(conn: Connection, wait_s: float) -> Iterator[Change]:
    """What is said within so long. Raises what the driver raises when the connection is gone."""
    for note in conn.notifies(timeout=wait_s):
        said = json.loads(note.payload)
        yield Change(said["org"], said["about"], None if said["ids"] is None else frozenset(said["ids"]))
