"""What a technician says of a site."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path

from lighttrap.errors import InputFault
from lighttrap.site.accounts import House

_LONGEST = 42
"""Farmers are sent `https://NAME/...` in an SMS; `lighttrap.config.PagesUrl` holds 50 characters."""
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_UNFIT = re.compile(r"[$#:'\"\\\n]")
_MAIL = re.compile(r"[^@\s{}\"'`]+@[a-z0-9.-]+")


class Web(StrEnum):
    """Where the certificate of the web pages comes from."""

    ACME = "acme"
    """From a public authority, by itself; the server must be reached from the internet at ports 80 and 443."""
    INTERNAL = "internal"
    """From an authority of the proxy's own, which browsers do not know: for a try, or with that one installed."""
    FILES = "files"
    """From the files `tls/web.pem` and `tls/web.key` of the site, which somebody else keeps fresh."""


@dataclass(frozen=True, slots=True)
class Order:
    """A site to be made. Raises InputFault when it cannot be made so."""

    folder: Path
    domain: str
    broker_host: str
    house: House = House.COMPOSE
    web: Web = Web.ACME
    email: str = ""
    compose_file: Path | None = None
    more_compose_files: str = ""
    """What the operator has put behind it, each with a colon before it."""
    broker_port: int = 8883
    """Where traps find it; what the broker's own listener has is published there."""
    fingerprint: str = ""
    """The broker's authority, as the settings of a site have it."""

    def __post_init__(self) -> None:
        if found := _UNFIT.search(str(self.folder)):
            raise InputFault(f"{self.folder} cannot be the folder of a site: docker compose reads {found[0]} otherwise")
        if not _HOST.fullmatch(self.domain) or len(self.domain) > _LONGEST:
            raise InputFault(
                f"--domain {self.domain!r} is no name that the web pages can have: small letters, digits, hyphens and"
                f" dots, {_LONGEST} at most, for it stands in every SMS to farmers"
            )
        if not (_HOST.fullmatch(self.broker_host) or is_address(self.broker_host)):
            raise InputFault(f"--broker-host {self.broker_host!r} is neither a name nor an address")
        if self.web is Web.ACME and not _MAIL.fullmatch(self.email):
            raise InputFault(
                "say with --email whom the certificate authority may write to, or choose --web internal or --web files"
            )

    def broker_names(self) -> list[str]:
        """Names and addresses that the broker is reached by, the public one first."""
        inside = ["mosquitto"] if self.house is House.COMPOSE else []
        return list(dict.fromkeys([self.broker_host, *inside, "localhost", "127.0.0.1"]))

    def broker_url(self) -> str:
        """Where traps find the broker."""
        host = f"[{self.broker_host}]" if ":" in self.broker_host else self.broker_host
        return f"mqtts://{host}:{self.broker_port}"


def is_address(text: str) -> bool:
    """Whether it is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
