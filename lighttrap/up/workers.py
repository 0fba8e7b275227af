"""The programs of lighttrap as children. They are started by name; `lighttrap` imports none of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from lighttrap.up import fleet, ports
from lighttrap.up.child import Program

# How far the simulator's history is.
_TELLING = re.compile(r"^past: ")
# Two readings an hour of so many days are more than a trap may otherwise send at once.
_LONG_PAST_DAYS = 100
_ALARMING = re.compile(r"\b(WARNING|ERROR|CRITICAL)\b")


def ingest(
    environ: Mapping[str, str], *, dsn: str, broker_url: str, port: int, client_id: str, history_days: int = 0
) -> Program:
    """The ingest worker; `port` serves its health and metrics. It lets simulated traps say their whole past at once."""
    past = {"LIGHTTRAP_INGEST__TRAP_AT_ONCE": str(history_days * 100)} if history_days >= _LONG_PAST_DAYS else {}
    own = {
        "LIGHTTRAP_DATABASE__DSN": dsn,
        "LIGHTTRAP_BROKER__URL": broker_url,
        "LIGHTTRAP_INGEST__METRICS_PORT": str(port),
        "LIGHTTRAP_INGEST__CLIENT_ID": client_id,
    }
    return _python("ingest", (), {**past, **environ, **own}, shows_output=False)


def notifier(environ: Mapping[str, str], *, dsn: str, port: int) -> Program:
    """Who tells people of alerts, by the channels that the environment sets up; `port` serves its metrics."""
    own = {"LIGHTTRAP_DATABASE__DSN": dsn, "LIGHTTRAP_NOTIFY__METRICS_PORT": str(port)}
    return _python("notify", (), {**environ, **own}, module="lighttrap.notify", shows_output=False)


def api(environ: Mapping[str, str], *, dsn: str, broker_url: str, port: int, dashboard_url: str) -> Program:
    """The API; on a plain loopback, where a cookie for HTTPS only would never be sent.

    Traps are told this broker, unless the environment names another or the URL holds a login of ours.
    """
    public = {} if "@" in broker_url else {"LIGHTTRAP_PUBLIC_BROKER__URL": broker_url}
    own = {
        "LIGHTTRAP_DATABASE__DSN": dsn,
        "LIGHTTRAP_API__HOST": ports.HOST,
        "LIGHTTRAP_API__PORT": str(port),
        "LIGHTTRAP_API__SECURE_COOKIES": "false",
        "LIGHTTRAP_API__DASHBOARD_URL": dashboard_url,
    }
    return _python("api", (), {**public, **environ, **own}, shows_output=False)


def dashboard(environ: Mapping[str, str], *, api_url: str, port: int) -> Program:
    """The dashboard; it sees the API and no database."""
    own = {
        "LIGHTTRAP_DASHBOARD__HOST": ports.HOST,
        "LIGHTTRAP_DASHBOARD__PORT": str(port),
        "LIGHTTRAP_DASHBOARD__API_URL": api_url,
    }
    return _python("dashboard", (), {**_without_database(environ), **own}, shows_output=False)


def simulator(
    environ: Mapping[str, str], *, broker_url: str, traps: int, seed: int, history_days: int, state: Path
) -> Program:
    """The simulated traps. They make their history at the first start with that state file; they see no database."""
    who = ("--org", fleet.ORG, "--prefix", fleet.PREFIX, "--traps", str(traps), "--seed", str(seed))
    when = ("--interval", str(fleet.INTERVAL_S), "--history-days", str(history_days), "--state", str(state))
    kept = {**_without_database(environ), "LIGHTTRAP_BROKER__URL": broker_url}
    return _python("simulator", ("run", *who, *when), kept, shows_output=True)


def _without_database(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith("LIGHTTRAP_DATABASE__")}


def _python(
    name: str, words: tuple[str, ...], environ: Mapping[str, str], *, shows_output: bool, module: str | None = None
) -> Program:
    return Program(
        name=name,
        argv=(sys.executable, "-m", module or name, *words),
        environ={**environ, "PYTHONUNBUFFERED": "1"},
        alarming=_ALARMING,
        telling=_TELLING,
        shows_output=shows_output,
    )
