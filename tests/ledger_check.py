"""What was published against what was kept: nothing lost, nothing twice, nothing invented, roll-up as recomputed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from lighttrap.store import pool

Key = tuple[str, int, int]

RECOMPUTED_CATCH = """
    SELECT trap_id, key, night, sum(value::bigint), sum(lamp_s)::bigint, count(*)
    FROM reading CROSS JOIN LATERAL jsonb_each_text(counts) GROUP BY 1, 2, 3
"""
RECOMPUTED_NIGHT = """
    SELECT trap_id, night, sum(lamp_s)::bigint, sum(round(extract(epoch FROM end_at - start_at)))::bigint, count(*),
           min(start_at), max(end_at)
    FROM reading GROUP BY 1, 2
"""


class Balance(NamedTuple):
    """The differences; all are empty when the promise held."""

    lost: set[Key]
    twice: set[Key]
    invented: set[Key]
    wrong_catches: int
    wrong_nights: int
    wrong_ledger: int

    @property
    def is_even(self) -> bool:
        """Whether the promise held."""
        return self == Balance(set(), set(), set(), 0, 0, 0)


def balance(conn: pool.Connection, sent: Iterable[Key]) -> Balance:
    """Compares the keys of valid readings that were published with the database's contents."""
    published = set(sent)
    stored = Counter(conn.execute("SELECT trap_id, boot, seq FROM reading").fetchall())
    entered = set(
        conn.execute(
            "SELECT trap_id, boot, generate_series(lower(span), upper(span) - 1) FROM ledger, unnest(stored) AS span"
        ).fetchall()
    )
    found = Balance(
        lost=published - set(stored),
        twice={key for key, number in stored.items() if number > 1},
        invented=set(stored) - published,
        wrong_catches=_differences(conn, RECOMPUTED_CATCH, "SELECT * FROM catch"),
        wrong_nights=_differences(conn, RECOMPUTED_NIGHT, "SELECT * FROM trap_night"),
        wrong_ledger=len(entered ^ set(stored)),
    )
    conn.rollback()
    return found


def _differences(conn: pool.Connection, one: str, other: str) -> int:
    row = conn.execute(
        f"SELECT count(*) FROM (({one} EXCEPT {other}) UNION ALL ({other} EXCEPT {one})) AS d"
    ).fetchone()
    assert row is not None
    return int(row[0])
