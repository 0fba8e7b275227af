"""A small file system for one database, to be filled up. Needs root."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg import sql

from lighttrap.up import account
from tests.services import server_folder

SIZE = "40m"


def lacking() -> str | None:
    """Why there can be no small file system here; None when there can."""
    if os.geteuid() != 0:
        return "a small file system needs root"
    with server_folder("mount") as folder:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True, text=True, check=False)
        if mounted.returncode:
            return f"this machine lets nobody mount: {mounted.stderr.strip()}"
        subprocess.run(["umount", folder], check=True)
    return None


class SmallDisk:
    """A mounted file system that can be filled and emptied."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leaves not one free block."""
        with self._ballast.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(65_536)):
                pass
        with self._ballast.open("ab", buffering=0) as file, suppress(OSError):
            while file.write(bytes(512)):
                pass

    def empty(self) -> None:
        """Makes room again."""
        self._ballast.unlink()


@contextmanager
def small_disk_for(admin_dsn: str, name: str) -> Iterator[SmallDisk]:
    """Moves a database to a small file system; it is dropped with it."""
    with server_folder("disk") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], check=True)
        try:
            account.give(folder, account.unprivileged())
            space = folder / "space"
            space.mkdir()
            account.give(space, account.unprivileged())
            _run(admin_dsn, sql.SQL("CREATE TABLESPACE small LOCATION {}").format(str(space)))
            _run(admin_dsn, sql.SQL("ALTER DATABASE {} SET TABLESPACE small").format(sql.Identifier(name)))
            yield SmallDisk(folder)
        finally:
            _run(admin_dsn, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            _run(admin_dsn, sql.SQL("DROP TABLESPACE IF EXISTS small"))
            subprocess.run(["umount", "--lazy", folder], check=True)


def _run(dsn: str, statement: sql.SQL | sql.Composed) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(statement)
