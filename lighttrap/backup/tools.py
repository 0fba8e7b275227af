"""PostgreSQL's own programs that dump and restore: which of those on this machine fit a server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lighttrap.errors import ConfigError, LightTrapError
from lighttrap.up import binaries

DUMP, RESTORE = "pg_dump", "pg_restore"
_BREAK = 17
"""Archives written by it or later set `transaction_timeout`, which older servers do not know."""
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)(\S*)")


class Tool(NamedTuple):
    """One program and its version, 17 and `17.6`."""

    path: Path
    major: int
    version: str


def for_dump(server_major: int) -> Tool:
    """The `pg_dump` for a server: not older, and if possible one whose archive servers of that major take.

    Raises ConfigError when there is none.
    """
    found = [one for one in _found(DUMP) if one.major >= server_major]
    if not found:
        raise ConfigError(
            f"{DUMP} {server_major} or newer is needed for this server, and here is {_named(DUMP)}: "
            f"install postgresql-client-{server_major}"
        )
    return min(found, key=lambda one: (one.major >= _BREAK > server_major, one.major))


def for_restore(archive_major: int, server_major: int) -> Tool:
    """The `pg_restore` for an archive that `pg_dump` of one major wrote, into a server. Raises ConfigError."""
    found = [one for one in _found(RESTORE) if one.major >= archive_major and not one.major >= _BREAK > server_major]
    if not found:
        raise ConfigError(
            f"no {RESTORE} here fits a dump by {DUMP} {archive_major} and a server of PostgreSQL {server_major}; "
            f"here is {_named(RESTORE)}: install postgresql-client-{max(archive_major, server_major)}"
        )
    return min(found, key=lambda one: one.major)


@contextmanager
def running(tool: Tool, words: Sequence[str], dsn: str, advice: str = "") -> Iterator[None]:
    """Runs a program on a database beside what the block does, and waits for its end; ends it when the block fails.

    Raises LightTrapError with its last words, and the advice what to do then, when it fails.
    """
    with tempfile.TemporaryFile() as errors:
        child = start(tool, words, dsn, errors)
        try:
            yield
            code = child.wait()
        finally:
            end(child)
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    if code:
        raise LightTrapError(f"{tool.path.name} {tool.version} failed: {last_words(said)}{advice}")


def start(tool: Tool, words: Sequence[str], dsn: str, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Starts a program on a database; the password is in its environment, where other accounts cannot read it."""
    named, secret = _connection(dsn)
    environ = {**os.environ, **secret, "LC_ALL": "C"}
    command = [str(tool.path), *words, "--no-password", "--dbname", named]
    try:
        return subprocess.Popen(
            command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
        )
    except OSError as fault:
        raise LightTrapError(f"{tool.path} cannot be started: {fault}") from fault


def end(child: subprocess.Popen[bytes]) -> None:
    """Ends a program that still runs, as when we were interrupted."""
    if child.poll() is None:
        child.terminate()
        child.wait()


def contents(tool: Tool, file: Path) -> int:
    """How many entries an archive has, as its table of contents says. Raises LightTrapError when it has none."""
    shown = subprocess.run([tool.path, "--list", file], capture_output=True, text=True, errors="replace", check=False)
    if shown.returncode:
        raise LightTrapError(f"{file} is no archive that {RESTORE} {tool.version} can read: {last_words(shown.stderr)}")
    return sum(1 for line in shown.stdout.splitlines() if line and not line.startswith(";"))


def last_words(said: str) -> str:
    """What a program said at the end, as one line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    faults = [line for line in lines if "error:" in line.lower()]
    return " ".join((faults or lines)[-3:]) or "it says nothing"


def _connection(dsn: str) -> tuple[str, Mapping[str, str]]:
    parts = conninfo_to_dict(dsn)
    password = parts.pop("password", None)
    return make_conninfo("", **parts), {"PGPASSWORD": str(password)} if password else {}


def _found(name: str) -> list[Tool]:
    return [tool for folder in dict.fromkeys(_folders(name)) if (tool := _tool(folder / name))]


def _folders(name: str) -> Iterator[Path]:
    # Debian's own pg_dump on PATH is a script that chooses among these by rules of its own; so they come first.
    yield from Path("/usr/lib/postgresql").glob("*/bin")
    on_path = shutil.which(name)
    if on_path:
        yield Path(on_path).parent
    yield from (bin_folder for bin_folder, _ in binaries.wheels())


def _tool(path: Path) -> Tool | None:
    try:
        shown = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    match = _VERSION.search(shown.stdout)
    return Tool(path, int(match[1]), match[1] + match[2]) if match and shown.returncode == 0 else None


def _named(name: str) -> str:
    return ", ".join(sorted({one.version for one in _found(name)})) or "none"
