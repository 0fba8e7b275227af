"""The loss ledger: per trap and boot what was sent, stored, refused, lost and is missing.

One row a boot holds the stored seqs as ranges. It claims the identity of readings, gives the watermark that traps are
told, and shows every hole; `docs/decisions/0002-ledger-as-ranges.md` says why this and not a row a reading.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from psycopg.rows import class_row

from lighttrap import model, sql
from lighttrap.store.pool import Connection

_SQL = sql.load("ledger")
GAPS_OF_A_TRAP = 10_000
"""Open ones, over all its boots; a trap that has so many gets no more."""
GAPS_AT_ONCE = 10_000
"""New ones of all traps that a look opens; what is left is for the next."""


class BootWatermark(NamedTuple):
    """Every seq of a boot up to this one is stored, refused or given up."""

    org_id: str
    trap_id: str
    boot: int
    seq: int


class Ask(NamedTuple):
    """A range of seq to ask a trap for."""

    org_id: str
    trap_id: str
    boot: int
    from_seq: int
    to_seq: int


def note_sent(conn: Connection, trap_id: str, boot: int, last_seq: int) -> None:
    """The trap says it has given out seq up to `last_seq` in this boot."""
    conn.execute(_SQL["note_sent"], {"trap_id": trap_id, "boot": boot, "last_seq": last_seq})


def note_gone(conn: Connection, trap_id: str, boot: int, from_seq: int, to_seq: int) -> None:
    """The trap says it can never send these seqs again."""
    conn.execute(_SQL["note_gone"], {"trap_id": trap_id, "boot": boot, "from_seq": from_seq, "to_seq": to_seq})


def note_rejected(conn: Connection, org_id: str, trap_id: str, boot: int, seq: int) -> None:
    """A reading is refused for good, so the watermark passes over it; if it is stored after all, it is stored."""
    wanted = {"org_id": org_id, "trap_id": trap_id, "boot": boot, "seq": seq}
    conn.execute(_SQL["note_rejected"], wanted)


def watermarks(conn: Connection, boots: Collection[tuple[str, int]]) -> list[BootWatermark]:
    """Watermarks of the (trap_id, boot) pairs that are known, grouped by trap, the newest boot first."""
    pairs = {"trap_ids": [trap_id for trap_id, _ in boots], "boots": [boot for _, boot in boots]}
    return conn.cursor(row_factory=class_row(BootWatermark)).execute(_SQL["watermarks"], pairs).fetchall()


def recent_boots(conn: Connection, trap_ids: Collection[str]) -> set[tuple[str, int]]:
    """(trap_id, boot) of the boots heard of within the life of these traps' rings, a hundred a trap at most."""
    return set(conn.execute(_SQL["recent_boots"], {"trap_ids": list(trap_ids)}).fetchall())


def lines(conn: Connection, org_id: str | None = None, trap_id: str | None = None) -> list[model.LedgerLine]:
    """The ledger, a line a boot."""
    cursor = conn.cursor(row_factory=class_row(model.LedgerLine))
    return cursor.execute(_SQL["lines"], {"org_id": org_id, "trap_id": trap_id}).fetchall()


def trap_lines(conn: Connection, org_id: str | None = None, trap_id: str | None = None) -> list[model.LedgerLine]:
    """The ledger, a line a trap, summed over its boots; `boot` is the newest and `watermark` says nothing."""
    cursor = conn.cursor(row_factory=class_row(model.LedgerLine))
    return cursor.execute(_SQL["trap_lines"], {"org_id": org_id, "trap_id": trap_id}).fetchall()


def follow_gaps(conn: Connection) -> int:
    """Closes the gaps that were filled or given up and opens those that are new. Returns how many are new.

    Takes as long as there are open ones; what takes longer than 10 s fails as a time-out.
    """
    conn.execute(_SQL["be_brief"])
    conn.execute(_SQL["follow_gaps"])
    return conn.execute(_SQL["open_gaps"], {"gaps": GAPS_AT_ONCE}).rowcount


def mark_full(conn: Connection) -> None:
    """Marks the traps with `GAPS_OF_A_TRAP` open gaps, of which nothing is taken that would open another."""
    conn.execute(_SQL["mark_full"], {"gaps": GAPS_OF_A_TRAP})


def ask_for_gaps(
    conn: Connection, *, org: str, patience_s: float, again_s: float, gaps: int, a_trap: int, readings: int
) -> list[Ask]:
    """Marks due gaps as asked for and returns what to ask: at most `gaps` requests of at most `readings` each.

    Of them at most `a_trap` go to one trap.

    A gap is due `patience_s` after it opened and then `again_s` after each request, twice as long each time.
    """
    due = {
        "org_like": "%" if org == "+" else org, "patience_s": patience_s, "again_s": again_s, "gaps": gaps,
        "a_trap": a_trap, "readings": readings,
    }  # fmt: skip
    conn.execute(_SQL["be_brief"])
    return conn.cursor(row_factory=class_row(Ask)).execute(_SQL["ask_for_gaps"], due).fetchall()


def gaps(
    conn: Connection, org_id: str | None = None, trap_id: str | None = None, *, every: bool = False
) -> list[model.Gap]:
    """Gaps that are open or were given up; with `every` also those that were filled."""
    cursor = conn.cursor(row_factory=class_row(model.Gap))
    return cursor.execute(_SQL["gaps"], {"org_id": org_id, "trap_id": trap_id, "all": every}).fetchall()
