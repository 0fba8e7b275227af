"""`lighttrap init`: the folder of a new site."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from lighttrap.errors import ConfigError, InputFault
from lighttrap.site.accounts import House, accounts
from lighttrap.site.folder import Folder
from lighttrap.site.layout import lay_out, renew
from lighttrap.site.order import Order, Web


def init(
    folder: Annotated[Path, typer.Argument(help="The folder of the site, as /srv/lighttrap or /etc/lighttrap.")],
    domain: Annotated[str | None, typer.Option(help="Name of the web pages, as bayden.example.org.")] = None,
    broker_host: Annotated[str | None, typer.Option(help="Name or address that traps reach; else the domain.")] = None,
    house: Annotated[House, typer.Option("--for", help="What the programs run in.")] = House.COMPOSE,
    web: Annotated[Web, typer.Option(help="Where the pages' certificate comes from.")] = Web.ACME,
    email: Annotated[str, typer.Option(help="Whom a public certificate authority may write to.")] = "",
    compose_file: Annotated[Path, typer.Option(help="Our docker-compose.yml.")] = Path("docker-compose.yml"),
    is_mine: Annotated[bool, typer.Option("--mine", help="All files stay yours; for a try.")] = False,
    renews: Annotated[bool, typer.Option("--renew-certificate", help="Only a new certificate of the broker.")] = False,
) -> None:
    """Writes settings, secrets, certificates and the broker's files of a site; what is there already stays."""
    place = Folder(folder.absolute(), accounts(house, is_owned=not is_mine))
    now = datetime.now(UTC)
    if renews:
        typer.echo(f"the broker's certificate now ends on {renew(place, now):%Y-%m-%d}")
        return
    if domain is None:
        raise InputFault("say with --domain under which name people will find the web pages")
    if house is House.COMPOSE and not compose_file.is_file():
        raise ConfigError(f"there is no {compose_file}: name it with --compose-file, or run this where it is")
    lay_out(Order(place.root, domain, broker_host or domain, house, web, email, compose_file.absolute()), place, now)
    typer.echo("\n".join([f"wrote {name}" for name in place.wrote] + [f"kept  {name}" for name in place.kept]))
    typer.echo(f"the site is in {place.root}; docs/deployment.md says how to go on")
