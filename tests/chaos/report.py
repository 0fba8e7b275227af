"""What people read: a line a fault, then every trial that was not even."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich import box
from rich.console import Console
from rich.table import Table

from tests.chaos.trial import FIGURES, Trial

COLUMNS = ("fault", "worker", "runs", "sent", "stored", "again", "by broker", *FIGURES, "seconds", "")


def print_report(trials: Sequence[Trial], skipped: Sequence[tuple[str, str]], header: str) -> None:
    """Prints the table; `by broker` is what brokers took and lost as they died, before the traps sent it again."""
    console = Console()
    console.print(header, highlight=False)
    table = Table(box=box.SIMPLE_HEAD)
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in ("fault", "worker") else "right", no_wrap=True)
    for _, group in groupby(trials, key=lambda trial: (trial.fault, trial.worker)):
        table.add_row(*(str(cell) for cell in _line(list(group))))
    Console(width=max(console.width, 200)).print(table)
    for fault, reason in skipped:
        console.print(f"skipped {fault}: {reason}")
    for trial in trials:
        if not trial.is_even:
            console.print(f"NOT EVEN {trial.says()}", style="bold", highlight=False)
            console.print(f"  again: python -m tests.chaos --fault {trial.fault} --worker {trial.worker} "
                          f"--seed {trial.seed} --repeat 1", highlight=False)  # fmt: skip
    console.print(_summary(trials), highlight=False)


def _line(trials: list[Trial]) -> list[object]:
    figures = [sum(trial.figures[name] for trial in trials) for name in FIGURES]
    seconds = sum(trial.seconds for trial in trials) / len(trials)
    uneven = sum(not trial.is_even for trial in trials)
    totals = [
        sum(getattr(trial, name) for trial in trials) for name in ("published", "stored", "sent_again", "with_broker")
    ]
    verdict = f"{uneven} not even" if uneven else "even"
    return [trials[0].fault, trials[0].worker, len(trials), *totals, *figures, f"{seconds:.1f}", verdict]


def _summary(trials: Sequence[Trial]) -> str:
    uneven = sum(not trial.is_even for trial in trials)
    return f"{len(trials)} trials, {sum(trial.published for trial in trials)} messages, {uneven} not even"
