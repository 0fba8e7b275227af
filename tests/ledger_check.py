"""What was published against what was kept: nothing lost, nothing twice, nothing invented, roll-up as recomputed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lighttrap.store import pool

Key = tuple[str, int, int]
"""Trap, boot and seq of a reading."""
Poison = tuple[bytes, bytes]
"""Topic and SHA-256 of a message that must be refused."""

RECOMPUTED_CATCH = """
    SELECT trap_id, key, night, sum(value::bigint), sum(lamp_s)::bigint, count(*)
    FROM reading CROSS JOIN LATERAL jsonb_each_text(counts) GROUP BY 1, 2, 3
"""
RECOMPUTED_NIGHT = """
    SELECT trap_id, night, sum(lamp_s)::bigint, sum(round(extract(epoch FROM end_at - start_at)))::bigint, count(*),
           min(start_at), max(end_at), sum(round(rain_mm * 1000)::bigint)::bigint, min(temperature_c),
           max(temperature_c)
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
    corrupt: set[Key]
    unrefused: set[Poison]
    """Invalid messages that are not in quarantine once, under their reason."""
    wrongly_refused: int
    """Quarantined messages that nobody sent as invalid."""

    @property
    def is_even(self) -> bool:
        """Whether the promise held."""
        return not any(self)


def balance(
    conn: pool.Connection,
    sent: Iterable[Key] | Mapping[Key, bytes],
    *,
    poison: Mapping[Poison, str] | None = None,
) -> Balance:
    """Compares the valid readings that were published with the database's contents.

    With a mapping to SHA-256 the contents are compared too. `poison` names every invalid message and the reason for
    which it must be refused; without it quarantine is not looked at.
    """
    published = set(sent)
    shas = sent if isinstance(sent, Mapping) else {}
    rows = conn.execute("SELECT trap_id, boot, seq, sha FROM reading").fetchall()
    stored = Counter((trap_id, boot, seq) for trap_id, boot, seq, _ in rows)
    unrefused, wrongly_refused = (set(), 0) if poison is None else _refusals(conn, poison)
    found = Balance(
        lost=published - set(stored),
        twice={key for key, number in stored.items() if number > 1},
        invented=set(stored) - published,
        wrong_catches=_differences(conn, RECOMPUTED_CATCH, "SELECT * FROM catch"),
        wrong_nights=_differences(conn, RECOMPUTED_NIGHT, "SELECT * FROM trap_night"),
        wrong_ledger=len(_entered(conn) ^ set(stored)),
        corrupt={(t, boot, seq) for t, boot, seq, sha in rows if shas.get((t, boot, seq), sha) != sha},
        unrefused=unrefused,
        wrongly_refused=wrongly_refused,
    )
    conn.rollback()
    return found


def _entered(conn: pool.Connection) -> set[Key]:
    spans = "SELECT trap_id, boot, generate_series(lower(span), upper(span) - 1) FROM ledger, unnest(stored) AS span"
    return set(conn.execute(spans).fetchall())


def _refusals(conn: pool.Connection, poison: Mapping[Poison, str]) -> tuple[set[Poison], int]:
    kept = Counter(conn.execute("SELECT topic, sha, reason FROM quarantine").fetchall())
    wanted = {(*message, reason) for message, reason in poison.items()}
    right = {(topic, sha) for topic, sha, reason in wanted if kept[topic, sha, reason] == 1}
    return set(poison) - right, len(set(kept) - wanted)


def _differences(conn: pool.Connection, one: str, other: str) -> int:
    row = conn.execute(
        f"SELECT count(*) FROM (({one} EXCEPT {other}) UNION ALL ({other} EXCEPT {one})) AS d"
    ).fetchone()
    assert row is not None
    return int(row[0])
