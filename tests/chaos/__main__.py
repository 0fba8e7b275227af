"""`python -m tests.chaos`: breaks a private lighttrap on purpose and compares the ledgers.

Exit code 0 when everything is even, 1 when something is not, 2 when it could not run.
"""

from __future__ import annotations

import argparse
import random
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from tests.chaos import workers
from tests.chaos.fault import Fault
from tests.chaos.faults import every_fault
from tests.chaos.report import print_report
from tests.chaos.scene import QUICK
from tests.chaos.sets import Plan, play
from tests.chaos.site import CannotRun, open_site

say: Callable[[str], None] = print


def main() -> int:
    """Runs what the options name; returns the exit code."""
    wanted = _parser().parse_args()
    if wanted.list_workers or wanted.list_faults:
        _list(wanted)
        return 0
    try:
        return _run(wanted)
    except CannotRun as fault:
        say(f"cannot run: {fault}")
    except Exception:
        traceback.print_exc()
    return 2


def _run(wanted: argparse.Namespace) -> int:
    faults = every_fault()
    chosen: list[Fault] = [faults[name] for name in wanted.fault or faults]
    seed = wanted.seed if wanted.seed is not None else random.randrange(10**6)
    plan = Plan(chosen, wanted.worker, seed, wanted.long, wanted.repeat)
    with open_site(wanted.pg_bin) as site:
        settings = ", ".join(f"{name.removeprefix('LIGHTTRAP_')} {value}" for name, value in QUICK.items())
        size = "long" if wanted.long else "short"
        header = f"{site.versions()}\n{settings}\nseed {seed}, worker {wanted.worker}, {size} set"
        say(header)
        trials, skipped = play(site, plan, lambda trial: say(f"{trial.seconds:6.1f} s  {trial.says()}"))
        print_report(trials, skipped, header)
    if wanted.logs:
        for trial in trials:
            say(trial.log)
    return 0 if all(trial.is_even for trial in trials) else 1


def _list(wanted: argparse.Namespace) -> None:
    if wanted.list_workers:
        say(f"{workers.OURS:22} the real one")
        for one in map(workers.broken, workers.BROKEN):
            say(f"{one.name:22} {one.sin} Shown by {one.fault}: {one.figure}.")
    if wanted.list_faults:
        for fault in every_fault().values():
            say(f"{fault.name:26} {fault.quick:3} / {fault.long:3} runs  {fault.says}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="the short set, as in CI (default)")
    size.add_argument("--long", action="store_true", help="many repetitions with more messages")
    parser.add_argument("--worker", default=workers.OURS, choices=(workers.OURS, *workers.BROKEN), metavar="NAME")
    parser.add_argument("--fault", action="append", choices=tuple(every_fault()), metavar="NAME", help="only these")
    parser.add_argument("--repeat", type=int, help="runs of each fault, whatever the set says")
    parser.add_argument("--seed", type=int, help="of the first run of each fault; each further run adds 1")
    parser.add_argument("--pg-bin", type=Path, help="folder with the initdb and postgres to use")
    parser.add_argument("--logs", action="store_true", help="print the workers' last words where it was not even")
    parser.add_argument("--list-workers", action="store_true")
    parser.add_argument("--list-faults", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
