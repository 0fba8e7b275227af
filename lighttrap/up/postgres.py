"""The private PostgreSQL cluster: made once, on loopback, behind generated passwords."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from lighttrap import sql
from lighttrap.errors import LightTrapError, StoreUnavailable
from lighttrap.store import pool
from lighttrap.up import account, orphan
from lighttrap.up.account import Account
from lighttrap.up.binaries import Installation
from lighttrap.up.child import Program, leashed
from lighttrap.up.directory import Secrets
from lighttrap.up.ports import HOST

SUPERUSER = "postgres"
NAME = "lighttrap"
_SQL = sql.load("cluster")
_ALARMING = re.compile(r"\b(WARNING|ERROR|FATAL|PANIC):")
# Fast shutdown, then immediate: the latter loses nothing either, but the next start must recover. The same signal is
# right when `up` is killed, since the next start waits for it. SIGTERM would wait for clients to leave by themselves.
_STOP_WITH = (signal.SIGINT, signal.SIGQUIT)
_STOP_WITHIN_S = 20.0
# sockaddr_un holds 104 bytes on macOS, 108 on Linux, the final zero included.
_SOCKET_PATH_BYTES = 103


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster's folder, the programs that run it, and the account they run as (None: our own)."""

    folder: Path
    programs: Installation
    runs_as: Account | None
    secrets: Secrets
    port: int

    @property
    def dsn(self) -> str:
        """The connection string for lighttrap's own database; the role owns it and is no superuser."""
        return f"postgresql://{NAME}:{self.secrets.database_password}@{HOST}:{self.port}/{NAME}"

    @property
    def _superuser_dsn(self) -> str:
        return f"postgresql://{SUPERUSER}:{self.secrets.superuser_password}@{HOST}:{self.port}/postgres"

    def prepare(self) -> None:
        """Makes the cluster when there is none, and writes its settings. Raises LightTrapError when initdb fails."""
        if not (self.folder / "PG_VERSION").exists():
            self._make()
        settings = self.folder / "lighttrap.conf"
        settings.write_text(_settings(), encoding="utf-8")
        account.give(settings, self.runs_as)

    def program(self, environ: Mapping[str, str]) -> Program:
        """The server as a child process."""
        socket_folder = str(self.folder) if _fits_a_socket(self.folder) else ""
        words = ("-D", str(self.folder), "-p", str(self.port), "-k", socket_folder)
        return Program(
            name="postgres",
            argv=(str(self.programs.bin / "postgres"), *words),
            environ=_bare(environ),
            account=self.runs_as,
            cwd=Path("/"),
            stop_with=_STOP_WITH,
            stop_within_s=_STOP_WITHIN_S,
            alarming=_ALARMING,
            before_start=self.end_stale,
        )

    def answers(self) -> bool:
        """True once the server takes connections; false while it starts or recovers."""
        # Its lock file says so first (8th line), as pg_ctl reads it: to knock earlier only fills the log.
        if self._lock_lines()[7:8] != ["ready"]:
            return False
        try:
            pool.connect(self._superuser_dsn, application="lighttrap up").close()
        except StoreUnavailable:
            return False
        return True

    def ensure_database(self) -> None:
        """Makes lighttrap's role and database where they are missing."""
        with pool.connect(self._superuser_dsn, application="lighttrap up") as conn, pool.translate_errors():
            conn.autocommit = True
            for name in ("role_statement", "database_statement"):
                for (statement,) in conn.execute(_SQL[name], {"password": self.secrets.database_password}).fetchall():
                    conn.execute(statement.encode())

    def end_stale(self) -> None:
        """Ends a server that a killed `up` left on this cluster, and clears lock files that name a stranger.

        PostgreSQL clears a dead server's lock files by itself, but stays away while any process of the same account
        has that id: another one after a restart of the machine, or a dead one that nobody buries, as in a container
        without init.
        """
        first = self._lock_lines()[:1]
        if not first or not first[0].isdecimal():
            return
        pid = int(first[0])
        if not orphan.can_tell():
            return
        if self._serves_here(pid):
            orphan.end(pid, _STOP_WITH, _STOP_WITHIN_S)
        if orphan.exists(pid):
            # Its lock file would have kept us away from backends that outlived their server; so we look ourselves.
            for backend in orphan.working_in(self.folder):
                orphan.end(backend, (signal.SIGQUIT,), _STOP_WITHIN_S)
            for left in (self._lock, *self.folder.glob(".s.PGSQL.*")):
                left.unlink(missing_ok=True)

    @property
    def _lock(self) -> Path:
        return self.folder / "postmaster.pid"

    def _lock_lines(self) -> list[str]:
        try:
            return [line.strip() for line in self._lock.read_text(encoding="utf-8").splitlines()]
        except FileNotFoundError:
            return []

    def _serves_here(self, pid: int) -> bool:
        folder = Path(f"/proc/{pid}/cwd")
        try:
            return folder.readlink() == self.folder.resolve()
        except PermissionError:
            return False
        except OSError:
            return not Path("/proc/self/stat").exists() and str(self.folder) in orphan.command_line(pid)

    def _make(self) -> None:
        # Made beside its place and then renamed: an initdb that was killed leaves nothing that looks like a cluster.
        half = self.folder.with_name("postgres.unfinished")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(mode=0o700)
        account.give(half, self.runs_as)
        password = half.with_name("postgres.password")
        password.unlink(missing_ok=True)
        with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(self.secrets.superuser_password + "\n")
        account.give(password, self.runs_as)
        try:
            self._initdb(half, password)
        finally:
            password.unlink(missing_ok=True)
        with (half / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\ninclude 'lighttrap.conf'\ninclude_if_exists 'local.conf'\n")
        half.rename(self.folder)

    def _initdb(self, folder: Path, password: Path) -> None:
        words = (str(self.programs.bin / "initdb"), "-D", str(folder), f"--pwfile={password}", *self._initdb_options())
        made = subprocess.run(
            leashed(words, self.runs_as, signal.SIGKILL),
            env=_bare(os.environ),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        if made.returncode:
            raise LightTrapError(f"the database could not be made in {folder.parent}: {made.stderr.strip()}")

    def _initdb_options(self) -> list[str]:
        options = [
            f"--username={SUPERUSER}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--data-checksums",
        ]
        if self.programs.major >= 17:
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        return options


def major_of(folder: Path) -> int | None:
    """The PostgreSQL major version that made the cluster there; None when there is none."""
    try:
        return int((folder / "PG_VERSION").read_text(encoding="ascii"))
    except FileNotFoundError:
        return None


def _settings() -> str:
    return resources.files(__package__).joinpath("postgresql.conf").read_text(encoding="utf-8")


def _fits_a_socket(folder: Path) -> bool:
    return len(os.fsencode(folder / ".s.PGSQL.65535.lock")) <= _SOCKET_PATH_BYTES


def _bare(environ: Mapping[str, str]) -> dict[str, str]:
    # Neither PGDATA and its like nor the caller's locale may reach the server.
    return {"PATH": environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
