"""Who owns the files of a site: each is readable by the one program that needs it, and no other."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from lighttrap.errors import ConfigError


class House(StrEnum):
    """What the programs of a site run in."""

    COMPOSE = "compose"
    DEBIAN = "debian"


class Who(StrEnum):
    """An account, by what it runs."""

    ROOT = "root"
    OURS = "ours"
    BROKER = "broker"
    DATABASE = "database"
    GRAFANA = "grafana"
    PROXY = "proxy"
    ALERTS = "alerts"


@dataclass(frozen=True, slots=True)
class Account:
    """A user and a group, by their numbers."""

    uid: int
    gid: int


# As `user:` says in docker-compose.yml; those of the broker, the database and Grafana are of their images.
CONTAINERS = {
    Who.ROOT: Account(0, 0),
    Who.OURS: Account(10_001, 10_001),
    Who.BROKER: Account(1883, 1883),
    Who.DATABASE: Account(70, 70),
    Who.GRAFANA: Account(472, 472),
    Who.PROXY: Account(10_002, 10_002),
    # The image's user, who owns its volume; a group of our own, so that not all that is nobody reads the secrets.
    Who.ALERTS: Account(65_534, 10_003),
}
# systemd reads what is root's and hands it to the one unit that names it.
_NAMES = {Who.BROKER: "mosquitto", Who.DATABASE: "postgres"}


def accounts(house: House, *, is_owned: bool) -> Mapping[Who, Account] | None:
    """The accounts of a house; None when all files are to stay with who makes them.

    Raises ConfigError when we may not give files away, or when Debian's packages have not made their accounts.
    """
    if not is_owned:
        return None
    if os.geteuid() != 0:
        raise ConfigError(
            "the files belong to the accounts that the programs run as, which only root can arrange: run it with sudo,"
            " or for a try with --mine, which leaves them all to you"
        )
    return CONTAINERS if house is House.COMPOSE else {who: _named(_NAMES.get(who, "root")) for who in Who}


def _named(name: str) -> Account:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise ConfigError(f"this machine has no account {name}: install Debian's package first") from None
    return Account(entry.pw_uid, entry.pw_gid)
