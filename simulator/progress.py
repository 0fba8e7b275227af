"""Progress for people: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

LINE_EVERY_S = 2.0
BAR_WIDTH = 30
Show = Callable[[int], None]


@contextmanager
def progress(label: str, total: int, unit: str) -> Iterator[Show]:
    """Shows how far a work of `total` units is, on standard error; call the result with the number done."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(label, total, unit)
        return
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.update(task, completed=done)


def _lines(label: str, total: int, unit: str) -> Show:
    last_at, last_done = time.monotonic(), -1

    def show(done: int) -> None:
        nonlocal last_at, last_done
        tick = time.monotonic()
        is_due = tick - last_at >= LINE_EVERY_S or done >= total
        if is_due and done != last_done:
            last_at, last_done = tick, done
            filled = BAR_WIDTH * done // max(1, total)
            bar = "#" * filled + "-" * (BAR_WIDTH - filled)
            sys.stderr.write(f"{label}: [{bar}] {done:,} of {total:,} {unit}\n")
            sys.stderr.flush()

    return show
