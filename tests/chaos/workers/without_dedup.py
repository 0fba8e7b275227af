"""Stores whatever comes, without asking the ledger whether it is there."""

from __future__ import annotations

from lighttrap import sql

FAULT = "storm"
FIGURE = "twice"
ASKS = "NOT s.seq <@ l.stored"


def sabotage() -> None:
    """Breaks the worker of this process, whose statements are loaded once."""
    statements = sql.load("readings")
    judge = statements["judge_stage"]
    if ASKS not in judge:
        raise AssertionError("the statement that judges readings has changed")
    statements["judge_stage"] = judge.replace(ASKS, "true")
