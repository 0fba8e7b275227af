"""`lighttrap init`: the folder of a site, new or to be changed."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from lighttrap.errors import ConfigError, InputFault
from lighttrap.site.accounts import House, accounts
from lighttrap.site.folder import Folder
from lighttrap.site.known import order_of
from lighttrap.site.layout import lay_out, renew
from lighttrap.site.order import Order, Web

_COMPOSE_FILE = Path("docker-compose.yml")
_APPLY = {House.COMPOSE: "docker compose up --detach", House.DEBIAN: "systemctl restart caddy lighttrap.target"}


def init(
    folder: Annotated[Path, typer.Argument(help="The folder of the site, as /srv/lighttrap or /etc/lighttrap.")],
    domain: Annotated[str | None, typer.Option(help="Name of the web pages, as bayden.example.org.")] = None,
    broker_host: Annotated[str | None, typer.Option(help="Name or address that traps reach; else the domain.")] = None,
    house: Annotated[
        House | None, typer.Option("--for", help="What the programs run in.", show_default=House.COMPOSE)
    ] = None,
    web: Annotated[
        Web | None, typer.Option(help="Where the pages' certificate comes from.", show_default=Web.ACME)
    ] = None,
    email: Annotated[str | None, typer.Option(help="Whom a public certificate authority may write to.")] = None,
    compose_file: Annotated[
        Path | None, typer.Option(help="Our docker-compose.yml.", show_default=str(_COMPOSE_FILE))
    ] = None,
    is_mine: Annotated[bool, typer.Option("--mine", help="All files stay yours; for a try.")] = False,
    renews: Annotated[bool, typer.Option("--renew-certificate", help="Only a new certificate of the broker.")] = False,
) -> None:
    """Writes settings, secrets, certificates and the broker's files of a site; what is there already stays.

    In the folder of a site it changes what an option says otherwise, and adds what is missing.
    """
    root = folder.absolute()
    known = order_of(root)
    if known and house not in (None, known.house):
        raise InputFault(f"{root} is a site for {known.house}: make one for {house} in another folder")
    place = Folder(root, accounts(house or (known.house if known else House.COMPOSE), is_owned=not is_mine))
    now = datetime.now(UTC)
    if renews:
        if any((domain, broker_host, web, email)):
            raise InputFault("--renew-certificate goes by itself; what is to change, say in another call")
        if known is None:
            raise ConfigError(f"there is no site in {root}")
        typer.echo(f"the broker's certificate now ends on {renew(place, now):%Y-%m-%d}")
        return
    order = (
        _changed(known, domain, broker_host, web, email, compose_file)
        if known
        else _new(root, domain, broker_host, house or House.COMPOSE, web, email, compose_file)
    )
    if order.compose_file:
        _check_tree(order.compose_file.parent)
    lay_out(order, place, now, known)
    typer.echo("\n".join(_report(place, order, known)))


def _new(
    root: Path, domain: str | None, broker_host: str | None, house: House, web: Web | None, email: str | None,
    compose_file: Path | None,
) -> Order:  # fmt: skip
    if domain is None:
        raise InputFault("say with --domain under which name people will find the web pages")
    file = _there(compose_file or _COMPOSE_FILE) if house is House.COMPOSE else None
    return Order(root, domain, broker_host or domain, house, web or Web.ACME, email or "", file)


def _changed(
    known: Order, domain: str | None, broker_host: str | None, web: Web | None, email: str | None,
    compose_file: Path | None,
) -> Order:  # fmt: skip
    """What is not said stays; traps go on to find the broker where they do, whatever the pages are called."""
    return replace(
        known,
        domain=domain or known.domain,
        broker_host=broker_host or known.broker_host,
        web=web or (Web.ACME if email else known.web),
        email=email or known.email,
        compose_file=_there(compose_file) if compose_file else known.compose_file,
    )


def _there(compose_file: Path) -> Path:
    if not compose_file.is_file():
        raise ConfigError(f"there is no {compose_file}: name it with --compose-file, or run this where it is")
    return compose_file.absolute()


def _check_tree(tree: Path) -> None:
    """Containers read files of the tree by accounts of their own; a database that cannot is made without its roles."""
    for place in sorted((tree / "deploy").rglob("*")):
        if not place.stat().st_mode & stat.S_IROTH:
            raise ConfigError(f"{place} can be read by its owner alone: chmod -R a+rX {tree / 'deploy'}")


def _report(place: Folder, order: Order, known: Order | None) -> Iterator[str]:
    yield from (f"wrote {name}" for name in place.wrote)
    yield from (f"kept  {name}" for name in place.kept)
    yield from (f"changed {name}" for name in place.changed)
    yield from (f"left as you have it: {line}" for line in place.left)
    if not place.changed and not (known and "tls/broker.pem" in place.wrote):
        yield f"the site is in {place.root}; docs/deployment.md says how to go on"
        return
    tells_broker = "systemctl reload mosquitto; " * (order.house is House.DEBIAN and "tls/broker.pem" in place.wrote)
    yield f"now in {place.root}: {tells_broker}{_APPLY[order.house]}"
    if any(line.endswith("CA_SHA256") for line in place.changed):
        yield "traps know another authority: provision every trap again"
    if known and order.domain != known.domain and order.broker_host != order.domain:
        yield f"traps go on to find the broker as {order.broker_host}: that name must lead here"
    if known and order.broker_host != known.broker_host:
        yield f"traps that know it as {known.broker_host} need that name until they are provisioned again"
