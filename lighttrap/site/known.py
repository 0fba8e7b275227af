"""What the folder of a site says of it, so that nobody need say it again."""

from __future__ import annotations

from pathlib import Path

from lighttrap.config import broker_parts
from lighttrap.errors import ConfigError, InputFault
from lighttrap.site.accounts import House
from lighttrap.site.folder import settings_in
from lighttrap.site.order import Order, Web

_OF = {House.COMPOSE: ".env", House.DEBIAN: "caddy.env"}
"""The file that a site of this house has and the other has not."""


def order_of(root: Path) -> Order | None:
    """The order as the folder has it; None when there is no site in it. Raises ConfigError."""
    house = next((house for house, name in _OF.items() if (root / name).is_file()), None)
    if house is None:
        return None
    try:
        said = settings_in((root / _OF[house]).read_text(encoding="utf-8"))
        if house is House.DEBIAN:
            said |= settings_in((root / "lighttrap.env").read_text(encoding="utf-8"))
        return _order(root, house, said)
    except (OSError, UnicodeError, KeyError, InputFault) as fault:
        raise ConfigError(f"{root / _OF[house]}: what it says of the site cannot be used: {fault}") from fault


def _order(root: Path, house: House, said: dict[str, str]) -> Order:
    url = said["LIGHTTRAP_BROKER_URL" if house is House.COMPOSE else "LIGHTTRAP_PUBLIC_BROKER__URL"]
    tls = said["LIGHTTRAP_TLS"]
    web = Web.INTERNAL if tls == "internal" else Web.ACME if "@" in tls else Web.FILES
    # docker compose takes several files with colons between; ours is the first.
    file, colon, more = said["COMPOSE_FILE"].partition(":") if house is House.COMPOSE else ("", "", "")
    broker = broker_parts(url)
    fingerprint = "LIGHTTRAP_BROKER_CA_SHA256" if house is House.COMPOSE else "LIGHTTRAP_PUBLIC_BROKER__CA_SHA256"
    return Order(
        root, said["LIGHTTRAP_DOMAIN"], broker.host, house, web, tls if web is Web.ACME else "",
        Path(file) if file else None, colon + more, broker.port, said.get(fingerprint, ""),
    )  # fmt: skip
