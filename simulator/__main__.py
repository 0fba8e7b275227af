"""`python -m simulator run` and `replay`: options, signals, exit codes.

0 all that was asked for is done; 1 it was not, and the last line says why; 2 an option, setting or file is wrong.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lighttrap import logs
from lighttrap.errors import ConfigError, InputFault, LightTrapError
from lighttrap.night import DEFAULT_ZONE
from lighttrap.nightfile import Dates, NightFile, count_columns, read_nights
from simulator.config import SimulatorSettings, lamp_hours
from simulator.progress import progress
from simulator.replay import Replay, Replayed
from simulator.run import Run
from simulator.split import NightPlan

SHOWN = 20
"""Left-out values that are listed on a terminal; `--json` lists all."""


def main(arguments: list[str] | None = None) -> int:
    """Runs what the command line asks for; returns the exit code."""
    given = vars(_parser().parse_args(arguments))
    work = given.pop("work")
    try:
        settings = _settings(given)
        logs.set_up(settings.log.level, settings.log.format)
        return int(work(settings, given, _on_signals()))
    except (ConfigError, InputFault) as fault:
        return _say(str(fault), 2)
    except LightTrapError as fault:
        return _say(str(fault), 1)


def _run(settings: SimulatorSettings, _given: dict[str, Any], stop: threading.Event) -> int:
    run = Run(settings.simulator, settings.broker, stop.is_set, time.time())
    if run.run():
        return 0
    return _say("stopped before every reading was stored; nothing is lost when it is started again", 1)


def _replay(settings: SimulatorSettings, given: dict[str, Any], stop: threading.Event) -> int:
    file = read_nights(
        given["file"], given["trap_column"], given["night_column"], count_columns(given["count"]), given["dates"]
    )
    try:
        plan = NightPlan(given["org"], lamp_hours(given["lamp_hours"]), given["interval_minutes"], given["zone"])
    except ValueError as fault:
        raise ConfigError(str(fault)) from fault
    replay = Replay(plan, file, settings.broker, given["connections"])
    with progress("replay", replay.total, "readings stored") as show:
        replayed = replay.run(stop.is_set, given["timeout"], show)
    _report(replayed, file, given["json"])
    if replayed.is_whole:
        return 0
    missing = replayed.readings - replayed.confirmed
    return _say(f"{missing} readings are not confirmed; run the same command again, nothing is counted twice", 1)


def _report(replayed: Replayed, file: NightFile, as_json: bool) -> None:
    if as_json:
        left_out = [asdict(one) for one in file.left_out]
        sys.stdout.write(json.dumps({**asdict(replayed), "left_out": left_out}, ensure_ascii=False) + "\n")
        return
    for one in file.left_out[:SHOWN]:
        what = f"{one.column} {one.value!r}" if one.column else "the row"
        sys.stdout.write(f"left out: line {one.line}, trap {one.trap}, night {one.night}, {what}: {one.why}\n")
    if len(file.left_out) > SHOWN:
        sys.stdout.write(f"left out: {len(file.left_out) - SHOWN} more (--json lists all)\n")
    sys.stdout.write(
        f"nights sent {replayed.nights}, readings {replayed.readings}, confirmed {replayed.confirmed}, "
        f"values left out {replayed.left_out}, seconds {replayed.seconds}\n"
    )


def _settings(given: dict[str, Any]) -> SimulatorSettings:
    """Options first, then the environment. Raises ConfigError with one line per fault."""
    broker = {"url": given.pop("broker_url")} if "broker_url" in given else {}
    fleet = {name: value for name, value in given.items() if "file" not in given}
    try:
        return SimulatorSettings(broker=broker, simulator=fleet)
    except ValidationError as fault:
        lines = [f"{_name(error['loc'])}: {error['msg'].removeprefix('Value error, ')}" for error in fault.errors()]
        raise ConfigError("\n".join(lines)) from fault


def _name(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part).replace("_", "-") for part in loc) or "settings"


def _on_signals() -> threading.Event:
    """Set by the first SIGTERM or SIGINT; the second ends the process at once."""
    stop = threading.Event()

    def handle(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    return stop


def _say(message: str, code: int) -> int:
    sys.stderr.write(message + "\n")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="Plays light traps over MQTT.")
    commands = parser.add_subparsers(required=True, metavar="run | replay")
    _add_run(commands.add_parser("run", help="a fleet of traps that do not exist", argument_default=argparse.SUPPRESS))
    _add_replay(commands.add_parser("replay", help="a CSV or XLSX of nightly catches, as traps would send them"))
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    """The options of `run`; one that is not given comes from the environment, LIGHTTRAP_SIMULATOR__NAME."""
    parser.set_defaults(work=_run)
    parser.add_argument("--broker-url", metavar="URL", help="mqtt://[user:password@]host:port")
    parser.add_argument("--org", help="the org of the traps (demo)")
    parser.add_argument("--prefix", help="trap ids are PREFIX-00001 and so on (sim)")
    parser.add_argument("--traps", metavar="N", help="number of traps (24)")
    parser.add_argument("--seed", metavar="S", help="the same seed makes the same world (1)")
    parser.add_argument("--interval", dest="interval_s", metavar="S", help="seconds between readings (60)")
    parser.add_argument("--history-days", metavar="D", help="days of past to make first (0)")
    parser.add_argument("--history-interval", dest="history_interval_s", metavar="S", help="seconds, there (1800)")
    parser.add_argument("--species", metavar="KEY,KEY", help="species the traps look for")
    parser.add_argument("--lamp-hours", metavar="HH:MM-HH:MM", help="when the lamps burn, local time (18:00-05:00)")
    parser.add_argument("--zone", help=f"time zone of the traps ({DEFAULT_ZONE})")
    parser.add_argument("--faults", metavar="NAME=RATE,...", help="such as drop=0.01,duplicate=0.02,silent=0.05")
    parser.add_argument("--connections", metavar="N", help="MQTT sessions at most (50)")
    parser.add_argument("--connect-codes", metavar="FILE", help="a connect code a line: a login for each trap")
    parser.add_argument("--state", metavar="FILE", help="keeps the traps' memory over a restart")
    parser.add_argument("--exit-after", dest="exit_after_s", metavar="S", help="seconds to play live, then end")
    parser.add_argument("--timeout", dest="timeout_s", metavar="S", help="seconds to wait at most until all is stored")
    parser.add_argument("--fast", action="store_true", help="only make the past, wait until it is stored, end")
    parser.add_argument("--once", action="store_true", help="one reading of each trap, wait until stored, end")


def _add_replay(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(work=_replay)
    parser.add_argument("file", type=Path, help="CSV or XLSX with one row a trap and night")
    parser.add_argument(
        "--broker-url", metavar="URL", default=argparse.SUPPRESS, help="mqtt://[user:password@]host:port"
    )
    parser.add_argument("--org", required=True, help="the org of the traps")
    parser.add_argument("--trap-column", required=True, metavar="COLUMN", help="names the trap")
    parser.add_argument("--night-column", required=True, metavar="COLUMN", help="names the evening's date")
    parser.add_argument("--count", required=True, action="append", metavar="SPECIES=COLUMN", help="may be repeated")
    parser.add_argument(
        "--dates", type=Dates, choices=list(Dates), default=Dates.ISO, help="how dates are written (iso)"
    )
    parser.add_argument("--lamp-hours", default="18:00-05:00", metavar="HH:MM-HH:MM", help="local time (18:00-05:00)")
    parser.add_argument("--interval-minutes", type=_minutes, default=60, metavar="M", help="minutes a reading (60)")
    parser.add_argument("--zone", default=DEFAULT_ZONE, help=f"time zone of the traps ({DEFAULT_ZONE})")
    parser.add_argument("--connections", type=int, choices=range(1, 1001), default=10, metavar="N", help="at most (10)")
    parser.add_argument("--timeout", type=float, metavar="S", help="seconds to wait at most until all is stored")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")


def _minutes(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 24 * 60:
        raise argparse.ArgumentTypeError("from 1 to 1440 minutes")
    return number


if __name__ == "__main__":
    sys.exit(main())
