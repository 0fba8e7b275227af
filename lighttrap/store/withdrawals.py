"""What was taken back and must not come back with a backup: erased people, STOPs, secrets, tokens, accounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from psycopg.rows import class_row

from lighttrap import sql
from lighttrap.store import erasure
from lighttrap.store.pool import Connection

_SQL = sql.load("withdrawals")
ERASED: Final = "erased"
ERASED_ACCOUNT: Final = "erased account"
KINDS: Final = (ERASED, "stopped", "trap", "token", "account", ERASED_ACCOUNT)
"""A person erased, a person's STOP, a trap's secret and an API token revoked, an account disabled and one erased."""


class Withdrawal(NamedTuple):
    """One thing taken back: whose it was by number alone, when that was made, and when it was taken back."""

    kind: str
    org_id: str
    id: str
    made_at: datetime
    at: datetime


def list_withdrawals(conn: Connection) -> list[Withdrawal]:
    """All that was taken back, in order of when."""
    return conn.cursor(row_factory=class_row(Withdrawal)).execute(_SQL["list_withdrawals"]).fetchall()


def repeat(conn: Connection, wanted: Iterable[Withdrawal]) -> Counter[str]:
    """Takes back again what a backup gave back; how many of each kind. What is taken back already stays as it is."""
    done: Counter[str] = Counter()
    for one in wanted:
        if one.kind == ERASED:
            done[one.kind] += _erase(conn, one)
        elif one.kind == ERASED_ACCOUNT:
            done[one.kind] += _erase_account(conn, one)
        elif one.kind in KINDS:
            done[one.kind] += conn.execute(_SQL[one.kind], one._asdict()).rowcount
    return +done


def _erase(conn: Connection, one: Withdrawal) -> int:
    found = conn.execute(_SQL["to_erase"], one._asdict()).fetchall()
    for (recipient_id,) in found:
        erasure.erase(conn, one.org_id, recipient_id)
    return len(found)


def _erase_account(conn: Connection, one: Withdrawal) -> int:
    found = conn.execute(_SQL["account_to_erase"], one._asdict()).fetchall()
    for (account_id,) in found:
        erasure.erase_account(conn, account_id)
    return len(found)
