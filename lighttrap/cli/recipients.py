"""`lighttrap recipient` and `lighttrap subscribe`: who is told of alerts, and of what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from lighttrap import model, night
from lighttrap.cli import addresses, sheets, tables
from lighttrap.errors import ConfigError, InputFault
from lighttrap.notify.channels import signing
from lighttrap.notify.stop import asks_to_stop
from lighttrap.store import orgs
from lighttrap.store import recipients as store
from lighttrap.store.pool import Connection

cli = typer.Typer(help="People who are told of alerts.", no_args_is_help=True)

COLUMNS = ("recipient_id", "org_id", "kind", "name", "language", "quiet", "consent", "stopped_at", "addresses", "hears")
LEVELS = {"watch": 1, "warning": 2, "alarm": 3}
_PLAIN = ("org_id", "kind", "name", "language", "accents", "quiet", "time_zone", "consent", "field_id", "commune_code")


T = TypeVar("T", bound=StrEnum)


class Kind(StrEnum):
    """Whether somebody is a farmer or of the staff."""

    FARMER = "farmer"
    STAFF = "staff"


class Language(StrEnum):
    """Of messages."""

    VI = "vi"
    KM = "km"
    EN = "en"


class Level(StrEnum):
    """From which on somebody is told."""

    WATCH = "watch"
    WARNING = "warning"
    ALARM = "alarm"


AddressOption = Annotated[
    list[str] | None, typer.Option("--address", help="CHANNEL=ADDRESS, as sms=0912345678; may be given several times.")
]
QuietOption = Annotated[
    str | None, typer.Option(help="Local times as 21:00-05:30, or none.", show_default="21:00-05:30 for farmers")
]


@cli.command()
def add(
    name: Annotated[str, typer.Argument(help="What people call them.")],
    org: Annotated[str, typer.Option(help="The org that tells them; made when it is not there.")],
    address: AddressOption = None,
    kind: Annotated[
        Kind, typer.Option(help="Farmers need consent, and approval where the org asks for it.")
    ] = Kind.FARMER,
    language: Annotated[Language, typer.Option(help="Of messages.")] = Language.VI,
    accents: Annotated[bool, typer.Option(help="Vietnamese with accents; an SMS without holds twice as much.")] = True,
    quiet: QuietOption = None,
    time_zone: Annotated[str, typer.Option(help="IANA name.")] = night.DEFAULT_ZONE,
    consent: Annotated[str | None, typer.Option(help="How they agreed: on paper, by telephone ...")] = None,
    data: addresses.DataOption = None,
) -> None:
    """Adds somebody, and shows the token of their own page this once."""
    recipient = _recipient(
        org, name, kind, language, accents, _quiet(quiet, kind), time_zone, consent, _addresses(address or [])
    )
    with addresses.database(data) as conn:
        orgs.ensure_org(conn, org)
        recipient_id, token = store.add_recipient(conn, recipient)
    typer.echo(f"recipient {recipient_id} is added; page /f/{token}")
    if kind is Kind.FARMER and consent is None:
        typer.echo("without consent nothing is sent: say with --consent how they agreed")


@cli.command("list")
def list_(
    org: addresses.OrgOption = None,
    form: tables.FormOption = tables.Form.TABLE,
    data: addresses.DataOption = None,
) -> None:
    """Who is told, where, and of what."""
    with addresses.database(data) as conn:
        rows = [_row(conn, one) for one in store.list_recipients(conn, org)]
    tables.show(COLUMNS, rows, form, empty="Nobody is told: lighttrap recipient add NAME --org ORG --address sms=...")


@cli.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help=f"CSV with name and further columns of {', '.join(_PLAIN)}, level; any other column is a channel's."
        ),
    ],
    org: Annotated[str | None, typer.Option(help="The org, for files that do not name it.")] = None,
    data: addresses.DataOption = None,
) -> None:
    """Adds or changes the people of a file, all or none; whoever has one of the addresses already is changed."""
    number = new = 0
    with addresses.database(data) as conn:
        for line in sheets.lines(file, ("name",) if org else ("name", "org_id")):
            try:
                new += _take(conn, line, org)
            except InputFault as fault:
                raise InputFault(f"line {line.number}: {fault}") from fault
            number += 1
    typer.echo(f"{number} people in the file, {new} of them new")


@cli.command()
def answer(
    channel: Annotated[str, typer.Argument(help="By which it came, as sms.")],
    address: Annotated[str, typer.Argument(help="Whose it is.")],
    text: Annotated[str, typer.Argument(help="What they wrote.")],
    data: addresses.DataOption = None,
) -> None:
    """Takes an answer to a message: TC, STOP or từ chối stops whoever has that address, on all channels."""
    if not asks_to_stop(text):
        typer.echo("that is no STOP; somebody should read it")
        return
    with addresses.database(data) as conn:
        number = store.stop_address(conn, channel, address)
    typer.echo(f"{number} of the recipients have that address and are told nothing more")


@cli.command("webhook-key")
def webhook_key(
    url: Annotated[str, typer.Argument(help="The address of the webhook, as it was given to `recipient add`.")],
    secret: Annotated[
        str | None, typer.Option(envvar="LIGHTTRAP_NOTIFY__WEBHOOK__SECRET", help="That of the notifier.")
    ] = None,
) -> None:
    """The key with which a receiver of webhooks checks our signature. It is good for this URL alone."""
    if not secret:
        raise ConfigError("set LIGHTTRAP_NOTIFY__WEBHOOK__SECRET as the notifier has it")
    typer.echo(signing.shown_key(secret, url))


@cli.command()
def stop(
    recipient_id: Annotated[int, typer.Argument(help="As `recipient list` shows it.")],
    data: addresses.DataOption = None,
) -> None:
    """STOP: nothing more is sent to them, on any channel."""
    with addresses.database(data) as conn:
        store.stop(conn, recipient_id)
    typer.echo(f"recipient {recipient_id} is told nothing more")


def subscribe(
    recipient_id: Annotated[int, typer.Argument(help="As `recipient list` shows it.")],
    field: Annotated[str | None, typer.Option(help="Alerts of this field.")] = None,
    commune: Annotated[str | None, typer.Option(help="Alerts of all fields of this commune code.")] = None,
    species: Annotated[str | None, typer.Option(help="Only of this species.")] = None,
    level: Annotated[Level, typer.Option(help="From this level on.")] = Level.WATCH,
    devices: Annotated[bool, typer.Option("--devices", help="Trap faults in place of catches.")] = False,
    data: addresses.DataOption = None,
) -> None:
    """Tells somebody of alerts: of a field, a commune, or with neither of the whole org."""
    if field and commune:
        raise InputFault("say --field or --commune, not both")
    kind = "device" if devices else "catch"
    wanted = model.Subscription(recipient_id, field, commune, species, LEVELS[level], kind)
    with addresses.database(data) as conn:
        store.subscribe(conn, wanted)
    typer.echo(f"recipient {recipient_id} is told of {_place(wanted)}")


def _row(conn: Connection, one: model.Recipient) -> Sequence[object]:
    quiet = f"{one.quiet_from:%H:%M}-{one.quiet_to:%H:%M}" if one.quiet_from and one.quiet_to else None
    where = " ".join(f"{channel}={address}" for channel, address in one.addresses.items())
    hears = ", ".join(_place(found) for found in store.subscriptions(conn, one.recipient_id or 0))
    return (
        one.recipient_id, one.org_id, one.kind, one.name, one.language, quiet, one.consent_how, one.stopped_at,
        where or None, hears or None,
    )  # fmt: skip


def _place(wanted: model.Subscription) -> str:
    place = wanted.field_id or (f"commune {wanted.commune_code}" if wanted.commune_code else "the whole org")
    level = next(name for name, number in LEVELS.items() if number == wanted.min_level)
    species = f" {wanted.species}" if wanted.species else ""
    return f"{place}{species}{' devices' if wanted.kind == 'device' else ''} from {level}"


def _take(conn: Connection, line: sheets.Line, org: str | None) -> bool:
    """One line of an import. Returns whether the recipient is new."""
    cells = line.cells
    kind = _one_of(Kind, cells.get("kind") or "farmer", "kind")
    known = {*_PLAIN, "level"}
    recipient = _recipient(
        cells.get("org_id") or org or line.text("org_id"),
        line.text("name"),
        kind,
        _one_of(Language, cells.get("language") or "vi", "language"),
        (cells.get("accents") or "yes").lower() in ("yes", "true", "1"),
        _quiet(cells.get("quiet"), kind),
        cells.get("time_zone") or night.DEFAULT_ZONE,
        cells.get("consent"),
        {channel: value for channel, value in cells.items() if channel not in known and value},
    )
    orgs.ensure_org(conn, recipient.org_id)
    recipient_id, token = store.put_recipient(conn, recipient)
    if cells.get("field_id") or cells.get("commune_code"):
        level = LEVELS[_one_of(Level, cells.get("level") or "watch", "level")]
        for wanted in _places(recipient_id, cells, level):
            store.subscribe(conn, wanted)
    return token is not None


def _places(recipient_id: int, cells: dict[str, str | None], level: int) -> Iterator[model.Subscription]:
    """A cell may name several fields, with blanks between."""
    for field_id in (cells.get("field_id") or "").split():
        yield model.Subscription(recipient_id, field_id=field_id, min_level=level)
    for commune_code in (cells.get("commune_code") or "").split():
        yield model.Subscription(recipient_id, commune_code=commune_code, min_level=level)


def _one_of(kind: type[T], text: str, what: str) -> T:
    try:
        return kind(text)
    except ValueError:
        raise InputFault(f"{what} is one of {', '.join(kind)}, not {text!r}") from None


def _recipient(
    org_id: str,
    name: str,
    kind: Kind,
    language: Language,
    accents: bool,
    quiet: tuple[time, time] | None,
    time_zone: str,
    consent: str | None,
    where: dict[str, str],
) -> model.Recipient:
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise InputFault(f"{time_zone!r} is not an IANA time zone such as {night.DEFAULT_ZONE}") from None
    return model.Recipient(
        org_id=org_id,
        name=name,
        kind=kind,
        language=language,
        accents=accents,
        quiet_from=quiet[0] if quiet else None,
        quiet_to=quiet[1] if quiet else None,
        time_zone=time_zone,
        consent_at=datetime.now(UTC) if consent else None,
        consent_how=consent,
        addresses=where,
    )


def _quiet(text: str | None, kind: Kind) -> tuple[time, time] | None:
    if text is None:
        return store.FARMERS_QUIET if kind is Kind.FARMER else None
    if text == "none":
        return None
    begins, _, ends = text.partition("-")
    try:
        return time.fromisoformat(begins.strip()), time.fromisoformat(ends.strip())
    except ValueError:
        raise InputFault(f"quiet hours look like 21:00-05:30 or none, not {text!r}") from None


def _addresses(given: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        channel, sign, address = text.partition("=")
        if not (channel and sign and address):
            raise InputFault(f"an address looks like sms=0912345678, not {text!r}")
        found[channel] = address
    return found
