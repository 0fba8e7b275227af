"""What people read: a line a fault, then every trial that was not even. The same as JSON, for machines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from tests.chaos.sets import Plan
from tests.chaos.trial import FIGURES, Trial

Row = dict[str, object]
COLUMNS = {
    "fault": "fault", "trials": "trials", "published": "sent", "stored": "stored", "sent_again": "again",
    "with_broker": "by broker", **dict.fromkeys(FIGURES), "twice": "duplicated", "rollup": "roll-up", "stuck": "stuck",
    "complaints": "else", "seconds": "seconds", "verdict": "",
}  # fmt: skip
"""A column's heading by its name in the JSON. `by broker`: what brokers took and lost as they died, before the traps
sent it again."""


def rows(trials: Sequence[Trial]) -> list[Row]:
    """The table: a row a fault, and one for all."""
    grouped = groupby(trials, key=lambda trial: trial.fault)
    return [*(_row(fault, list(group)) for fault, group in grouped), _row("all", list(trials))]


def _row(name: str, trials: Sequence[Trial]) -> Row:
    uneven = sum(not trial.is_even for trial in trials)
    totals = {
        key: sum(getattr(trial, key) for trial in trials)
        for key in ("published", "stored", "sent_again", "with_broker")
    }
    return {
        "fault": name,
        "trials": len(trials),
        **totals,
        **{figure: sum(trial.figures[figure] for trial in trials) for figure in FIGURES},
        "stuck": sum(bool(trial.stuck) for trial in trials),
        "complaints": sum(bool(trial.complaints) for trial in trials),
        "seconds": round(sum(trial.seconds for trial in trials) / max(1, len(trials)), 1),
        "verdict": f"{uneven} not even" if uneven else "even",
    }


def print_trial(trial: Trial) -> None:
    """Prints one line as a trial ends."""
    Console(soft_wrap=True).print(f"{trial.seconds:6.1f} s  {trial.says()}", highlight=False, markup=False)


def print_report(trials: Sequence[Trial], skipped: Mapping[str, str], plan: Plan) -> None:
    """Prints the table, what was skipped and why, and how to repeat each trial that was not even."""
    console = Console()
    table = Table(box=box.SIMPLE_HEAD)
    for name, heading in COLUMNS.items():
        table.add_column(
            name if heading is None else heading, justify="left" if name == "fault" else "right", no_wrap=True
        )
    for row in rows(trials):
        table.add_row(*(str(row[name]) for name in COLUMNS))
    Console(width=max(console.width, 220)).print(table)
    for fault, reason in skipped.items():
        console.print(f"skipped {fault}: {reason}", highlight=False)
    for trial in trials:
        if not trial.is_even:
            console.print(f"NOT EVEN {trial.says()}", style="bold", highlight=False)
            console.print(f"  again: {_again(trial, plan)}", highlight=False, soft_wrap=True)


def _again(trial: Trial, plan: Plan) -> str:
    size = "--long --rounds 1 " if plan.long else ""
    return f"python -m tests.chaos {size}--fault {trial.fault} --worker {trial.worker} --seed {trial.seed} --times 1"


def write_report(path: Path, trials: Sequence[Trial], skipped: Mapping[str, str], plan: Plan, versions: str) -> None:
    """Writes the table and every trial as JSON."""
    document = {
        "versions": versions,
        "plan": asdict(plan),
        "table": rows(trials),
        "skipped": skipped,
        "trials": [{**asdict(trial), "is_even": trial.is_even} for trial in trials],
    }
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
