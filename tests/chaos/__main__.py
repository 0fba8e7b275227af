"""`python -m tests.chaos`: breaks a private lighttrap on purpose and compares the ledgers.

Exit code 0 when everything is even, 1 when something is not, 2 when it could not run.
"""

from __future__ import annotations

import argparse
import random
import sys
import traceback
from functools import partial
from pathlib import Path

from tests.chaos import workers
from tests.chaos.faults import every_fault
from tests.chaos.report import print_report, print_trial, write_report
from tests.chaos.scene import QUICK
from tests.chaos.sets import LONG_ROUNDS, Plan, lacking, play
from tests.chaos.site import CannotRun, versions

say = partial(print, flush=True)


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
    seed = wanted.seed if wanted.seed is not None else random.randrange(10**6)
    rounds = wanted.rounds or (LONG_ROUNDS if wanted.long else 1)
    plan = Plan(tuple(wanted.fault or every_fault()), wanted.worker, seed, wanted.long, rounds, wanted.times)
    jobs = wanted.jobs or (2 if wanted.long else 1)
    tested = versions(wanted.pg_bin)
    settings = ", ".join(f"{name.removeprefix('LIGHTTRAP_')} {value}" for name, value in QUICK.items())
    size = "long" if wanted.long else "short"
    say(f"{tested}\n{settings}\nseed {seed}, worker {wanted.worker}, {size} set, {rounds} rounds, {jobs} side by side")
    skipped = {name: reason for name in plan.faults if (reason := lacking(every_fault()[name]))}
    trials = play(wanted.pg_bin, plan, jobs, print_trial)
    print_report(trials, skipped, plan)
    if wanted.json:
        write_report(wanted.json, trials, skipped, plan, tested)
    if wanted.logs:
        for log in filter(None, (trial.log for trial in trials)):
            say(log)
    return 0 if trials and all(trial.is_even for trial in trials) else 1


def _list(wanted: argparse.Namespace) -> None:
    if wanted.list_workers:
        say(f"{workers.OURS:22} the real one")
        for one in map(workers.broken, workers.BROKEN):
            say(f"{one.name:22} {one.sin} Shown by {one.fault}: {one.figure}.")
    if wanted.list_faults:
        for fault in every_fault().values():
            say(f"{fault.name:26} {fault.quick:3} / {fault.long:3} runs a round  {fault.says}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="the short set, as in CI (default)")
    size.add_argument("--long", action="store_true", help=f"{LONG_ROUNDS} rounds with four times the messages")
    parser.add_argument("--worker", default=workers.OURS, choices=(workers.OURS, *workers.BROKEN), metavar="NAME")
    parser.add_argument("--fault", action="append", choices=tuple(every_fault()), metavar="NAME", help="only these")
    parser.add_argument("--rounds", type=int, help=f"how often the whole set is played (1; with --long {LONG_ROUNDS})")
    parser.add_argument("--times", type=int, help="runs of each fault in a round, whatever the set says")
    parser.add_argument("--jobs", type=int, help="trials side by side, each job with its own servers (1; --long 2)")
    parser.add_argument("--seed", type=int, help="of the first run of each fault; each further run adds 1")
    parser.add_argument("--pg-bin", type=Path, help="folder with the initdb and postgres to use")
    parser.add_argument("--json", type=Path, metavar="FILE", help="writes the table and every trial there")
    parser.add_argument("--logs", action="store_true", help="print the workers' last words where it was not even")
    parser.add_argument("--list-workers", action="store_true")
    parser.add_argument("--list-faults", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
