"""A small file system for a database, its write-ahead log or a broker's state, to be filled up. Needs root."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import psycopg
from psycopg import sql

from lighttrap.up import account
from tests.services import server_folder

SIZE = "40m"


@cache
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
    """A mounted file system that can be filled; `folder` in it belongs to whom servers run as."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "kept"
        self._ballast = root / "ballast"
        self.folder.mkdir()
        account.give(self.folder, account.unprivileged())

    @contextmanager
    def full(self) -> Iterator[None]:
        """Leaves not one free block while the body runs."""
        try:
            self._fill(65_536)
            self._fill(512)
            yield
        finally:
            self._ballast.unlink()

    def _fill(self, block: int) -> None:
        with self._ballast.open("ab", buffering=0) as file, suppress(OSError):
            while file.write(bytes(block)):
                pass


@contextmanager
def small_disk() -> Iterator[SmallDisk]:
    """A file system of `SIZE`, gone afterwards with all that is on it."""
    with server_folder("disk") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], check=True)
        try:
            account.give(folder, account.unprivileged())
            yield SmallDisk(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def database_on(disk: SmallDisk, admin_dsn: str, name: str) -> Iterator[None]:
    """Moves a database to a small file system; it is dropped at the end."""
    _run(admin_dsn, sql.SQL("CREATE TABLESPACE small LOCATION {}").format(str(disk.folder)))
    try:
        _run(admin_dsn, sql.SQL("ALTER DATABASE {} SET TABLESPACE small").format(sql.Identifier(name)))
        yield
    finally:
        _run(admin_dsn, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        _run(admin_dsn, sql.SQL("DROP TABLESPACE IF EXISTS small"))


def _run(dsn: str, statement: sql.SQL | sql.Composed) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(statement)
