"""The secrets of a site: one file each, drawn at random, readable by who needs it."""

from __future__ import annotations

from typing import NamedTuple

from lighttrap import brokersecret
from lighttrap.broker.services import Service
from lighttrap.site.accounts import House, Who
from lighttrap.site.folder import Folder


class Secret(NamedTuple):
    """A file below `secrets/`: whose it is, who else reads it, and the only house that has it, if not all have."""

    name: str
    owner: Who
    group: Who | None = None
    house: House | None = None


# The database reads the passwords of its roles when deploy/postgres/roles.sql is run.
SECRETS = (
    Secret("db_superuser", Who.DATABASE, house=House.COMPOSE),
    Secret("db_owner", Who.OURS, Who.DATABASE),
    Secret("db_app", Who.OURS, Who.DATABASE),
    Secret("db_broker", Who.BROKER, Who.DATABASE),
    Secret("db_monitor", Who.OURS, Who.DATABASE),
    Secret("broker_ingest", Who.OURS, Who.BROKER),
    Secret("broker_monitor", Who.BROKER, Who.OURS),
    Secret("broker_healthcheck", Who.BROKER),
    Secret("grafana_admin", Who.GRAFANA, house=House.COMPOSE),
)
_ROOMS = {
    House.COMPOSE: {"api": Who.OURS, "notify": Who.OURS, "alertmanager": Who.ALERTS},
    House.DEBIAN: {"api": Who.OURS, "notify": Who.OURS},
}
"""Folders for secrets that come from elsewhere, and who reads them."""
_OF_SERVICES = {
    Service.INGEST: "broker_ingest",
    Service.MONITOR: "broker_monitor",
    Service.HEALTHCHECK: "broker_healthcheck",
}


def add(folder: Folder, house: House) -> dict[str, str]:
    """Draws the secrets that are missing; returns those of our own programs at the broker, by user name."""
    folder.room("secrets", Who.ROOT, 0o711)
    for name, readers in _ROOMS[house].items():
        # Whatever root puts in here belongs to the group of who reads it.
        folder.room(f"secrets/{name}", Who.ROOT, 0o2750, group=readers)
    found = {
        one.name: folder.add(f"secrets/{one.name}", _draw, one.owner, one.group).strip()
        for one in SECRETS
        if one.house in (None, house)
    }
    return {service: found[name] for service, name in _OF_SERVICES.items()}


def _draw() -> str:
    return f"{brokersecret.new_secret()}\n"
