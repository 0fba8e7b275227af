"""The unprivileged account that servers run as when `lighttrap up` is started by root.

PostgreSQL refuses to run as root, and no server of ours needs it. `nobody` exists everywhere and needs no making.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from lighttrap.errors import ConfigError

NAME = "nobody"


class Identity(TypedDict, total=False):
    """The arguments of subprocess that choose the account; empty for our own."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the operating system."""

    name: str
    uid: int
    gid: int


def unprivileged() -> Account | None:
    """The account for servers when we are root; None when we are an ordinary user and servers run as ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        raise ConfigError(
            f"started by root, the servers run as the account {NAME}, which this machine lacks: "
            "run `lighttrap up` as an ordinary user"
        ) from None
    return Account(NAME, entry.pw_uid, entry.pw_gid)


def require_name() -> None:
    """Refuses a user id without an account, as PostgreSQL would. Raises ConfigError."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        raise ConfigError(
            f"PostgreSQL runs only as an account with a name, and user id {os.geteuid()} has none: "
            "run as another user, or name a database server with --db-dsn"
        ) from None


def identity(account: Account | None) -> Identity:
    """What to pass to subprocess so that the program runs as that account."""
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


def give(path: Path, account: Account | None) -> None:
    """Makes the account the owner of one file or directory."""
    if account:
        os.chown(path, account.uid, account.gid)


def require_reach(path: Path, account: Account | None) -> None:
    """Refuses a directory that the account cannot enter, for example below /root. Raises ConfigError."""
    if account is None:
        return
    tried = subprocess.run(
        ["/bin/sh", "-c", 'cd "$0"', path], cwd="/", capture_output=True, check=False, **identity(account)
    )
    if tried.returncode:
        raise ConfigError(
            f"started by root, the servers run as the account {account.name}, which cannot reach {path}: "
            "choose a place that everyone can enter, such as --data /var/lib/lighttrap, or run as an ordinary user"
        )
